/** `plausch sink` as a process of its own, for the time of one function. */
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fromFileUrl } from "../support/path.ts";
import { withFolder } from "./_files.ts";
import { assertNoSecret } from "./_secrets.ts";
import { password } from "./_send.ts";

const root = fromFileUrl(new URL("../../", import.meta.url));

/** The message that clients are to send, in LF lines. */
export const message = [
  "From: a@c.test",
  "To: b@d.test",
  "Date: Mon, 23 Nov 2026 20:29:47 +0000",
  "Message-ID: <1@c.test>",
  "",
  ".",
  ".dots",
  "end",
  "",
].join("\n");

/** A token that the user has in place of a password. */
export const bearer = "mF_9.B5f-4.1JqM";

const files = {
  password,
  token: bearer,
  lf: message,
  crlf: message.replaceAll("\n", "\r\n"),
  "main.cf": "compatibility_level = 3.6\n",
};

/** A sink that listens. */
export interface SinkCommand {
  readonly port: number;
  /** All that it has printed until now. */
  readonly printed: () => string;
  /** The messages it kept, oldest first. */
  readonly kept: () => Promise<ReadonlyArray<string>>;
  /** A folder of its own, with the files `password`, `token`, `lf` and `crlf` (the message), `main.cf` (for
   * Postfix's programs), and whatever `{folder}` names. */
  readonly folder: string;
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

/**
 * Starts `plausch sink` and ends it with SIGTERM. `{folder}` in an argument stands for the folder. What it prints is searched for
 * the password.
 */
export const withSinkCommand = <A>(
  args: ReadonlyArray<string>,
  use: (sink: SinkCommand) => Promise<A>,
): Promise<A> =>
  withFolder(files, async (folder) => {
    const port = await freePort();
    const maildir = join(folder, "mail");
    const given = args.map((arg) => arg.replaceAll("{folder}", folder));
    const where = given.includes("--socket") ? [] : ["--port", String(port)];
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-q",
        "--no-prompt",
        "-A",
        "tools/plausch/main.ts",
        "sink",
        ...where,
        "--maildir",
        maildir,
        ...given,
      ],
      cwd: root,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let printed = "";
    const listens = Promise.withResolvers<void>();
    const listen = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        printed += text;
        if (printed.includes("Listening on")) listens.resolve();
      }
      listens.reject(new Error(`plausch sink ended: ${printed}`));
    };
    const streams = Promise.all([listen(child.stdout), listen(child.stderr)]);
    const kept = async (): Promise<ReadonlyArray<string>> => {
      const files = await readdir(join(maildir, "new")).catch(() => []);
      return await Promise.all(files.sort().map((file) => readFile(join(maildir, "new", file), "utf8")));
    };
    try {
      await listens.promise;
      return await use({ port, folder, kept, printed: () => printed });
    } finally {
      listens.promise.catch(() => {});
      child.kill("SIGTERM");
      await Promise.all([child.status, streams]);
      assertNoSecret(printed, [password, bearer]);
    }
  });
