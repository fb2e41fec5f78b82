/**
 * Faults on request: what a server may do wrong, or what may go wrong on the way, at each stage of a conversation. They are data,
 * so a test can list them, and a line of text can name them.
 *
 * @example The second recipient does not exist, and the message's reply never comes
 * ```ts
 * import * as Fault from "@plausch/sink/fault";
 * import * as ServerProtocol from "@plausch/sink/server-protocol";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const faults = ["rcpt#2:550 5.1.1 no such user", "final:drop"].map((text) => Result.getOrThrow(Fault.fromString(text)));
 * const server = ServerProtocol.make({ host: "sink.test", faults });
 * const hear = (text: string) => {
 *   server.receive(new TextEncoder().encode(text));
 *   return new TextDecoder().decode(server.output()).split("\r\n").slice(0, -1);
 * };
 * server.greet();
 * hear("EHLO c.test\r\nMAIL FROM:<a@c.test>\r\n");
 * assertEquals(hear("RCPT TO:<b@d.test>\r\nRCPT TO:<c@d.test>\r\n"), [
 *   "250 2.1.5 Recipient taken",
 *   "550 5.1.1 no such user",
 * ]);
 * ```
 *
 * @module
 */
import type * as Reply from "@plausch/smtp/reply";
import * as Result from "effect/Result";
import * as ActionText from "./_fault_text.ts";
import { FaultError, type FaultPart } from "./fault_error.ts";

/**
 * Where a fault happens. `connect` is before the first octet, also before implicit TLS; `greeting` the server's first reply;
 * `tls` the handshake; `auth` each reply to AUTH and to what the client says inside it; `ehlo` is also LHLO; `bdat` a chunk that
 * is not the last; `final` the reply to the message, one for each recipient in LMTP; the others are named after their verb.
 */
export type Stage =
  | "connect"
  | "greeting"
  | "helo"
  | "ehlo"
  | "starttls"
  | "tls"
  | "auth"
  | "xclient"
  | "xforward"
  | "mail"
  | "rcpt"
  | "data"
  | "bdat"
  | "final"
  | "rset"
  | "noop"
  | "vrfy"
  | "expn"
  | "help"
  | "etrn"
  | "quit";

/** Every stage, in the order in which a conversation reaches them. */
export const stages: ReadonlyArray<Stage> = [
  "connect",
  "greeting",
  "helo",
  "ehlo",
  "starttls",
  "tls",
  "auth",
  "xclient",
  "xforward",
  "mail",
  "rcpt",
  "data",
  "bdat",
  "final",
  "rset",
  "noop",
  "vrfy",
  "expn",
  "help",
  "etrn",
  "quit",
];

/**
 * Another reply. One of 4yz or 5yz refuses the command, which then has no effect. One of 2yz or 3yz is said in place of the reply
 * to a command that is carried out, if it is; it changes the words, not what the server does.
 */
export interface ReplyWith {
  /** The tag. */
  readonly _tag: "Reply";
  /** What is said. */
  readonly reply: Reply.Reply;
}

/** The reply comes late. Nothing is heard in the meantime. */
export interface Delay {
  /** The tag. */
  readonly _tag: "Delay";
  /** How late, in milliseconds. */
  readonly millis: number;
}

/** The connection is closed instead of the reply. The command has had its effect: at `final`, the message is stored. */
export interface Drop {
  /** The tag. */
  readonly _tag: "Drop";
}

/** The connection is closed after the reply. */
export interface DropAfter {
  /** The tag. */
  readonly _tag: "DropAfter";
}

/** Something that is no reply comes instead of it, and the server goes on as if it had replied. At `tls` it then hangs up. */
export interface Garbage {
  /** The tag. */
  readonly _tag: "Garbage";
  /** The line that comes, without its CRLF, as from `Octets.decode`. */
  readonly text: string;
}

/** Only the beginning of the reply comes. */
export interface Partial {
  /** The tag. */
  readonly _tag: "Partial";
  /** How many octets of it come. */
  readonly octets: number;
  /** What comes then: silence, with the connection open, or its end. */
  readonly then: "stall" | "drop";
}

/** No reply comes, now or later; the connection stays open until the client has enough. */
export interface Stall {
  /** The tag. */
  readonly _tag: "Stall";
}

/**
 * The reply is followed by a line that nobody asked for, in the same write. After the 220 of STARTTLS it is what somebody on
 * the way could put there, for a client to take as said under TLS (RFC 3207 section 6).
 */
export interface Inject {
  /** The tag. */
  readonly _tag: "Inject";
  /** The line, without its CRLF. */
  readonly text: string;
}

/** The handshake is answered with an alert: `handshake_failure` (RFC 8446 section 6.2). */
export interface Alert {
  /** The tag. */
  readonly _tag: "Alert";
}

/** What goes wrong. */
export type Action = ReplyWith | Delay | Drop | DropAfter | Garbage | Partial | Stall | Inject | Alert;

/** What goes wrong, and where. */
export type Place =
  | {
    /** A stage that has a reply. */
    readonly stage: Exclude<Stage, "connect" | "tls">;
    /** What goes wrong with it. */
    readonly action: Exclude<Action, Alert>;
  }
  | {
    /** Before anything is said, and before implicit TLS. */
    readonly stage: "connect";
    /** What comes instead; a reply is the last thing then. */
    readonly action: ReplyWith | Delay | Drop | Garbage | Stall;
  }
  | {
    /** The handshake, which has no reply. */
    readonly stage: "tls";
    /** What the client's first octets are answered with. */
    readonly action: Delay | Drop | Garbage | Stall | Alert;
  };

