import type { Authentication } from "@plausch/session/authentication";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import * as Domain from "@plausch/smtp/domain";
import * as Octets from "@plausch/smtp/octets";
import * as Parameter from "@plausch/smtp/parameter";
import type { Mechanism } from "@plausch/smtp/sasl";
import * as Transcript from "@plausch/testing/transcript";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
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
  /** Whether to send the message in chunks, and of how many octets. */
  readonly bdat?: boolean | number;
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

const crlf = (lines: string | ReadonlyArray<string>): string =>
  (typeof lines === "string" ? [lines] : lines).map((line) => `${line}\r\n`).join("");

/** The octets of a server's step. */
export const serverOctets = (step: DialogueStep): Uint8Array | undefined => {
  if ("server" in step) return octets(crlf(step.server));
  return "raw" in step ? octets(step.raw) : undefined;
};

/** How many octets the server says in all. */
export const total = ({ steps }: Dialogue): number =>
  steps.reduce((sum, step) => sum + (serverOctets(step)?.length ?? 0), 0);

/** The octets that each step expects of the client. */
export const clientOctets = ({ message, steps }: Dialogue): ReadonlyArray<Uint8Array | undefined> => {
  let sent = 0;
  return steps.map((step) => {
    if ("client" in step) return Octets.encode(crlf(step.client));
    if ("data" in step) return octets(step.data);
    if (!("bdat" in step)) return undefined;
    const [size, isLast] = step.bdat;
    const chunk = Transcript.chunk(octets(message).slice(sent, sent + size), isLast);
    // A further transaction sends the message again.
    sent = isLast ? 0 : sent + size;
    return chunk.octets;
  });
};

/** The script that plays a dialogue's server and expects its client. */
export const toScript = (dialogue: Dialogue): Transcript.Script => {
  const expected = clientOctets(dialogue);
  return dialogue.steps.map((step, at): Transcript.Step => {
    const said = serverOctets(step);
    if (said !== undefined) return Transcript.server(said);
    if ("close" in step) return Transcript.stage("server closes");
    if ("eof" in step) return Transcript.stage("client closes");
    if ("silent" in step) return Transcript.stage("server never answers");
    if ("tls" in step) return Transcript.stage(step.tls === "ok" ? "tls starts" : "tls fails");
    return Transcript.client(expected[at]!);
  });
};

const authentication = ({ user, pass, mechs }: NonNullable<Policy["auth"]>): Authentication => {
  const secret = Redacted.make(pass);
  return mechs === undefined
    ? { credentials: { _tag: "Password", user, password: secret } }
    : { credentials: { _tag: "Token", user, token: secret }, mechanisms: mechs as ReadonlyArray<Mechanism> };
};

/** The client's settings. */
export const settings = ({ policy }: Dialogue) => ({
  host: Result.getOrThrow(Domain.hostFromString(policy.helo)),
  pipelining: policy.pipelining,
  protocol: policy.lmtp ? "lmtp" as const : "smtp" as const,
  tls: policy.tls,
  auth: policy.auth === undefined ? undefined : authentication(policy.auth),
  chunking: policy.bdat ?? false,
});

/** Who sends to whom, with what the policy asks for. */
export const envelopeOf = ({ envelope, policy: { ret, envid, requireTls, notify } }: Dialogue): Envelope.Envelope => {
  const parameters = {
    ...(ret === undefined ? {} : { ret: ret as "FULL" | "HDRS" }),
    ...(envid === undefined ? {} : { envid }),
    ...(requireTls === undefined ? {} : { requireTls }),
  };
  const made = Result.getOrThrow(Envelope.make({ ...envelope, parameters }));
  if (notify === undefined) return made;
  const forEach = { notify: Result.getOrThrow(Parameter.notifyFromString(notify)) };
  return { ...made, recipients: made.recipients.map(({ path }) => ({ path, parameters: forEach })) };
};

/** The message. */
export const contentOf = ({ message }: Dialogue): Content.Content => Result.getOrThrow(Content.make(octets(message)));
