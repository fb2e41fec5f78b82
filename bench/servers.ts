/**
 * The servers that clients are measured against, and that are measured themselves.
 *
 * @module
 */
import { type Cores, find, pin, type Program, serve, type Server } from "./child.ts";

/** Which server. */
export type Name =
  | "smtp-sink"
  | "smtp-sink -p"
  | "discard"
  | "plausch sink"
  | "smtp-server on Deno"
  | "smtp-server on Node";

/** Where programs are found. */
export interface Found {
  /** The folder with what comes from npm; undefined if it could not be had. */
  readonly npm: string | undefined;
  /** Paths of what is installed. */
  readonly node: string | undefined;
  readonly smtpSink: string | undefined;
}

const local = (path: string): string => new URL(path, import.meta.url).pathname;
/** What programs under Deno may do. smtp-server and nodemailer ask for the machine's name and networks. */
export const permissions = ["--allow-net=127.0.0.1", "--allow-env", "--allow-sys", "--allow-read", "--allow-run=cat"];
/** A program under Deno. */
export const deno = (path: string, ...args: ReadonlyArray<string>): Program => ({
  command: Deno.execPath(),
  args: ["run", "-q", "--no-prompt", "--no-lock", ...permissions, path, ...args],
});

/** smtp-sink refuses to serve as root. */
const user = (): ReadonlyArray<string> => Deno.uid() === 0 ? ["-u", "nobody"] : [];

type Start = (found: Found) => ((port: number) => Program) | undefined;

const smtpSink = (...flags: ReadonlyArray<string>): Start => ({ smtpSink }) =>
  smtpSink === undefined
    ? undefined
    : (port) => ({ command: smtpSink, args: [...user(), ...flags, `127.0.0.1:${port}`, "1000"] });

const ours = (path: string): Start => () => (port) => deno(local(path), String(port));

const programs: Readonly<Record<Name, Start>> = {
  "smtp-sink": smtpSink(),
  "smtp-sink -p": smtpSink("-p"),
  discard: ours("./sinks/discard.ts"),
  "plausch sink": ours("./sinks/plausch.ts"),
  "smtp-server on Deno": ({ npm }) =>
    npm === undefined ? undefined : (port) => deno(`${npm}/smtp_server.mjs`, String(port)),
  "smtp-server on Node": ({ npm, node }) =>
    npm === undefined || node === undefined
      ? undefined
      : (port) => ({ command: node, args: [`${npm}/smtp_server.mjs`, String(port)] }),
};

/** Looks for servers and runtimes. */
export const look = async (npm: string | undefined): Promise<Found> => ({
  npm,
  node: await find("node"),
  smtpSink: await find("smtp-sink"),
});

/** Which server stands in for one that is not installed. */
export const standIn = (name: Name, found: Found): Name =>
  name === "smtp-sink" && programs[name](found) === undefined ? "plausch sink" : name;

/** Starts a server on a free port of 127.0.0.1, on the server's core; undefined if it is not installed. */
export const start = (
  name: Name,
  found: Found,
  cores: Cores | undefined,
  signal: AbortSignal,
): Promise<Server> | undefined => {
  const program = programs[name](found);
  return program === undefined ? undefined : serve((port) => pin(program(port), cores?.server), signal);
};
