/**
 * The server that all clients send to: smtp-sink from Postfix, or else our own.
 *
 * @module
 */
import { type Cores, find, pin, type Program, serve, type Server } from "./child.ts";

/** A server that takes every message and forgets it. */
export interface Sink extends Server {
  /** Which one it is, for tables and JSON. */
  readonly name: string;
}

const own = new URL("./sinks/plausch.ts", import.meta.url).pathname;

/** Starts the sink on a free port of 127.0.0.1. */
export const start = async (cores: Cores | undefined, signal: AbortSignal): Promise<Sink> => {
  const smtpSink = await find("smtp-sink");
  // It refuses to serve as root.
  const user = Deno.uid() === 0 ? ["-u", "nobody"] : [];
  const program = (port: number): Program =>
    smtpSink === undefined
      ? { command: Deno.execPath(), args: ["run", "-q", "--no-prompt", "--allow-net=127.0.0.1", own, String(port)] }
      : { command: smtpSink, args: [...user, `127.0.0.1:${port}`, "1000"] };
  const server = await serve((port) => pin(program(port), cores?.server), signal);
  const name = smtpSink === undefined ? "plausch's own sink" : "smtp-sink";
  return { name, ...server };
};
