/**
 * Who tells what happens in a conversation: as a transcript, as JSON, or only what went wrong.
 *
 * @module
 */
import type { Observer } from "@plausch/session/event";
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

/** Which hosts mail took, or did not take, in every form. */
export interface Trail {
  /** As lines for people: none where there is nothing to tell that is not seen at a glance. */
  readonly lines: ReadonlyArray<string>;
  /** As plain data, a step each. */
  readonly data: ReadonlyArray<object>;
}

/** Prints what happens, in the mode that was asked for. */
export interface Narrator {
  /** Says what plausch does. */
  readonly note: (text: string) => void;
  /** Says what went wrong. */
  readonly fail: (text: string) => void;
  /** Tells a failure of a conversation in a sentence, and what to try. */
  readonly failure: (error: SessionError, at: number, message: string, remedy: string | undefined) => void;
  /** The same, of a host that another one may take the place of: in the mode `quiet` only if that does not save everybody. */
  readonly setback: Narrator["failure"];
  /** Shows an event of a conversation, but for its failure. */
  readonly observe: Observer;
  /** Shows what a handshake came to, and what it was asked for, as seen at a time: in a few lines. */
  readonly handshake: (report: TlsReport, level: TlsLevel, at: number) => void;
  /** Shows the certificates of a server in full; `port` is undefined for a Unix socket. */
  readonly chain: (report: TlsReport, port: number | undefined, at: number) => void;
  /** Prints data for programs; only in the mode `json`. */
  readonly data: (value: object) => void;
  /** Sums up, with the trail where mail went over mail exchangers. */
  readonly outcome: (recipients: ReadonlyArray<OutcomeLines.Verdict>, trail?: Trail) => void;
}

/** A narrator for a mode. */
export const make = (shell: Shell, mode: Mode): Narrator => {
  const { paint } = shell;
  const remedies = new Set<string>();
  /** What is told at the end, if that is not good. */
  let held: Array<() => void> = [];
  const render = Transcript.make(paint);
  const fail = (text: string): void => shell.err(Transcript.line(shell.paintErr, "***", text));
  const show = (lines: ReadonlyArray<string>): void => {
    if (mode === "transcript") lines.forEach(shell.out);
  };
  const note = (text: string): void => show([Transcript.line(paint, "===", text)]);
  const data = (value: object): void => {
    if (mode === "json") shell.out(JSON.stringify(value));
  };
  const failure: Narrator["failure"] = (error, at, message, remedy) => {
    data(Json.failure(error, at, message, remedy));
    if (mode === "json") return;
    fail(message);
    if (remedy === undefined || remedies.has(remedy)) return;
    remedies.add(remedy);
    fail(remedy);
  };
  return {
    data,
    note,
    fail: (text) => {
      data({ event: "problem", message: text });
      if (mode !== "json") fail(text);
    },
    failure,
    setback: (...told) => mode === "quiet" ? void held.push(() => failure(...told)) : failure(...told),
    observe: (event) => {
      if (mode === "json") data(Json.event(event));
      // A large message is rendered only for those who look.
      if (mode === "transcript") show(render(event));
    },
    handshake: (report, level, at) => show(Transcript.handshake(paint, report, level, at)),
    chain: (report, port, at) => Tls.chain(report, port, at).forEach(note),
    outcome: (recipients, trail) => {
      data({
        event: "outcome",
        recipients: recipients.map(Json.recipient),
        ...(trail === undefined ? {} : { trail: trail.data }),
      });
      if (mode === "json") return;
      if (!recipients.every(OutcomeLines.isFine)) held.forEach((tell) => tell());
      held = [];
      const hosts = new Set(recipients.map(({ host }) => host));
      for (const outcome of recipients) {
        const text = OutcomeLines.describe(outcome, hosts.size > 1);
        if (!OutcomeLines.isFine(outcome)) fail(text);
        else show([`${paint("note", "===")} ${paint("accepted", text)}`]);
      }
      trail?.lines.forEach(note);
    },
  };
};
