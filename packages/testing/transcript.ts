/**
 * Transcripts: what is said in a conversation, by whom, and when, as a text that reads like a chat.
 *
 * A transcript is a test's plan. The mock socket plays the server's part of it and holds the client to the rest; the
 * recorder writes one down from a live conversation.
 *
 * ```text
 * # A mailbox that is full. Lines like this one are for the reader.
 * < 220 mx.test ESMTP
 * > EHLO client.test
 * < 250-mx.test
 * < 250 PIPELINING
 * > MAIL FROM:<a@client.test>
 * > RCPT TO:<b@mx.test>
 * < 250 ok
 * ~ 20 seconds
 * < 452 4.2.2 mailbox full
 * > QUIT
 * < 221 bye
 * * server closes
 * ```
 *
 * ## Lines
 *
 * Blanks before a line and empty lines mean nothing, so a transcript may be indented. The first character says what a line is:
 *
 * | line | meaning |
 * | --- | --- |
 * | `< text` | The server says this line. |
 * | `> text` | The client is expected to say this line, octet by octet as it stands. |
 * | `~ 5 minutes` | The server waits before what follows: a number and `nanos`, `micros`, `millis`, `seconds`, `minutes`, `hours`, `days` or `weeks`. Under effect's `TestClock` it takes no time. |
 * | `* server closes` | The server ends the connection in good order. |
 * | `* server drops` | The connection breaks, as with a TCP reset. |
 * | `* server never answers` | The server says nothing more, and nothing more is expected. |
 * | `* server stops listening` | What the client says from here on is let pass, be it out of turn. |
 * | `* client closes` | The client is expected to hang up, saying nothing more. |
 * | `* tls starts` | The client is expected to begin TLS, and the server proves who it is. The mock has no cipher and goes on in clear. |
 * | `* tls starts, expired` | The same, but the certificate does not prove it: `no-certificate`, `expired`, `not-yet-valid`, `wrong-name`, `self-signed`, `unknown-ca`, `pin-mismatch`, `tlsa-mismatch` or `invalid`. |
 * | `* tls fails` | The handshake ends with an alert, and the connection is gone. |
 * | `* tls never answers` | The handshake begins, and the server does not take part in it. |
 * | `* new connection` | What is above happens on one connection, and what is below on the next one that the client makes. |
 * | `# text` | A comment. |
 *
 * **Turns.** Neighbouring lines of one side are one turn. The server answers a turn of the client when all of it was said:
 * commands in one flight (RFC 2920), or a message up to its dot, are just lines under each other. While it is the server's
 * turn the client has to read; to speak earlier is a mismatch, before the greeting too.
 *
 * **Messages** stand as they are on the wire: dots are stuffed, and the lone dot ends them. An empty line is a `>` alone. A chunk
 * stands behind its BDAT (RFC 3030), and ends with a `\` where it does not end with a line.
 *
 * **TLS.** Behind a reply in clear, `* tls starts` is the handshake of STARTTLS (RFC 3207). As the first thing on a connection it is
 * implicit TLS (RFC 8314), a part of dialling. What the server says in clear behind its 220 is in the client's buffer when the
 * handshake is due. If it says so after a delay, and `* tls fails` follows, a client that did not wait for it takes it for the other side's
 * part of the handshake, which fails.
 *
 * **The end.** Behind the last line the server closes when the client reads on, and expects to hear nothing more. But for a new
 * connection, nothing can stand behind `server closes`, `server drops`, `server never answers`, `client closes` and `tls fails`,
 * and nothing but `client closes` behind `tls never answers`.
 *
 * ## Octets
 *
 * Text is UTF-8, and CRLF is added to each line. Everything else is written with a backslash:
 *
 * - `\r`, `\n`, `\t`, `\\`: CR, LF, TAB, a backslash.
 * - `\xNN`: the octet NN, in hexadecimal; `\x{NN NN NN}`: as many as there are.
 * - `\` at the end: no CRLF is added. `< 220 mx\n\` ends with LF alone, `< 250 o\` is half a line.
 * - `\|`: no octet at all. A chunk of the server's octets ends here, as if TCP had cut them.
 * - `\*` in a line of the client: whatever it says there, up to what follows in the same line. In a line of the server:
 *   the challenge that follows from what was said in AUTH (RFC 4954), see the option `user` of the mock socket.
 *
 * ## Grammar
 *
 * In the form of RFC 5234, with strings that are case-sensitive:
 *
 * ```abnf
 * transcript = line *( LF line )            ; a CR before the LF is ignored
 * line       = *( SP / TAB ) [ said / delay / direction / comment ]
 * said       = ( "<" / ">" ) [ SP *( character / escape ) [ "\" ] ]
 * escape     = "\r" / "\n" / "\t" / "\\" / "\x" 2HEXDIG / "\x{" 2HEXDIG *( SP 2HEXDIG ) "}"
 * escape     =/ "\*"                        ; the line needs a line end
 * escape     =/ "\|"                        ; in server lines
 * delay      = "~" SP 1*DIGIT [ "." 1*DIGIT ] SP unit
 * direction  = "*" SP ( "server closes" / "server drops" / ... )
 * comment    = "#" *character
 * ```
 *
 * @example From text to steps and back
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse(`
 *   < 220 mx.test ESMTP
 *   > QUIT
 *   * server closes
 * `));
 * assertEquals(script, [
 *   Transcript.server("220 mx.test ESMTP"),
 *   Transcript.client("QUIT"),
 *   Transcript.stage("server closes"),
 * ]);
 * assertEquals(Transcript.format(script), "< 220 mx.test ESMTP\n> QUIT\n* server closes\n");
 * ```
 *
 * @module
 */