/** When a fault happens: always, by default. */
export interface When {
  /** Only at the nth time that the connection reaches the stage, from 1. */
  readonly nth?: number | undefined;
  /** Only in the nth connection to the sink, from 1. */
  readonly connection?: number | undefined;
  /** How likely it is then, from 0 to 1. */
  readonly probability?: number | undefined;
}

/**
 * A fault. Of several that a stage has at the same time the delays add up; of the others the first one counts, but a reply may
 * be delayed and cut at the same time.
 */
export type Fault = Place & When;

const withReply: ReadonlyArray<Action["_tag"]> = [
  "Reply",
  "Delay",
  "Drop",
  "DropAfter",
  "Garbage",
  "Partial",
  "Stall",
  "Inject",
];

/** What can go wrong where there is no reply to a command. */
const elsewhere: { readonly [S in Stage]?: ReadonlyArray<Action["_tag"]> } = {
  connect: ["Reply", "Delay", "Drop", "Garbage", "Stall"],
  tls: ["Delay", "Drop", "Garbage", "Stall", "Alert"],
};

const isPlace = (place: { readonly stage: Stage; readonly action: Action }): place is Place =>
  (elsewhere[place.stage] ?? withReply).includes(place.action._tag);

/** A whole number from 1; NaN if it is none. */
const ordinal = (text: string): number => /^[1-9]\d{0,8}$/.test(text) ? Number(text) : NaN;

const probability = (text: string): number => /^(?:0|1|0?\.\d{1,9})$/.test(text) ? Number(text) : NaN;

const faultPattern = /^([^#@~:]*)(?:#([^@~:]*))?(?:@([^~:]*))?(?:~([^:]*))?(?::([^]*))?$/;

const expectations: { readonly [P in FaultPart]: string } = {
  stage: `a stage: ${stages.join(", ")}`,
  nth: "a whole number from 1, as in rcpt#2",
  connection: "a whole number from 1, as in greeting@1",
  probability: "a number from 0 to 1, as in rcpt~0.5",
  action:
    "a reply such as 450 or 550 5.1.1 no such user, delay=5s, drop, drop=after, garbage, partial=5, partial=5,drop, stall, " +
    "inject, or, for tls, alert",
};

/**
 * Reads a fault: a stage, then `#` and how manieth time in its connection, `@` and which connection, `~` and a probability, each
 * if wanted, then a colon and what goes wrong:
 *
 * - `450`, `550 5.1.1 no such user`: another reply
 * - `delay=5s`, `delay=250ms`, `delay=1m`: the reply comes late
 * - `drop`, `drop=after`: the connection is closed instead of the reply, or after it
 * - `garbage`, `garbage=TEXT`: a line that is no reply
 * - `partial=5`, `partial=5,drop`: five octets of the reply, then silence, or the end
 * - `stall`: no reply, ever
 * - `inject`, `inject=TEXT`: a further line behind the reply, in the same write
 * - `alert`: a TLS alert, for `tls` alone
 *
 * Fails with a `FaultError` that names the part that is wrong; also where the stage cannot fail in this way.
 *
 * @example
 * ```ts
 * import * as Fault from "@plausch/sink/fault";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Fault.fromString("mail#1@2:partial=5")), {
 *   stage: "mail",
 *   action: { _tag: "Partial", octets: 5, then: "stall" },
 *   nth: 1,
 *   connection: 2,
 * });
 * assertEquals(Result.getOrThrow(Result.flip(Fault.fromString("rcpt#x:450"))).part, "nth");
 * ```
 */
export const fromString = (text: string): Result.Result<Fault, FaultError> => {
  const fail = (part: FaultPart, wrong: string = ""): Result.Result<never, FaultError> =>
    Result.fail(new FaultError({ input: text, part, text: wrong, expected: expectations[part] }));
  const [, name = "", nth, connection, chance, what = ""] = faultPattern.exec(text) ?? [];
  const stage = stages.find((stage) => stage === name);
  if (stage === undefined) return fail("stage", name);
  const when: { -readonly [K in keyof When]: number } = {};
  if (nth !== undefined) when.nth = ordinal(nth);
  if (connection !== undefined) when.connection = ordinal(connection);
  if (chance !== undefined) when.probability = probability(chance);
  if (Number.isNaN(when.nth)) return fail("nth", nth);
  if (Number.isNaN(when.connection)) return fail("connection", connection);
  if (Number.isNaN(when.probability)) return fail("probability", chance);
  const action = ActionText.read(what);
  if (action === undefined) return fail("action", what);
  const place = { stage, action };
  return isPlace(place) ? Result.succeed({ ...place, ...when }) : Result.fail(
    new FaultError({ input: text, part: "action", text: what, expected: `possible at the stage "${stage}"` }),
  );
};

/**
 * The fault as {@linkcode fromString} reads it. The lines of a reply are joined with spaces.
 *
 * @example
 * ```ts
 * import * as Fault from "@plausch/sink/fault";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Fault.format({ stage: "ehlo", action: { _tag: "Delay", millis: 5000 }, nth: 2 }), "ehlo#2:delay=5000ms");
 * ```
 */
export const format = (fault: Fault): string => {
  const nth = fault.nth === undefined ? "" : `#${fault.nth}`;
  const connection = fault.connection === undefined ? "" : `@${fault.connection}`;
  const chance = fault.probability === undefined ? "" : `~${fault.probability}`;
  return `${fault.stage}${nth}${connection}${chance}:${ActionText.format(fault.action)}`;
};
