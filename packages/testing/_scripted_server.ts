import type { CertificateFault } from "@plausch/tls/tls-report";
import * as Duration from "effect/Duration";
import type * as Authenticator from "./_authenticator.ts";
import * as GapLine from "./_gap_line.ts";
import * as Notation from "./_notation.ts";
import * as Transcript from "./transcript.ts";
import { type MismatchReason, TranscriptMismatch } from "./transcript_mismatch.ts";

/** What the server has put on its way to the client: octets, or the end of the connection. */
type Outgoing =
  | { readonly at: number; readonly octets: Uint8Array }
  | { readonly at: number; readonly end: "server closes" | "server drops" };

/** What the client finds when it reads. */
export type Taken =
  | { readonly _tag: "Octets"; readonly octets: Uint8Array }
  /** Nothing for so many milliseconds, or until `version` changes. */
  | { readonly _tag: "Nothing"; readonly millis: number }
  | { readonly _tag: "Over"; readonly how: "closed" | "dropped" | "left" };

/** What becomes of something that the client says. */
export type Heard = "taken" | "closed" | "mismatch";

/** What becomes of a TLS handshake that the client begins. */
export type Handshake =
  | { readonly _tag: "Done"; readonly fault: CertificateFault | undefined }
  | { readonly _tag: "Alert" }
  | { readonly _tag: "Silence" }
  | { readonly _tag: "Closed" }
  | { readonly _tag: "Mismatch" }
  /** After so many milliseconds something comes in that is no TLS. */
  | { readonly _tag: "NotTls"; readonly millis: number };

/** Where chunks begin in a turn of so many octets, whose first is the `said`-th of the server's. */
export type Cutter = (said: number, length: number) => Iterable<number>;

const nothing = new Uint8Array();

const isTls = (step: Transcript.Step): boolean => step._tag === "Stage" && step.direction.startsWith("tls ");

/** The whole line of which `octets[at]` is a part. */
const lineAround = (octets: Uint8Array, at: number): readonly [from: number, to: number] => [
  at === 0 ? 0 : octets.lastIndexOf(Notation.LF, at - 1) + 1,
  Notation.lineEnd(octets, at),
];

/** The line of a transcript for `octets[from..to)`; for the first line of the octets where nothing is said. */
const line = (sign: "<" | ">", octets: Uint8Array, from = 0, to = Notation.lineEnd(octets, from)): string =>
  Notation.said(sign, Notation.lineText(octets, from, to, Notation.noMarks));

/** How a script is played. */
export interface Playing {
  readonly cutter: Cutter;
  /** The server closes after so many of its octets. */
  readonly cutAfter: number;
  /** Fills in the challenges that the script leaves open, if there are any. */
  readonly authenticator: Authenticator.Authenticator | undefined;
  /** What was said and done on the connections before. */
  readonly earlier: () => Transcript.Script;
}

/**
 * A server that knows its part of one conversation, and what the client has to say. It knows no socket and no clock: the
 * caller tells it the time in milliseconds, and looks again when `version` has changed.
 */
export class ScriptedServer {
  version = 0;
  /** The first thing the client did wrong. Terminal. */
  mismatch: TranscriptMismatch | undefined;

  /** The step that waits for the client, or ended the script. */
  #next = 0;
  /** Octets of that step which the client has said. */
  #matched = 0;
  /** What it has said of a line that has gaps. */
  #partial: Uint8Array = nothing;
  /** All that it has said of the step, for the authenticator. */
  #turn: Array<Uint8Array> = [];
  readonly #outgoing: Array<Outgoing> = [];
  #firstOutgoing = 0;
  #said = 0;
  #isCut = false;
  /** So many of `#outgoing` have to be read, and the server listens no more. */
  #deafAfter = Infinity;
  /** What has happened, as far as the client has seen it. */
  readonly #seen: Array<Transcript.Step> = [];
  #client: "absent" | "connected" | "half-closed" | "gone" = "absent";
  /** How the server ended the connection, once the client can know. */
  #end: "closed" | "dropped" | undefined;