import * as DotStuffing from "@plausch/line/dot-stuffing";
import * as Command from "@plausch/smtp/command";
import type { CertificateFault } from "@plausch/tls/tls-report";
import * as Duration from "effect/Duration";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import * as Chunk from "./_chunk.ts";
import * as Notation from "./_notation.ts";
import { joined } from "./_turns.ts";
import { TranscriptError } from "./transcript_error.ts";

/** The server says these octets. */
export interface ServerStep {
  /** Tells the kinds of steps apart. */
  readonly _tag: "Server";
  /** What it says, line ends included. */
  readonly octets: Uint8Array;
  /** Offsets into `octets` at which a new chunk begins, ascending, each between 0 and the length. */
  readonly cuts: ReadonlyArray<number>;
  /** Offsets into `octets` at which the challenge that is due in AUTH stands, ascending. */
  readonly gaps: ReadonlyArray<number>;
}

/** The client is expected to say these octets. */
export interface ClientStep {
  /** Tells the kinds of steps apart. */
  readonly _tag: "Client";
  /** What it has to say, line ends included. */
  readonly octets: Uint8Array;
  /** Offsets into `octets` at which it may say anything that is no line end, ascending. A line end has to follow each of them. */
  readonly gaps: ReadonlyArray<number>;
}

/** The server waits. */
export interface DelayStep {
  /** Tells the kinds of steps apart. */
  readonly _tag: "Delay";
  /** For how long; finite, and not less than nothing. */
  readonly duration: Duration.Duration;
}

/** Something is done rather than said. */
export interface StageStep {
  /** Tells the kinds of steps apart. */
  readonly _tag: "Stage";
  /** What is done, and by whom. */
  readonly direction: Direction;
}

/** What can be done, in the words of the transcript; the head of this module says what each of them means. */
export type Direction =
  | "server closes"
  | "server drops"
  | "server never answers"
  | "server stops listening"
  | "client closes"
  | "new connection"
  | "tls starts"
  | `tls starts, ${CertificateFault}`
  | "tls fails"
  | "tls never answers";

/** One thing that happens in a conversation. */
export type Step = ServerStep | ClientStep | DelayStep | StageStep;

/** A conversation as a plain value. Neighbouring steps of one side mean the same as one step with the octets of both. */
export type Script = ReadonlyArray<Step>;

/** What a direction is, beside what it says. */
interface Nature {
  /** Whether the connection is over behind it. */
  readonly isLast: boolean;
  /** What can stand behind it all the same. */
  readonly but?: Direction;
  /** What is wrong with the certificate, in the handshakes that go through. */
  readonly fault?: CertificateFault;
}

const goesOn: Nature = { isLast: false };
const ends: Nature = { isLast: true };

const directions: Readonly<Record<Direction, Nature>> = {
  "server closes": ends,
  "server drops": ends,
  "server never answers": ends,
  "server stops listening": goesOn,
  "client closes": ends,
  "new connection": goesOn,
  "tls starts": goesOn,
  "tls starts, no-certificate": { isLast: false, fault: "no-certificate" },
  "tls starts, expired": { isLast: false, fault: "expired" },
  "tls starts, not-yet-valid": { isLast: false, fault: "not-yet-valid" },
  "tls starts, wrong-name": { isLast: false, fault: "wrong-name" },
  "tls starts, self-signed": { isLast: false, fault: "self-signed" },
  "tls starts, unknown-ca": { isLast: false, fault: "unknown-ca" },
  "tls starts, pin-mismatch": { isLast: false, fault: "pin-mismatch" },
  "tls starts, tlsa-mismatch": { isLast: false, fault: "tlsa-mismatch" },
  "tls starts, invalid": { isLast: false, fault: "invalid" },
  "tls fails": ends,
  "tls never answers": { isLast: true, but: "client closes" },
};

