/**
 * `plausch send` in the tests of the peers: runs it in JSON mode, and gives what was said, heard and decided. Every run is
 * searched for the secret that it was given.
 */
import { latin1 } from "../support/cases.ts";
import { plausch } from "../cli/_cli.ts";
import { withFolder } from "./_files.ts";
import { assertNoSecret } from "./_secrets.ts";

/** The password of alice, wherever there is one. */
export const password = "wonder land";

/** What to send, and where. */
export interface Order {
  /** The port of 127.0.0.1; left out where `args` tell another way. */
  readonly port?: number;
  /** Default: sender@client.plausch.test. */
  readonly from?: string;
  /** Default: bob@plausch.test. */
  readonly to?: string | ReadonlyArray<string>;
  /** A whole message; default: the one that plausch writes. */
  readonly message?: Uint8Array;
  /** A password or token, handed over in a file. */
  readonly secret?: string;
  /** More arguments. */
  readonly args?: ReadonlyArray<string>;
}

/** A reply, as plausch tells it. */
export interface Heard {
  readonly stage: string;
  readonly code: number;
  readonly status: string | null;
  readonly lines: ReadonlyArray<string>;
}

/** What came of it. */
export interface Sent {
  readonly code: number;
  /** All that was printed. */
  readonly text: string;
  /** Every event, as it was printed. */
  readonly events: ReadonlyArray<Readonly<Record<string, unknown>>>;
  /** The lines that were said. */
  readonly said: ReadonlyArray<string>;
  /** The first word of each: EHLO, MAIL, ... */
  readonly verbs: ReadonlyArray<string>;
  readonly heard: ReadonlyArray<Heard>;
  /** By recipient: "accepted final 250 2.0.0", "deferred rcpt Timeout". */
  readonly verdicts: Readonly<Record<string, string>>;
  /** Why the conversation failed, and where: "TlsFailed tls". */
  readonly failure: string | undefined;
}

interface Verdict {
  readonly address: string;
  readonly verdict: string;
  readonly stage: string;
  readonly code: number | null;
  readonly status: string | null;
  readonly reason: string | null;
}

const summary = ({ verdict, stage, code, status, reason }: Verdict): string =>
  [verdict, stage, code, status, reason].filter((part) => part !== null).join(" ");

/** Runs `plausch send`. */
export const send = (order: Order): Promise<Sent> => {
  const { port, from = "sender@client.plausch.test", to = "bob@plausch.test", message, secret, args = [] } = order;
  const files = { ...message === undefined ? {} : { message }, ...secret === undefined ? {} : { secret } };
  return withFolder(files, async (folder) => {
    const ran = await plausch([
      ...["send", "--json", "--helo", "client.plausch.test", "--from", from],
      ...[to].flat().flatMap((address) => ["--to", address]),
      ...port === undefined ? [] : ["--server", `127.0.0.1:${port}`],
      ...message === undefined ? [] : ["--data", `@${folder}/message`],
      ...secret === undefined ? [] : ["--password-file", `${folder}/secret`],
      ...args,
    ]);
    const text = ran.out + ran.err;
    assertNoSecret(text, [password, ...secret === undefined ? [] : [secret]]);
    return read(ran.code, text);
  });
};

const read = (code: number, text: string): Sent => {
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  const events = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  const of = (name: string) => events.filter(({ event }) => event === name);
  const said = of("said").map(({ line }) => String(line));
  const heard = of("heard").map(({ stage, reply }) => ({ stage, ...reply as object }) as Heard);
  const verdicts = of("outcome").flatMap(({ recipients }) => recipients as ReadonlyArray<Verdict>);
  const failed = of("failed").at(-1);
  return {
    code,
    text,
    events,
    said,
    heard,
    verbs: said.map((line) => line.split(" ")[0] ?? ""),
    verdicts: Object.fromEntries(verdicts.map((verdict) => [verdict.address, summary(verdict)])),
    failure: failed === undefined ? undefined : `${failed.reason} ${failed.stage}`,
  };
};

/** A short message that a careless client would change, with a mark to find it by. */
export const letter = (mark: string, extra = ""): Uint8Array => {
  const text = [
    "Date: Mon, 23 Nov 2026 20:29:47 +0000",
    `Message-ID: <${mark}@client.plausch.test>`,
    "From: Mir <sender@client.plausch.test>",
    "To: Bob <bob@plausch.test>",
    "Subject: Testmail",
    "",
    ".",
    "..",
    ".a line with a dot",
    "b".repeat(998),
    " \t trailing blanks \t ",
    extra,
    ".",
    "",
  ].join("\r\n");
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
};

/** The text of octets, one character an octet. */
export const text = (octets: Uint8Array): string => latin1(octets);
