/**
 * Postfix's smtp-sink with flags, for the time of one function. The recipe starts one without flags; a test that wants a fault
 * starts its own here, on the port that the recipes keep for it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, chmod, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { withFolder } from "./_files.ts";
import { type Peer, portOf } from "./_peers.ts";

/** A running smtp-sink. */
export interface SmtpSink {
  /** The port of 127.0.0.1; 0 when it listens on a unix socket. */
  readonly port: number;
  /** The path of the unix socket, whether it listens there or not. */
  readonly socket: string;
  /** What it kept: for each message its own `X-...-Args` fields, then the message, in LF lines. */
  readonly kept: () => Promise<string>;
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

const exists = (path: string): Promise<boolean> => access(path).then(() => true, () => false);

/** Starts smtp-sink with these flags and ends it, by its own process, when the function is done. */
export const withSmtpSink = <A>(
  peer: Peer,
  flags: ReadonlyArray<string>,
  use: (sink: SmtpSink) => Promise<A>,
  options: { readonly unix?: boolean } = {},
): Promise<A> =>
  withFolder({}, async (folder) => {
    // It gives its privileges up before it writes.
    await chmod(folder, 0o777);
    const port = options.unix ? 0 : portOf(peer, "faults");
    const [socket, dump] = [join(folder, "socket"), join(folder, "dump")];
    const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
    const where = options.unix ? `unix:${socket}` : `127.0.0.1:${port}`;
    // Where users do not look, Debian keeps the programs of a server.
    const env = { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };
    if (port !== 0 && await isOpen(port)) throw new Error(`port ${port} of 127.0.0.1 is taken`);
    const child = spawn("smtp-sink", [...user, "-h", "sink.plausch.test", "-D", dump, ...flags, where, "100"], {
      stdio: ["ignore", "ignore", "pipe"],
      env,
    });
    let log = "";
    child.stderr.on("data", (chunk: Uint8Array) => log += new TextDecoder().decode(chunk));
    const ended = once(child, "close");
    try {
      for (let left = 500; !await (options.unix ? exists(socket) : isOpen(port)); left--) {
        if (left === 0 || child.exitCode !== null) {
          throw new Error(`smtp-sink ${flags.join(" ")} did not start: ${log}`);
        }
        await sleep(10);
      }
      if (options.unix) await chmod(socket, 0o666);
      return await use({ port, socket, kept: () => readFile(dump, "utf8") });
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
  });
