/**
 * The programs that are measured: how each is told its job.
 *
 * @module
 */
import { find, type Program } from "./child.ts";
import type { Job } from "./clients/job.ts";
import { deno } from "./servers.ts";
import * as Workload from "./workload.ts";

/** Which program. */
export type Name =
  | "plausch"
  | "bare"
  | "smtp-source"
  | "nodemailer on Deno"
  | "nodemailer on Node"
  | "upyo on Deno"
  | "smtplib"
  | "curl"
  | "stuffing"
  | "nodemailer's stuffing on Deno"
  | "nodemailer's stuffing on Node"
  | "replies";

/** Makes the program for a job that may take so many seconds. */
export type Start = (job: Job, limit: number) => Program;

/** Names the programs that are there; the value of one that is missing says what is not installed. */
export type Programs = Readonly<Record<Name, Start | string>>;

const local = (path: string): string => new URL(path, import.meta.url).pathname;

/** smtp-source makes CRLF of LF itself, and would make CRCRLF of CRLF. */
const unixLines = (message: Uint8Array): Uint8Array<ArrayBuffer> => message.filter((octet) => octet !== 13);

const timed = (command: string, count: number, limit: number, args: ReadonlyArray<string>): Program => ({
  command: "bash",
  args: [local("./clients/timed.sh"), String(count), String(limit), command, ...args],
});

const smtpSource = (path: string): Start => ({ port, messages, octets, connections, mode, host, from, to }, limit) => ({
  ...timed(path, messages, limit, [
    ...mode === "connect" ? [] : ["-d"],
    ...["-s", String(connections), "-m", String(messages), "-r", String(to.length)],
    ...["-M", host, "-f", from, "-t", Workload.to, "-F", "/dev/stdin", `127.0.0.1:${port}`],
  ]),
  input: unixLines(Workload.message(octets)),
});

const curl = (path: string): Start => ({ port, file, host, from, to }, limit) =>
  timed(path, 1, limit, [
    ...["--silent", "--show-error", "--upload-file", file, "--mail-from", from],
    ...to.flatMap((address) => ["--mail-rcpt", address]),
    `smtp://127.0.0.1:${port}/${host}`,
  ]);

/** Looks for the programs. `npm` is the folder of what comes from npm; undefined if it could not be had. */
export const look = async (npm: string | undefined): Promise<Programs> => {
  const own = (path: string): Start => (job) => deno(local(path), JSON.stringify(job));
  const onDeno = (script: string): Start | string =>
    npm === undefined ? "npm" : (job) => deno(`${npm}/${script}`, JSON.stringify(job));
  const node = await find("node");
  const onNode = (script: string): Start | string => {
    if (npm === undefined) return "npm";
    return node === undefined ? "node" : (job) => ({ command: node, args: [`${npm}/${script}`, JSON.stringify(job)] });
  };
  const installed = async (name: string, start: (path: string) => Start): Promise<Start | string> => {
    const path = await find(name);
    return path === undefined ? name : start(path);
  };
  // The system's own first: what a version manager puts in front of it is a shell script.
  const python = await find("python3", "/usr/bin");
  return {
    plausch: own("./clients/plausch.ts"),
    bare: own("./clients/bare.ts"),
    stuffing: own("./clients/stuffing.ts"),
    replies: own("./clients/replies.ts"),
    "smtp-source": await installed("smtp-source", smtpSource),
    curl: await installed("curl", curl),
    "nodemailer on Deno": onDeno("nodemailer.mjs"),
    "nodemailer on Node": onNode("nodemailer.mjs"),
    "nodemailer's stuffing on Deno": onDeno("stuffing.mjs"),
    "nodemailer's stuffing on Node": onNode("stuffing.mjs"),
    "upyo on Deno": onDeno("upyo.mjs"),
    smtplib: python === undefined
      ? "python3"
      : (job) => ({ command: python, args: [local("./clients/python_smtplib.py"), JSON.stringify(job)] }),
  };
};