/**
 * What is wrong with the certificate in a handshake that goes through; undefined if nothing is, and for all that is no handshake.
 *
 * @example Two handshakes
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Transcript.certificateFault("tls starts, expired"), "expired");
 * assertEquals(Transcript.certificateFault("tls starts"), undefined);
 * ```
 */
export const certificateFault = (direction: Direction): CertificateFault | undefined => directions[direction].fault;

const isDirection = (text: string): text is Direction => Object.hasOwn(directions, text);

const octetsOf = (lines: ReadonlyArray<string | Uint8Array>): Uint8Array =>
  Notation.concat(lines.map((line) => typeof line === "string" ? Notation.encode(`${line}\r\n`) : line));

/**
 * The server says these lines. A string is a line, and gets CRLF; octets are said as they are.
 *
 * @example A reply of two lines
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Transcript.format([Transcript.server("250-mx.test", "250 HELP")]), "< 250-mx.test\n< 250 HELP\n");
 * ```
 */
export const server = (...lines: ReadonlyArray<string | Uint8Array>): ServerStep => ({
  _tag: "Server",
  octets: octetsOf(lines),
  cuts: [],
  gaps: [],
});

/**
 * The client is expected to say these lines, in one flight. A string is a line, and gets CRLF; octets are taken as they are.
 *
 * @example A group of commands
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Transcript.format([Transcript.client("RSET", "QUIT")]), "> RSET\n> QUIT\n");
 * ```
 */
export const client = (...lines: ReadonlyArray<string | Uint8Array>): ClientStep => ({
  _tag: "Client",
  octets: octetsOf(lines),
  gaps: [],
});

/**
 * The client is expected to send this message after DATA: its dots are stuffed, its line ends become CRLF, and the lone dot
 * follows (RFC 5321 section 4.5.2).
 *
 * @example A message with a dot
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Transcript.format([Transcript.message("Subject: x\n\n.hidden\n")]), "> Subject: x\n>\n> ..hidden\n> .\n");
 * ```
 */
export const message = (content: string | Uint8Array): ClientStep => ({
  _tag: "Client",
  octets: Result.getOrThrow(DotStuffing.encode(typeof content === "string" ? Notation.encode(content) : content)),
  gaps: [],
});

/**
 * The client is expected to send these octets with BDAT, as a chunk of a message, or as the last one (RFC 3030 section 2).
 *
 * @example Two chunks, and a line that goes from one to the other
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 *
 * const script = [Transcript.chunk("Subject: t\r\n\r\nhel"), Transcript.chunk("lo\r\n", true)];
 * assertEquals(Transcript.format(script), "> BDAT 17\n> Subject: t\n>\n> hel\\\n> BDAT 4 LAST\n> lo\n");
 * ```
 *
 * @example Octets that are no text
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 *
 * const script = [Transcript.chunk(Uint8Array.of(0x89, 0x50, 0x4e, 0x00, 0xff), true)];
 * assertEquals(Transcript.format(script), "> BDAT 5 LAST\n> \\x{89 50 4e 00 ff}\\\n");
 * ```
 */
export const chunk = (content: string | Uint8Array, isLast: boolean = false): ClientStep => {
  const octets = typeof content === "string" ? Notation.encode(content) : content;
  const line = Result.getOrThrow(Command.format(Command.bdat(octets.length, isLast)));
  return client(line, octets);
};

/**
 * The server waits. Throws where effect's `Duration` cannot read the input.
 *
 * @example Longer than a client has to wait for a greeting
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Transcript.format([Transcript.delay("6 minutes"), Transcript.server("220 mx")]), "~ 6 minutes\n< 220 mx\n");
 * ```
 */
export const delay = (duration: Duration.Input): DelayStep => ({
  _tag: "Delay",
  duration: Duration.fromInputUnsafe(duration),
});

/**
 * Something is done.
 *
 * @example The connection breaks
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Transcript.format([Transcript.server("220 mx"), Transcript.stage("server drops")]), "< 220 mx\n* server drops\n");
 * ```
 */
export const stage = (direction: Direction): StageStep => ({ _tag: "Stage", direction });

