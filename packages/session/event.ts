/**
 * Everything that is said and heard in a conversation, as values. A transcript, a JSON log, a recording are renderers of
 * this one stream of events.
 *
 * @example Keep the verbs of a conversation
 * ```ts
 * import type { SessionEvent } from "@plausch/session/event";
 * import { assertEquals } from "@std/assert";
 *
 * const verbs: Array<string> = [];
 * const observe = (event: SessionEvent) => {
 *   if (event._tag === "Said") verbs.push(event.line.split(" ")[0]!);
 * };
 * observe({ _tag: "Said", at: 0, stage: "ehlo", line: "EHLO c.test" });
 * assertEquals(verbs, ["EHLO"]);
 * ```
 *
 * @module
 */
import type { Reply } from "@plausch/smtp/reply";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { TlsReport } from "@plausch/tls/tls-report";
import type { RecipientOutcome } from "./outcome.ts";
import type { SessionError } from "./session_error.ts";
import type { Stage } from "./stage.ts";

/** The connection stands; the greeting is awaited. */
export interface Connected {
  /** The event's tag. */
  readonly _tag: "Connected";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
}

/** The connection is encrypted from here on: after STARTTLS, or right after `Connected` with implicit TLS. */
export interface Secured {
  /** The event's tag. */
  readonly _tag: "Secured";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** How much was asked of it. */
  readonly level: TlsLevel;
  /** What the handshake came to; undefined if the socket cannot tell. */
  readonly report: TlsReport | undefined;
}

/** A command line went out. */
export interface Said {
  /** The event's tag. */
  readonly _tag: "Said";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The stage of the command. */
  readonly stage: Stage;
  /** The line, without CRLF. Credentials are masked. */
  readonly line: string;
  /** How many octets of a chunk follow the line (BDAT, RFC 3030). */
  readonly chunk?: number | undefined;
}

/** A block of message data went out: as on the wire. After DATA, dots are stuffed and the last block has the lone dot. */
export interface Content {
  /** The event's tag. */
  readonly _tag: "Content";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The octets on the wire. Valid only while the observer runs: copy what is to be kept. */
  readonly octets: Uint8Array;
  /** Whether the message ends with these octets. */
  readonly last: boolean;
}

/** A whole reply came in. */
export interface Heard {
  /** The event's tag. */
  readonly _tag: "Heard";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** What it answers; undefined if nothing was asked. */
  readonly stage: Stage | undefined;
  /** The reply. Its text is the peer's: escape it before printing. */
  readonly reply: Reply;
  /** Whether it is the answer that lets the conversation go on. */
  readonly expected: boolean;
  /** Milliseconds since the last octets went out, or since the connection stood. */
  readonly elapsed: number;
}

/** The conversation takes a turn that its lines alone do not explain. */
export interface Turned {
  /** The event's tag. */
  readonly _tag: "Turned";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /**
   * - `helo`: EHLO was refused, HELO is tried.
   * - `too-many-recipients`: the rest follows in a further transaction.
   * - `empty-message`: a pipelined DATA was answered 354 though no recipient was accepted; a lone dot ends it.
   * - `refused-here`: the message cannot go to this server, see the recipients' reasons.
   * - `in-clear`: TLS was to be used if possible, and the server refused STARTTLS; the conversation goes on in clear.
   * - `retry-in-clear`: TLS was to be used if possible, and the handshake failed; a new connection in clear follows.
   * - `limit`: the server's LIMITS are reached; the rest follows in a further transaction.
   * - `chunk-refused`: a chunk was refused; the rest of the message is not sent.
   * - `auth-cancelled`: the exchange made no sense, and is cancelled with `*`.
   * - `reused`: a session that was open already takes the message, see `@plausch/delivery/pool`.
   * - `replaced`: that session turned out to be dead, or to take no more; the message goes over a fresh one.
   */
  readonly turn:
    | "helo"
    | "too-many-recipients"
    | "empty-message"
    | "refused-here"
    | "in-clear"
    | "retry-in-clear"
    | "limit"
    | "chunk-refused"
    | "auth-cancelled"
    | "reused"
    | "replaced";
}

/**
 * Every recipient of a message has a verdict on this connection: before QUIT is said, and when the conversation fails. A recipient that
 * went beyond the limits of the connection (`SessionLimit`) may get another verdict on a further one, which then tells of all recipients.
 */
export interface Decided {
  /** The event's tag. */
  readonly _tag: "Decided";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The verdicts. */
  readonly recipients: ReadonlyArray<RecipientOutcome>;
}

/** The conversation failed, or was interrupted; the error holds what is known of each recipient. */
export interface Failed {
  /** The event's tag. */
  readonly _tag: "Failed";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The failure. */
  readonly error: SessionError;
}

/** The connection is closed. */
export interface Closed {
  /** The event's tag. */
  readonly _tag: "Closed";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
}

/** Any event of a conversation. */
export type SessionEvent = Connected | Secured | Said | Content | Heard | Turned | Decided | Failed | Closed;

/** Sees every event as it happens. It runs between two octets of the conversation: it must be quick and must not throw. */
export type Observer = (event: SessionEvent) => void;
