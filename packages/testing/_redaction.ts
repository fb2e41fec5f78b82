import * as Octets from "@plausch/smtp/octets";
import * as Redact from "@plausch/smtp/redact";
import * as MessageReading from "./_message_reading.ts";
import * as Notation from "./_notation.ts";
import type { Line } from "./recorder.ts";
import type { ClientStep, Script, ServerStep, Step } from "./transcript.ts";

/** How a conversation is written down. */
export interface Options {
  readonly secrets: Redact.Options["secrets"];
  readonly mask: ((line: Line) => string) | undefined;
}

const hiddenChallenge = `334 ${Redact.mask}`;

/** The octets of a text with a gap for each mask. */
const withGaps = (text: string): Pick<ClientStep, "octets" | "gaps"> => {
  const parts = text.split(Redact.mask).map((part) => Octets.encode(part));
  const gaps: Array<number> = [];
  let at = 0;
  for (const part of parts.slice(0, -1)) gaps.push(at += part.length);
  return { octets: Notation.concat(parts), gaps };
};

/** A script without credentials. Where they stood in lines of the client, anything may stand. */
export const redacted = (script: Script, { secrets, mask = ({ text }) => text }: Options): Script => {
  const redactor = Redact.make({ secrets });
  const lineOver = MessageReading.spreadLines(script);
  const latest: { client: string | undefined; server: string | undefined } = { client: undefined, server: undefined };
  let reading = MessageReading.make();
  /** Whether there is something that must not be seen. */
  let isGuarded = secrets !== undefined;

  const clientLine = (octets: Uint8Array, from: number, to: number, text: string): string => {
    if (reading.isContent(octets, from, to)) {
      const whole = lineOver(octets, from);
      return whole === undefined || redactor.text(whole) === whole ? redactor.text(text) : Redact.mask;
    }
    isGuarded ||= /^\s*AUTH\b/i.test(text);
    return redactor.client(text);
  };
  const serverLine = (text: string, isWhole: boolean): string => {
    reading.heard(text);
    const shown = redactor.server(text);
    // Half of a secret would not be found.
    return isGuarded && !isWhole && shown.length > 4 ? shown.slice(0, 4) + Redact.mask : shown;
  };

  const line = (step: ServerStep | ClientStep, from: number, to: number): ServerStep | ClientStep => {
    const { octets } = step;
    const isClient = step._tag === "Client";
    const isWhole = octets[to - 1] === Notation.LF;
    const textEnd = Notation.endsWithCrlf(octets, from, to) ? to - 2 : to;
    const text = Octets.decode(octets, from, textEnd);
    const shown = isClient ? clientLine(octets, from, to, text) : serverLine(text, isWhole);
    const kept = mask({
      from: isClient ? "client" : "server",
      text: shown,
      answers: isClient ? latest.server : latest.client,
    });
    latest[isClient ? "client" : "server"] = shown;
    const hasGaps = shown !== text && isWhole && (isClient || kept === hiddenChallenge);
    const written = hasGaps ? withGaps(kept) : { octets: Octets.encode(kept), gaps: [] };
    return { ...step, ...written, octets: Notation.concat([written.octets, octets.subarray(textEnd, to)]) };
  };

  return script.flatMap((step): ReadonlyArray<Step> => {
    if (step._tag === "Stage" && step.direction === "new connection") reading = MessageReading.make();
    if (step._tag !== "Server" && step._tag !== "Client") return [step];
    const lines: Array<Step> = [];
    for (let from = 0; from < step.octets.length;) {
      const to = step._tag === "Client" ? reading.lineEnd(step.octets, from) : Notation.lineEnd(step.octets, from);
      lines.push(line(step, from, to));
      from = to;
    }
    return lines;
  });
};