const units: ReadonlyArray<readonly [name: string, nanos: bigint]> = [
  ["day", 86_400_000_000_000n],
  ["hour", 3_600_000_000_000n],
  ["minute", 60_000_000_000n],
  ["second", 1_000_000_000n],
  ["milli", 1_000_000n],
  ["micro", 1_000n],
  ["nano", 1n],
];

const formatDuration = (duration: Duration.Duration): string => {
  if (!Duration.isFinite(duration)) return "Infinity";
  const nanos = Duration.toNanosUnsafe(duration);
  if (nanos === 0n) return "0 seconds";
  const [name, size] = units.find(([, size]) => nanos % size === 0n)!;
  return `${nanos / size} ${name}${nanos === size ? "" : "s"}`;
};

const formatOctets = (sign: "<" | ">", octets: Uint8Array, marks: Notation.Marks): ReadonlyArray<string> => {
  const texts: Array<string> = [];
  for (let from = 0; from < octets.length;) {
    const to = Notation.lineEnd(octets, from);
    texts.push(Notation.lineText(octets, from, to, marks));
    const end = Math.min(to + (sign === ">" ? Chunk.sizeAfter(octets, from, to) : 0), octets.length);
    texts.push(...Chunk.texts(octets, to, end, marks));
    from = end;
  }
  return texts.map((text) => Notation.said(sign, text));
};

const formatStep = (step: Step): ReadonlyArray<string> => {
  switch (step._tag) {
    case "Server":
      return formatOctets("<", step.octets, Notation.marksOf(step.cuts, step.gaps));
    case "Client":
      return formatOctets(">", step.octets, Notation.marksOf([], step.gaps));
    case "Delay":
      return [`~ ${formatDuration(step.duration)}`];
    case "Stage":
      return [`* ${step.direction}`];
  }
};

/**
 * The text of a script, one line each for what is said and done. {@linkcode parse} reads it back. Octets that cannot be seen
 * are escaped, so the text is safe to print and survives editors.
 *
 * @example What cannot be seen
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 *
 * const script = [Transcript.server("220 caf\u00e9 \u001b[2J ", Uint8Array.of(0x32, 0x32, 0xff))];
 * assertEquals(Transcript.format(script), "< 220 café \\x1b[2J\\x20\n< 22\\xff\\\n");
 * ```
 */
export const format = (script: Script): string =>
  joined(script).flatMap(formatStep).map((line) => `${line}\n`).join("");

/** The message of an error about a line; the line itself is known to the caller. */
type Fault = Pick<TranscriptError, "reason" | "advice">;

const isFault = (value: Step | Fault): value is Fault => "reason" in value;

const parseSaid = (sign: "<" | ">", text: string): Step | Fault => {
  const said = Notation.unescape(text);
  if (typeof said === "string" || sign === ">" && said.cuts.length > 0) {
    const escape = typeof said === "string" ? said : "\\|";
    const marks = sign === "<" ? ", \\xNN, \\* or \\|" : ", \\xNN or \\*";
    return { reason: "BadEscape", advice: `instead of ${escape} write \\\\, \\r, \\n, \\t${marks}` };
  }
  const { octets, gaps } = said;
  if (gaps.some((gap) => !octets.includes(Notation.LF, gap))) {
    return { reason: "BadEscape", advice: "a line with \\* in it needs its line end" };
  }
  return sign === "<" ? { _tag: "Server", ...said } : { _tag: "Client", octets, gaps };
};

const parseDelay = (text: string): Step | Fault => {
  const duration = Option.getOrUndefined(Duration.fromInput(text as Duration.Input));
  return duration === undefined || !Duration.isFinite(duration) || Duration.isNegative(duration)
    ? { reason: "BadDelay", advice: 'write a number and a unit, such as "5 minutes" or "1.5 seconds"' }
    : { _tag: "Delay", duration };
};

const shownDirections: ReadonlyArray<string> = Object.entries(directions).flatMap(([direction, { fault }]) =>
  fault === undefined ? [`"* ${direction}"`] : []
);

const parseDirection = (text: string): Step | Fault =>
  isDirection(text) ? stage(text) : {
    reason: "UnknownDirection",
    advice: `write one of ${shownDirections.join(", ")}; TLS can start with a fault, as "* tls starts, expired"`,
  };