  readonly #script: Transcript.Script;
  readonly #playing: Playing;

  /** The script has to be one that `Transcript.parse` gives, and for one connection. */
  constructor(script: Transcript.Script, playing: Playing) {
    this.#script = script;
    this.#playing = playing;
  }

  /** What was said and done so far. What the server said counts when the client has read it. */
  get played(): Transcript.Script {
    return this.#client === "gone" && this.#end === undefined
      ? [...this.#seen, Transcript.stage("client closes")]
      : this.#seen;
  }

  /** Whether there is, or was, a client. */
  get hasClient(): boolean {
    return this.#client !== "absent";
  }

  /** Whether the server has ended the connection, and the client knows. */
  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** There is a client; only once. */
  connect(now: number): void {
    this.#client = "connected";
    this.#play(now);
  }

  take(now: number): Taken {
    if (this.#client === "gone") return { _tag: "Over", how: "left" };
    if (this.#end !== undefined) return { _tag: "Over", how: this.#end };
    const first = this.#outgoing[this.#firstOutgoing];
    if (first === undefined) {
      return this.#isDone ? { _tag: "Over", how: "closed" } : { _tag: "Nothing", millis: Infinity };
    }
    if (first.at > now) return { _tag: "Nothing", millis: first.at - now };
    this.#firstOutgoing++;
    if ("octets" in first) {
      this.#seen.push(Transcript.server(first.octets));
      if (this.#firstOutgoing === this.#deafAfter) this.#seen.push(Transcript.stage("server stops listening"));
      return { _tag: "Octets", octets: first.octets };
    }
    this.#seen.push(Transcript.stage(first.end));
    this.#end = first.end === "server closes" ? "closed" : "dropped";
    return { _tag: "Over", how: this.#end };
  }

  hear(octets: Uint8Array, now: number): Heard {
    if (this.mismatch !== undefined) return "mismatch";
    if (!this.#canHear(now)) return "closed";
    for (let at = 0; at < octets.length;) {
      const rest = octets.subarray(at);
      const step = this.#step;
      if (!this.#isListening) {
        this.#see(rest);
        break;
      }
      if (this.#hasOutgoing || step?._tag !== "Client") return this.#refuse(line(">", rest), rest);
      const gapLine = GapLine.next(step.octets, step.gaps, this.#matched);
      const isInGapLine = gapLine?.from === this.#matched;
      const right = isInGapLine ? this.#fit(gapLine, rest) : this.#match(step.octets.subarray(0, gapLine?.from), rest);
      if (right === 0) return this.#differ(step.octets, rest);
      at += right;
      if (this.#matched === step.octets.length) this.#goOn(now);
    }
    return "taken";
  }

  /** How many octets wait to be read. */
  buffered(now: number): number {
    let octets = 0;
    for (const item of this.#outgoing.slice(this.#firstOutgoing)) {
      if (item.at <= now && "octets" in item) octets += item.octets.length;
    }
    return octets;
  }

  /** Whether a handshake is the next thing, and the server has said nothing yet: it is a part of dialling. */
  get isTlsFromStart(): boolean {
    const step = this.#step;
    return step !== undefined && isTls(step) && this.#said === 0;
  }

  /** The client begins a TLS handshake. */
  startTls(now: number): Handshake {
    if (this.mismatch !== undefined) return { _tag: "Mismatch" };
    if (!this.#canHear(now)) return { _tag: "Closed" };
    const step = this.#step;
    const first = this.#outgoing[this.#firstOutgoing];
    const isLate = first !== undefined && "octets" in first && first.at > now;
    if (step?._tag !== "Stage" || !isTls(step) || first !== undefined && !(isLate && step.direction === "tls fails")) {
      this.#refuse("* tls starts");
      return { _tag: "Mismatch" };
    }
    for (const item of this.#outgoing.splice(this.#firstOutgoing)) {
      if ("octets" in item) this.#seen.push(Transcript.server(item.octets));
    }
    this.#seen.push(step);
    this.#goOn(now);
    if (step.direction === "tls never answers") return { _tag: "Silence" };
    if (step.direction !== "tls fails") return { _tag: "Done", fault: Transcript.certificateFault(step.direction) };
    this.#end = "dropped";
    this.version++;
    return isLate ? { _tag: "NotTls", millis: first.at - now } : { _tag: "Alert" };
  }

  /** The client says that it will say no more. */
  halfClose(): void {
    if (this.#client === "connected") this.#client = "half-closed";
    this.version++;
  }

  /** The client is gone. */
  leave(): void {
    if (this.#client !== "absent") this.#client = "gone";
    this.version++;
  }

  /** What is wrong if nothing more happens. */
  verify(): TranscriptMismatch | undefined {
    const step = this.#step;
    if (this.mismatch !== undefined || step === undefined) return this.mismatch;
    if (this.#client === "absent") return this.#mismatched("Missing", "(nothing; the client never connected)");
    const hasHungUp = this.#client === "half-closed" || this.#client === "gone";
    const isOwed = step._tag === "Client" || isTls(step) ||
      step._tag === "Stage" && step.direction === "client closes" && !hasHungUp;
    if (!isOwed) return undefined;
    if (step._tag === "Client" && this.#isWithinLine(step.octets)) {
      return this.#mismatched("Missing", line(">", this.#lineSoFar(step.octets)));
    }
    if (hasHungUp) return this.#mismatched("Missing", "* client closes");
    return this.#mismatched("Missing", "(nothing; the client is still connected)");
  }

  get #step(): Transcript.Step | undefined {
    return this.#isCut ? undefined : this.#script[this.#next];
  }

  get #hasOutgoing(): boolean {
    return this.#firstOutgoing < this.#outgoing.length;
  }

  get #isListening(): boolean {
    return this.#firstOutgoing < this.#deafAfter;
  }

  /** Whether the server hangs up, having nothing more to say: at the end of its script, or because the client will not go on. */
  get #isDone(): boolean {
    const step = this.#step;
    if (step === undefined) return true;
    return this.#client === "half-closed" && !(step._tag === "Stage" && step.direction === "server never answers");
  }

  #canHear(now: number): boolean {
    if (this.#client !== "connected" || this.#end !== undefined) return false;
    const last = this.#outgoing.at(-1);
    const hasEnded = last !== undefined && "end" in last && last.at <= now;
    return !hasEnded || this.#isListening && this.#firstOutgoing < this.#outgoing.length - 1;
  }

  /** Whether the client has said a part of a line of these octets, which it has to say. */
  #isWithinLine(expected: Uint8Array): boolean {
    return this.#lineSoFar(expected).length > 0;
  }

  /** What the client has said of the line that it is in. */
  #lineSoFar(expected: Uint8Array): Uint8Array {
    const [from] = lineAround(expected, this.#matched);
    return Notation.concat([expected.subarray(from, this.#matched), this.#partial]);
  }

  /** Steps over what the client has done, and plays on. */
  #goOn(now: number): void {
    this.#playing.authenticator?.hear(Notation.concat(this.#turn));
    this.#next++;
    this.#matched = 0;
    this.#turn = [];
    this.#play(now);
  }

  /** Plays the server's part up to where it needs the client again. */
  #play(now: number): void {
    let at = now;
    this.version++;
    for (;; this.#next++) {
      const step = this.#step;
      if (step?._tag === "Server") {
        this.#say(step, at);
      } else if (step?._tag === "Delay") {
        at += Duration.toMillis(step.duration);
      } else if (step?._tag === "Stage" && step.direction === "server stops listening") {
        this.#deafAfter = Math.min(this.#deafAfter, this.#outgoing.length);
        if (this.#firstOutgoing === this.#deafAfter) this.#seen.push(step);
      } else {
        const direction = step?._tag === "Stage" ? step.direction : undefined;
        if (direction === "server closes" || direction === "server drops") this.#outgoing.push({ at, end: direction });
        return;
      }
    }
  }

  #say(written: Transcript.ServerStep, at: number): void {
    const { authenticator, cutAfter, cutter } = this.#playing;
    const step = authenticator?.say(written) ?? written;
    const length = Math.min(step.octets.length, cutAfter - this.#said);
    const cuts = new Set([...step.cuts, ...cutter(this.#said, length)]);
    let from = 0;
    for (
      const to of [...cuts].filter((cut) => cut > 0 && cut < length).sort((one, other) => one - other).concat(length)
    ) {
      if (to > from) this.#outgoing.push({ at, octets: step.octets.slice(from, to) });
      from = to;
    }
    this.#said += length;
    if (this.#said < cutAfter) return;
    this.#outgoing.push({ at, end: "server closes" });
    this.#isCut = true;
  }

  #see(octets: Uint8Array): void {
    this.#seen.push({ _tag: "Client", octets: octets.slice(), gaps: [] });
  }

  #take(octets: Uint8Array): number {
    this.#see(octets);
    if (this.#playing.authenticator !== undefined) this.#turn.push(octets.slice());
    return octets.length;
  }

  /** How many octets are those that the client has to say; they are taken as said. */
  #match(expected: Uint8Array, octets: Uint8Array): number {
    const length = Math.min(octets.length, expected.length - this.#matched);
    let same = 0;
    while (same < length && octets[same] === expected[this.#matched + same]) same++;
    if (same === 0) return 0;
    this.#matched += same;
    return this.#take(octets.subarray(0, same));
  }

  /** How many octets may stand in a line that has gaps; they are taken as said. */
  #fit(expected: GapLine.GapLine, octets: Uint8Array): number {
    const piece = octets.subarray(0, Notation.lineEnd(octets, 0));
    const heard = Notation.concat([this.#partial, piece]);
    const judgement = GapLine.judge(expected, heard);
    if (judgement === "different") return 0;
    this.#partial = judgement === "begun" ? heard : nothing;
    if (judgement === "whole") this.#matched = expected.to;
    return this.#take(piece);
  }

  #differ(expected: Uint8Array, octets: Uint8Array): Heard {
    return this.#refuse(line(">", Notation.concat([this.#lineSoFar(expected), octets])), octets);
  }

  #refuse(actual: string, octets?: Uint8Array): Heard {
    const step = this.#step;
    const first = this.#outgoing[this.#firstOutgoing];
    const isOwed = first === undefined && step !== undefined && (step._tag === "Client" || isTls(step));
    const reason = first !== undefined && "octets" in first ? "TooEarly" : isOwed ? "Different" : "Unexpected";
    this.mismatch = this.#mismatched(reason, actual);
    if (octets !== undefined) this.#see(octets);
    this.version++;
    return "mismatch";
  }

  #mismatched(reason: MismatchReason, actual: string): TranscriptMismatch {
    const lines = Transcript.format([...this.#playing.earlier(), ...this.#seen]).split("\n").slice(0, -1);
    const step = this.#step;
    if (step?._tag === "Client" && this.#isWithinLine(step.octets)) lines.pop(); // the difference shows that line
    const before = lines.map((line) => `${line}\n`).join("");
    return new TranscriptMismatch({ reason, before, expected: this.#expected, actual });
  }

  /** The line that has to come next. */
  get #expected(): string {
    const unread = this.#outgoing.slice(this.#firstOutgoing);
    const step = this.#step;
    if (unread.length > 0) {
      const octets = Notation.concat(unread.flatMap((item) => "octets" in item ? [item.octets] : []));
      const [end] = unread;
      return end !== undefined && "end" in end ? `* ${end.end}` : line("<", octets);
    }
    if (step === undefined) return "(nothing; the transcript is over)";
    if (step._tag === "Client") {
      const [from, to] = lineAround(step.octets, this.#matched);
      return Notation.said(">", Notation.lineText(step.octets, from, to, Notation.marksOf([], step.gaps)));
    }
    return Transcript.format([step]).split("\n", 1)[0]!;
  }
}
