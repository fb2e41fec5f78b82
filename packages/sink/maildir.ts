/**
 * A store of files: a Maildir, which mail readers can open.
 *
 * @example A sink that keeps its messages under ./mail
 * ```ts
 * import * as Maildir from "@plausch/sink/maildir";
 * import * as Sink from "@plausch/sink/sink";
 * import * as Effect from "effect/Effect";
 * import { assert } from "@std/assert";
 *
 * const sink = Sink.listen({ store: Maildir.make("mail"), port: 2525 });
 * assert(Effect.isEffect(sink)); // it listens when it is run, and makes the directory for the first message
 * ```
 *
 * @module
 */
import * as Octets from "@plausch/smtp/octets";
import * as Effect from "effect/Effect";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import * as Trace from "./_trace.ts";
import { type Store, StoreError } from "./store.ts";

const CR = 13;
const LF = 10;

/** Maildir readers expect the line ends of the system: LF. */
const withLf = (octets: Uint8Array): Uint8Array => {
  const out = new Uint8Array(octets.length);
  let length = 0;
  for (let at = 0; at < octets.length; at++) {
    if (octets[at] !== CR || octets[at + 1] !== LF) out[length++] = octets[at]!;
  }
  return out.subarray(0, length);
};

/** Writes a file that survives a crash. */
const write = async (file: string, parts: ReadonlyArray<Uint8Array>): Promise<void> => {
  const handle = await fs.open(file, "wx", 0o600);
  try {
    for (const part of parts) await handle.writeFile(part);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Makes what was moved into a directory survive a crash, on systems that can open a directory. */
const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await fs.open(directory, "r").catch(() => undefined);
  if (handle === undefined) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** The folders of a Maildir where drafts lie, and where messages arrive; made where they are missing. */
const folders = async (directory: string): Promise<readonly [tmp: string, fresh: string]> => {
  const [tmp, fresh] = [path.join(directory, "tmp"), path.join(directory, "new")];
  for (const folder of [tmp, fresh, path.join(directory, "cur")]) {
    await fs.mkdir(folder, { recursive: true, mode: 0o700 });
  }
  return [tmp, fresh];
};

/**
 * Makes the folders of a Maildir where they are missing, and looks whether a message could be written: a server that cannot keep messages
 * had better not begin. Fails with a `StoreError` that keeps the cause.
 *
 * @example A directory that cannot be
 * ```ts
 * import * as Maildir from "@plausch/sink/maildir";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const error = await Effect.runPromise(Effect.flip(Maildir.prepare("/dev/null/mail")));
 * assertEquals(error.action, 'keep messages in "/dev/null/mail"');
 * ```
 */
export const prepare = (directory: string): Effect.Effect<void, StoreError> =>
  Effect.tryPromise({
    try: async () => {
      const [tmp] = await folders(directory);
      const draft = path.join(tmp, `${crypto.randomUUID()}.plausch`);
      await write(draft, []);
      await fs.unlink(draft);
    },
    catch: (cause) => new StoreError({ action: `keep messages in "${directory}"`, cause }),
  }).pipe(Effect.uninterruptible);

/**
 * A store that writes each message to a file of its own in `directory/new`: the trace fields Return-Path, Delivered-To (one for each
 * recipient) and Received, then the message as it came, with LF line ends; binary content (BODY=BINARYMIME) stays as it is. What
 * else the envelope said stands in Original-Recipient (the ORCPT of a recipient), X-Envelope-Notify, X-Envelope-Parameters (those
 * of MAIL but SIZE), X-Envelope-User and X-Envelope-Forwarded.
 *
 * The file is written and synchronised under `directory/tmp` first and then moved, so a reader never sees half a message, and a
 * crash loses none that was accepted. The directories are made where they are missing. Nobody but the user can read them.
 * Several sinks may share a Maildir.
 *
 * `host` is the name in the Received field; default: `localhost`. It needs the permission to read and write the directory. Fails
 * with a `StoreError` that keeps the cause; the client is then told to come back later.
 *
 * @example A directory that cannot be
 * ```ts
 * import * as Maildir from "@plausch/sink/maildir";
 * import * as Path from "@plausch/smtp/path";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const saved = Maildir.make("/dev/null/mail").save({
 *   id: "1",
 *   receivedAt: 0,
 *   peer: "127.0.0.1",
 *   helo: "c.test",
 *   protocol: "ESMTP",
 *   reversePath: Path.nullPath,
 *   forwardPaths: [],
 *   octets: new Uint8Array(),
 * });
 * const error = await Effect.runPromise(Effect.flip(saved));
 * assertEquals(error.action, 'write the message to "/dev/null/mail"');
 * ```
 */
export const make = (directory: string, host: string = "localhost"): Store => ({
  save: (message) =>
    Effect.tryPromise({
      try: async () => {
        const [tmp, fresh] = await folders(directory);
        const name = `${Math.floor(message.receivedAt / 1000)}.${message.id}-${crypto.randomUUID()}.plausch`;
        const draft = path.join(tmp, name);
        try {
          const isBinary = message.mailParameters?.body === "BINARYMIME";
          const content = isBinary ? message.octets : withLf(message.octets);
          await write(draft, [Octets.encode(Trace.fields(message, host)), content]);
          await fs.rename(draft, path.join(fresh, name));
        } catch (cause) {
          await fs.unlink(draft).catch(() => {});
          throw cause;
        }
        await syncDirectory(fresh);
      },
      catch: (cause) => new StoreError({ action: `write the message to "${directory}"`, cause }),
    }).pipe(Effect.uninterruptible),
});