const parseLine = (line: string): Step | Fault | undefined => {
  const sign = line.charAt(0);
  if (sign === "" || sign === "#") return undefined;
  if (!"<>~*".includes(sign)) {
    return { reason: "UnknownLine", advice: 'begin it with "< ", "> ", "* ", "~ " or "# "' };
  }
  if (line.length > 1 && line.charAt(1) !== " ") {
    return { reason: "MissingSpace", advice: `put a space behind "${sign}"` };
  }
  const text = line.slice(2);
  if (sign === "~") return parseDelay(text.trim());
  if (sign === "*") return parseDirection(text.trim());
  return parseSaid(sign as "<" | ">", text);
};

const isDoneByServer = (step: Step): boolean =>
  step._tag === "Server" || step._tag === "Delay" ||
  step._tag === "Stage" && (step.direction === "server closes" || step.direction === "server drops");

const isExpectedOfClient = (step: Step): boolean =>
  step._tag === "Client" || step._tag === "Stage" && step.direction.startsWith("tls ");

const isNewConnection = (step: Step | undefined): boolean =>
  step?._tag === "Stage" && step.direction === "new connection";

/** What is wrong with `step` behind the steps before it. */
const findFault = (before: ReadonlyArray<Step>, isListening: boolean, step: Step): Fault | undefined => {
  const previous = before.at(-1);
  if (previous?._tag === "Delay" && !isDoneByServer(step)) {
    return { reason: "UselessDelay", advice: "the delay before it has to be followed by what the server says or does" };
  }
  if (isNewConnection(step)) {
    return previous === undefined || isNewConnection(previous)
      ? { reason: "EmptyConnection", advice: "nothing happens on the connection before it; leave it out" }
      : undefined;
  }
  if (previous?._tag === "Stage") {
    const { isLast, but } = directions[previous.direction];
    if (isLast && !(step._tag === "Stage" && step.direction === but)) {
      return { reason: "AfterTheEnd", advice: `nothing can follow "* ${previous.direction}"` };
    }
  }
  if (!isListening && isExpectedOfClient(step)) {
    return { reason: "AfterTheEnd", advice: 'nothing is expected of the client behind "* server stops listening"' };
  }
  return undefined;
};

/**
 * Reads a transcript. Fails with the first line that is none.
 *
 * @example Half a reply, and then nothing
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse("< 220 mx\\\n* server drops\n"));
 * assertEquals(script, [Transcript.server(new TextEncoder().encode("220 mx")), Transcript.stage("server drops")]);
 * ```
 */
export const parse = (text: string): Result.Result<Script, TranscriptError> => {
  const steps: Array<Step> = [];
  let isListening = true;
  let last = { line: 0, text: "" };
  const lines = text.split("\n").map((line) => line.replace(/\r$/, "").replace(/^[ \t]+/, ""));
  for (const [i, line] of lines.entries()) {
    const step = parseLine(line);
    if (step === undefined) continue;
    last = { line: i + 1, text: line };
    if (isFault(step)) return Result.fail(new TranscriptError({ ...step, ...last }));
    const fault = findFault(steps, isListening, step);
    if (fault !== undefined) return Result.fail(new TranscriptError({ ...fault, ...last }));
    steps.push(step);
    if (step._tag === "Stage" && step.direction === "server stops listening") isListening = false;
    if (isNewConnection(step)) isListening = true;
  }
  const end = steps.at(-1);
  if (end?._tag === "Delay") {
    const advice = "it has to be followed by what the server says or does";
    return Result.fail(new TranscriptError({ reason: "UselessDelay", advice, ...last }));
  }
  if (isNewConnection(end)) {
    const advice = "nothing happens on it; leave it out, or say who closes it";
    return Result.fail(new TranscriptError({ reason: "EmptyConnection", advice, ...last }));
  }
  return Result.succeed(joined(steps));
};

/**
 * A script, connection by connection: at least one, and none of them with `new connection` in it.
 *
 * @example A connection that is lost, and another
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse("* server drops\n* new connection\n< 220 mx\n"));
 * assertEquals(Transcript.connections(script), [[Transcript.stage("server drops")], [Transcript.server("220 mx")]]);
 * ```
 */
export const connections = (script: Script): ReadonlyArray<Script> => {
  let current: Array<Step> = [];
  const all = [current];
  for (const step of script) {
    if (isNewConnection(step)) all.push(current = []);
    else current.push(step);
  }
  return all;
};

/**
 * How many octets the server says in all, on all connections, if the script is played to its end: the `cutAfter` to loop up to. What
 * stands for `\*` is not counted.
 *
 * @example Line ends count
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Transcript.serverOctets([Transcript.server("220 mx"), Transcript.client("QUIT")]), 8);
 * ```
 */
export const serverOctets = (script: Script): number =>
  script.reduce((sum, step) => step._tag === "Server" ? sum + step.octets.length : sum, 0);
