import * as Transcript from "@plausch/testing/transcript";
import text from "../cases/dialogues.jsonl" with { type: "text" };
import { octets, parseCases } from "./cases.ts";

/** One conversation of tests/cases/dialogues.jsonl, and what a client must make of it. */
export interface Dialogue {
  readonly id: string;
  readonly why: string;
  readonly ref?: string;
  readonly policy: Policy;
  readonly envelope: { readonly from: string; readonly to: ReadonlyArray<string> };
  /** The message before dot-stuffing; latin-1, one character an octet. */
  readonly message: string;
  readonly steps: ReadonlyArray<DialogueStep>;
  /** What the client says, in order, without the message. */
  readonly clientLines: ReadonlyArray<string>;
  readonly expect: Expectation;
}

/** How the client of a dialogue is set up. */
export interface Policy {
  readonly helo: string;
  readonly tls: "none" | "opportunistic" | "required" | "verified";
  readonly pipelining?: boolean;
  readonly utf8?: boolean;
  readonly auth?: { readonly user: string; readonly pass: string; readonly mechs?: ReadonlyArray<string> };
  readonly lmtp?: boolean;
  readonly bdat?: boolean;
  readonly requireTls?: boolean;
  readonly ret?: string;
  readonly envid?: string;
  readonly notify?: string;
}

/** One thing said or done in a dialogue. */
export type DialogueStep =
  /** The server says lines. */
  | { readonly server: string | ReadonlyArray<string> }
  /** The server says octets; latin-1. */
  | { readonly raw: string }
  /** The client says a line, or a group of them in one flight. */
  | { readonly client: string | ReadonlyArray<string> }
  /** The client sends a message, dots stuffed; latin-1. */
  | { readonly data: string }
  /** The client sends the next so many octets of the message with BDAT, the last ones or not. */
  | { readonly bdat: readonly [octets: number, isLast: boolean] }
  /** The server closes. */
  | { readonly close: true }
  /** The client hangs up and says nothing more. */
  | { readonly eof: true }
  /** The server never answers. */
  | { readonly silent: true }
  /** The handshake succeeds, or ends with an alert. */
  | { readonly tls: "ok" | "alert" };

/** What a client must make of a dialogue. */
export interface Expectation {
  readonly error: string | null;
  readonly next: string;
  readonly recipients: Readonly<
    Record<string, {
      readonly verdict: "accepted" | "rejected" | "deferred" | "uncertain";
      readonly stage: string;
      readonly code?: number;
      readonly enhanced?: string;
    }>
  >;
  readonly tls: boolean;
}

/** All dialogues, in the order of the file. */
export const dialogues: ReadonlyArray<Dialogue> = parseCases<Dialogue>(text);

/** Whether a dialogue needs no more than HELO, EHLO, MAIL, RCPT, DATA, RSET, NOOP and QUIT in clear. */
export const plain = ({ policy, steps }: Dialogue): boolean =>
  policy.tls === "none" && policy.auth === undefined && !policy.lmtp && !policy.bdat && !policy.requireTls &&
  policy.ret === undefined && policy.envid === undefined && policy.notify === undefined &&
  steps.every((step) => !("tls" in step || "bdat" in step));

const linesOf = (lines: string | ReadonlyArray<string>): ReadonlyArray<string> =>
  typeof lines === "string" ? [lines] : lines;

/** The script that plays a dialogue's server and expects its client. */
export const toScript = ({ message, steps }: Dialogue): Transcript.Script => {
  let sent = 0;
  return steps.map((step): Transcript.Step => {
    if ("server" in step) return Transcript.server(...linesOf(step.server));
    if ("raw" in step) return Transcript.server(octets(step.raw));
    if ("client" in step) return Transcript.client(...linesOf(step.client));
    if ("data" in step) return Transcript.client(octets(step.data));
    if ("bdat" in step) {
      const [size, isLast] = step.bdat;
      const content = octets(message).slice(sent, sent + size);
      sent += size;
      return Transcript.client(`BDAT ${size}${isLast ? " LAST" : ""}`, content);
    }
    if ("close" in step) return Transcript.stage("server closes");
    if ("eof" in step) return Transcript.stage("client closes");
    if ("silent" in step) return Transcript.stage("server never answers");
    return Transcript.stage(step.tls === "ok" ? "tls starts" : "tls fails");
  });
};
