/**
 * A store of files: a Maildir, which mail readers can open.
 *
 * @example Write to a Maildir in the temporary directory
 * ```ts ignore
 * import * as Maildir from "@plausch/sink/maildir";
 * import * as Sink from "@plausch/sink/sink";
 *
 * const sink = Sink.listen({ store: Maildir.make("/tmp/plausch-mail") });
 * ```
 *
 * @module
 */
import * as Path from "@plausch/smtp/path";
import * as Printable from "@plausch/smtp/printable";
import * as Effect from "effect/Effect";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { type Message, type Store, StoreError } from "./store.ts";

/** Trace fields, newest first (RFC 5321 section 4.4): where failures go, and how the message came. */
const traceFields = (message: Message, host: string): string => {
  const date = new Date(message.receivedAt).toUTCString().replace("GMT", "+0000");
  const returnPath = message.reversePath._tag === "Null" ? "<>" : `<${Path.address(message.reversePath)}>`;
  const from = `${Printable.escape(message.helo)}${message.peer === "" ? "" : ` ([${message.peer}])`}`;
  const [only, ...others] = message.forwardPaths.map(Path.address);
  const recipient = only !== undefined && others.length === 0 ? ` for <${only}>` : "";
  return `Return-Path: ${returnPath}\n` +
    `Received: from ${from}\n\tby ${host} with ${message.protocol} id ${message.id}${recipient};\n\t${date}\n`;
};

/** Maildir readers expect the line ends of the system: LF. */
const withLf = (octets: Uint8Array): Uint8Array => octets.filter((octet, at) => octet !== 13 || octets[at + 1] !== 10);

/**
 * A store that writes each message to a file of its own in `directory/new`, after the trace fields Return-Path and
 * Received. The file is written and synchronised under `directory/tmp` first and then moved, so a reader never sees half a
 * message and a crash loses none that was accepted. The directories are made where they are missing.
 *
 * `host` is the name in the Received field; default: `localhost`.
 *
 * @example
 * ```ts
 * import * as Maildir from "@plausch/sink/maildir";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(typeof Maildir.make("mail").save, "function");
 * ```
 */
export const make = (directory: string, host: string = "localhost"): Store => ({
  save: (message) =>
    Effect.tryPromise({
      try: async () => {
        for (const part of ["tmp", "new", "cur"]) await fs.mkdir(path.join(directory, part), { recursive: true });
        const name = `${Math.floor(message.receivedAt / 1000)}.${message.id}.plausch`;
        const draft = path.join(directory, "tmp", name);
        const file = await fs.open(draft, "wx");
        try {
          await file.write(new TextEncoder().encode(traceFields(message, host)));
          await file.write(withLf(message.octets));
          await file.sync();
        } finally {
          await file.close();
        }
        await fs.rename(draft, path.join(directory, "new", name));
      },
      catch: (cause) => new StoreError({ action: `write a message to "${directory}"`, cause }),
    }),
});
