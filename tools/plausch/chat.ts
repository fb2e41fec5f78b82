/**
 * A conversation as the command line holds it: find the server, talk, show every word, sum up.
 *
 * @module
 */
import * as Connect from "@plausch/net/connect";
import * as OpenFailure from "@plausch/net/open-failure";
import type { Content } from "@plausch/session/content";
import { converse, type StopAfter } from "@plausch/session/converse";
import type { Envelope, Recipient } from "@plausch/session/envelope";
import type { Observer } from "@plausch/session/event";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import type { Timeouts } from "@plausch/session/timeouts";
import * as Domain from "@plausch/smtp/domain";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Path from "@plausch/smtp/path";
import * as Effect from "effect/Effect";
import * as Socket from "effect/socket/Socket";
import { type ExitCode, fromRecipients } from "./exit_code.ts";
import * as Json from "./render/json.ts";
import * as OutcomeLines from "./render/outcome.ts";
import * as Transcript from "./render/transcript.ts";
import type { Shell } from "./shell.ts";

/** How a conversation is shown. */
export type Mode = "transcript" | "json" | "quiet";

/** Prints what happens, in the mode that was asked for. */
export interface Narrator {
  /** Says what plausch does. */
  readonly note: (text: string) => void;
  /** Says what went wrong. */
  readonly fail: (text: string) => void;
  /** Shows an event of a conversation. */
  readonly observe: Observer;
  /** Prints data for programs; only in the mode `json`. */
  readonly data: (value: object) => void;
  /** Sums up. */
  readonly outcome: (recipients: ReadonlyArray<RecipientOutcome>) => void;
}

/** A narrator for a mode. */
export const narrator = (shell: Shell, mode: Mode): Narrator => {
  const render = Transcript.make(shell.paint);
  const fail = (text: string): void => shell.err(Transcript.line(shell.paintErr, "***", text));
  const data = (value: object): void => {
    if (mode === "json") shell.out(JSON.stringify(value));
  };
  return {
    data,
    note: (text) => {
      if (mode === "transcript") shell.out(Transcript.line(shell.paint, "===", text));
    },
    fail: (text) => {
      data({ event: "problem", message: text });
      if (mode !== "json") fail(text);
    },
    observe: (event) => {
      data(Json.event(event));
      if (event._tag === "Failed" && mode !== "json") {
        fail(event.error.message);
        const hint = OutcomeLines.hint(event.error);
        if (hint !== undefined) fail(hint);
      } else if (mode === "transcript") render(event).forEach(shell.out);
    },
    outcome: (recipients) => {
      data({ event: "outcome", recipients: recipients.map(Json.recipient) });
      if (mode === "json") return;
      for (const outcome of recipients) {
        const text = OutcomeLines.describe(outcome);
        if (OutcomeLines.isFine(outcome)) {
          if (mode === "transcript") shell.out(`${shell.paint("note", "===")} ${shell.paint("accepted", text)}`);
        } else fail(text);
      }
    },
  };
};

/** A server to talk to. */
export interface Destination {
  /** Its name, as people know it. */
  readonly name: string;
  /** The name or address to dial, without brackets. */
  readonly host: string;
  /** The port to dial. */
  readonly port: number;
}

/** What to say to it. */
export interface Talk {
  /** Who sends to whom. */
  readonly envelope: Envelope;
  /** The message. */
  readonly content: Content;
  /** The name to say in EHLO. */
  readonly host: Domain.Host;
  /** How long to wait. */
  readonly timeouts: Timeouts;
  /** Where to stop before the message. */
  readonly stopAfter: StopAfter | undefined;
}

/** What came of it. */
export interface Result {
  /** The verdicts. */
  readonly recipients: ReadonlyArray<RecipientOutcome>;
  /** What broke the conversation, if anything did. */
  readonly failure: SessionError | undefined;
}

const endpoint = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** What is known of each recipient at an interruption; before the transaction, that nothing was sent. */
const interrupted = (
  { envelope }: Talk,
  { recipients, stage, reason }: SessionError,
): ReadonlyArray<RecipientOutcome> =>
  recipients.length > 0 ? recipients : envelope.recipients.map(({ path }) => ({
    recipient: path,
    address: Path.address(path),
    verdict: "deferred",
    stage,
    reason,
  }));

/** Holds one conversation over the network. Interrupted, it closes the connection and says what was known by then. */
export const hold = (
  narrator: Narrator,
  destination: Destination,
  talk: Talk,
): Effect.Effect<Result, GrammarError> =>
  Effect.suspend(() => {
    const { host, port, name } = destination;
    const socket = Connect.make({ host, port, connectTimeout: talk.timeouts.connect });
    const observe: Observer = (event) => {
      if (event._tag === "Connected") {
        const { remoteAddress = host, remotePort = port } = socket.connection() ?? {};
        narrator.note(`Connected to ${name} [${remoteAddress}]:${remotePort}`);
      }
      narrator.observe(event);
      if (event._tag === "Failed" && event.error.reason === "Interrupted") {
        narrator.outcome(interrupted(talk, event.error));
      }
    };
    narrator.note(`Trying ${name === host ? endpoint(destination) : `${name}, ${endpoint(destination)}`} ...`);
    return converse({ ...talk, observe }).pipe(
      Effect.provideService(Socket.Socket, socket),
      Effect.map(({ recipients }): Result => ({ recipients, failure: undefined })),
      Effect.catchTag("SessionError", (failure) =>
        Effect.sync((): Result => {
          if (failure.stage === "connect") {
            const why = OpenFailure.format(OpenFailure.explain(failure.cause, { host, port }));
            narrator.fail(`Cannot connect to ${endpoint(destination)}: ${why}`);
          }
          return { recipients: failure.recipients, failure };
        })),
    );
  });

/** Recipients by the domain that receives for them; those without a domain of their own come under `undefined`. */
export const byDomain = (
  recipients: ReadonlyArray<Recipient>,
): ReadonlyMap<string | undefined, ReadonlyArray<Recipient>> => {
  const groups = new Map<string | undefined, Array<Recipient>>();
  for (const recipient of recipients) {
    const { path } = recipient;
    const domain = path._tag === "Mailbox" ? Domain.format(path.domain).toLowerCase() : undefined;
    groups.set(domain, [...groups.get(domain) ?? [], recipient]);
  }
  return groups;
};

/** Sums up one or several conversations, and finds the exit code. */
export const conclude = (narrator: Narrator, results: ReadonlyArray<Result>): ExitCode => {
  const recipients = results.flatMap((result) => result.recipients);
  narrator.outcome(recipients);
  const failure = results.find((result) => result.failure !== undefined)?.failure;
  return fromRecipients(recipients, failure);
};
