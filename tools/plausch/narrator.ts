/**
 * Who tells what happens in a conversation: as a transcript, as JSON, or only what went wrong.
 *
 * @module
 */
import type { Observer } from "@plausch/session/event";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { TlsReport } from "@plausch/tls/tls-report";
import * as Json from "./render/json.ts";
import * as OutcomeLines from "./render/outcome.ts";
import * as Tls from "./render/tls.ts";
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
  /** Tells a failure of a conversation in a sentence, and what to try. */
  readonly failure: (error: SessionError, at: number, message: string, remedy: string | undefined) => void;
  /** Shows an event of a conversation, but for its failure. */
  readonly observe: Observer;
  /** Shows what a handshake came to, and what it was asked for, as seen at a time: in a few lines. */
  readonly handshake: (report: TlsReport, level: TlsLevel, at: number) => void;
  /** Shows the certificates of a server in full; `port` is undefined for a Unix socket. */
  readonly chain: (report: TlsReport, port: number | undefined, at: number) => void;
  /** Prints data for programs; only in the mode `json`. */
  readonly data: (value: object) => void;
  /** Sums up. */
  readonly outcome: (recipients: ReadonlyArray<RecipientOutcome>) => void;
}

/** A narrator for a mode. */
export const make = (shell: Shell, mode: Mode): Narrator => {
  const { paint } = shell;
  const render = Transcript.make(paint);
  const fail = (text: string): void => shell.err(Transcript.line(shell.paintErr, "***", text));
  const show = (lines: ReadonlyArray<string>): void => {
    if (mode === "transcript") lines.forEach(shell.out);
  };
  const note = (text: string): void => show([Transcript.line(paint, "===", text)]);
  const data = (value: object): void => {
    if (mode === "json") shell.out(JSON.stringify(value));
  };
  return {
    data,
    note,
    fail: (text) => {
      data({ event: "problem", message: text });
      if (mode !== "json") fail(text);
    },
    failure: (error, at, message, remedy) => {
      data(Json.failure(error, at, message, remedy));
      if (mode === "json") return;
      fail(message);
      if (remedy !== undefined) fail(remedy);
    },
    observe: (event) => {
      if (mode === "json") data(Json.event(event));
      // A large message is rendered only for those who look.
      if (mode === "transcript") show(render(event));
    },
    handshake: (report, level, at) => show(Transcript.handshake(paint, report, level, at)),
    chain: (report, port, at) => Tls.chain(report, port, at).forEach(note),
    outcome: (recipients) => {
      data({ event: "outcome", recipients: recipients.map(Json.recipient) });
      if (mode === "json") return;
      for (const outcome of recipients) {
        const text = OutcomeLines.describe(outcome);
        if (!OutcomeLines.isFine(outcome)) fail(text);
        else show([`${paint("note", "===")} ${paint("accepted", text)}`]);
      }
    },
  };
};
