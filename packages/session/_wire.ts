import * as Octets from "@plausch/smtp/octets";
import type { Verb } from "@plausch/smtp/phase";
import type { AnsweredStage } from "./_reactions.ts";
import * as Slab from "./_slab.ts";
import type { Transaction } from "./_transaction.ts";

/** A reply that is owed. */
export interface Expectation {
  readonly stage: AnsweredStage;
  /** What moves the phase table; undefined for a raw command. */
  readonly verb: Verb | undefined;
  /** The recipient's place in the envelope, where the reply is about one; else -1. */
  readonly recipient: number;
  /** Whose reply it is, if it belongs to a message. */
  readonly transaction: Transaction | undefined;
}

/** What is told of each piece as it goes out. */
export interface Observer {
  /** A command line as it may be shown, with credentials masked, and the number of octets of a chunk that follow it. */
  readonly line: (stage: AnsweredStage, shown: string, chunk: number | undefined) => void;
  /** Message data, and the message that ends with it. */
  readonly data: (octets: Uint8Array, ends: Transaction | undefined) => void;
}

const nothing: Uint8Array = new Uint8Array(0);

/**
 * One thing to say, and the reply that is owed for it: a line is both; message data is only said, the verdicts on it are only owed. The
 * same slots are used again and again, so a conversation that goes on leaves nothing to the garbage collector.
 */
class Slot implements Expectation {
  kind: "line" | "data" | "reply" = "line";

  stage: AnsweredStage = "raw";
  verb: Verb | undefined = undefined;
  recipient = -1;
  transaction: Transaction | undefined = undefined;

  /** A line as it goes out, without CRLF. */
  text = "";
  shown = "";
  chunk: number | undefined = undefined;

  /** Message data, and how much of it is out. */
  octets = nothing;
  at = 0;
  /** Whether more of the data is to come. */
  isOpen = false;
  /** The message that ends with the data. */
  ends: Transaction | undefined = undefined;

  expects(stage: AnsweredStage, verb: Verb | undefined, recipient: number, transaction: Transaction | undefined): void {
    this.stage = stage;
    this.verb = verb;
    this.recipient = recipient;
    this.transaction = transaction;
  }
}

/** Message data is handed out in blocks of this size, so that each has its own time limit (RFC 5321 section 4.5.3.2.5). */
const blockSize = 65536;

/** Up to here, lines and message data are copied together to go out in one write. */
const flightSize = 16384;

/** Sessions that send no more than one message are not worth a block of memory of their own. */
const fewFlights = 8;

/** How many slots there are before more are needed; a power of two. */
const fewSlots = 8;

/** Writes a line and its CRLF, and gives the place behind it; -1 where the line is not ASCII. */
const writeAscii = (text: string, target: Uint8Array, from: number): number => {
  const { length } = text;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return -1;
    target[from + index] = unit;
  }
  target[from + length] = 0x0d;
  target[from + length + 1] = 0x0a;
  return from + length + 2;
};

/**
 * The way out, and the queue of replies that are owed for it. Replies are matched to commands by their order alone, so it does not
 * matter how commands are grouped or how octets are cut.
 *
 * It is one ring of slots with four places in it, each a number that only grows. None is behind `#tail`.
 */
export class Wire {
  /** Whether what {@linkcode Wire.output} gave last has message data in it. */
  isData = false;

  readonly #observer: Observer;
  #slots: Array<Slot | undefined> = [];
  #mask = fewSlots - 1;
  /** Where the next slot comes. */
  #tail = 0;
  /** The slot whose reply is awaited. */
  #awaited = 0;
  /** The slot that goes out next. */
  #next = 0;
  /** The first slot of which nothing has gone out. */
  #unsaid = 0;
  #dataPending = 0;
  /** Where flights are put together, one after another; the first few go without. */
  #block: Slab.Room | undefined;
  #flights = 0;

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** A command, and the reply that is owed for it. */
  say(
    stage: AnsweredStage,
    verb: Verb | undefined,
    recipient: number,
    transaction: Transaction | undefined,
    text: string,
    shown: string,
    chunk: number | undefined,
  ): void {
    const slot = this.#add("line");
    slot.expects(stage, verb, recipient, transaction);
    slot.text = text;
    slot.shown = shown;
    slot.chunk = chunk;
  }

  /** Message data. The replies that are owed for it are to be expected right behind it. */
  send(octets: Uint8Array, ends: Transaction | undefined): void {
    this.#addData(octets, ends, false);
  }

  /** Message data that comes bit by bit, see {@linkcode Wire.feed}. The replies are to be expected right behind it. */
  open(ends: Transaction): void {
    this.#addData(nothing, ends, true);
  }

  /** More of what was opened, or the end of it. To be called while {@linkcode Wire.isStarving}. */
  feed(octets: Uint8Array, last: boolean): void {
    const slot = this.#nextData();
    if (slot === undefined) return;
    slot.octets = octets;
    slot.at = 0;
    slot.isOpen = !last;
  }

  /** A reply is owed for what was said last, or without anything said: the greeting. */
  expect(
    stage: AnsweredStage,
    verb: Verb | undefined,
    recipient: number,
    transaction: Transaction | undefined,
  ): void {
    const at = this.#tail;
    this.#add("reply").expects(stage, verb, recipient, transaction);
    if (this.#next === at) this.#next++;
    if (this.#unsaid === at) this.#unsaid++;
  }

  /** Whether nothing can be written before more message data is fed. */
  get isStarving(): boolean {
    const slot = this.#nextData();
    return slot !== undefined && slot.isOpen && slot.at === slot.octets.length;
  }

  /** Whose reply comes next. It is so until the reply is {@linkcode Wire.answered}. */
  get awaited(): Expectation | undefined {
    return this.#awaited < this.#tail ? this.#slot(this.#awaited) : undefined;
  }

  /** Whether the reply that comes next would answer something that has not begun to go out. */
  get isPremature(): boolean {
    return this.#awaited >= this.#unsaid;
  }

  /** Whether message data waits to go out. */
  get isDataPending(): boolean {
    return this.#dataPending > 0;
  }

  get isIdle(): boolean {
    return this.#awaited === this.#tail && this.#next === this.#tail;
  }

  /** The next reply came. */
  answered(): void {
    this.#slot(this.#awaited).transaction = undefined;
    do this.#awaited++; while (this.#awaited < this.#tail && this.#slot(this.#awaited).kind === "data");
  }

  /**
   * The next octets to write: all that waits, or a block of it. `isClear` tells that what was given out before has gone out, so that its
   * memory may be used again.
   */
  output(isClear: boolean): Uint8Array | undefined {
    if (this.#next === this.#tail) return undefined;
    this.isData = false;
    const first = this.#slot(this.#next);
    if (first.kind === "data") {
      const left = first.octets.length - first.at;
      if (first.isOpen && left === 0) return undefined;
      const isAlone = this.#behind(this.#next) === this.#tail;
      if (first.isOpen || isAlone || left > flightSize) return this.#takeData(first, blockSize);
    }
    return this.#takeFlight(isClear);
  }

  clear(): void {
    this.#slots = [];
    this.#awaited = this.#next = this.#unsaid = this.#tail;
    this.#dataPending = 0;
  }

  #slot(at: number): Slot {
    return this.#slots[at & this.#mask]!;
  }

  /** The next slot that goes out, if it is message data. */
  #nextData(): Slot | undefined {
    if (this.#next === this.#tail) return undefined;
    const slot = this.#slot(this.#next);
    return slot.kind === "data" ? slot : undefined;
  }

  #add(kind: Slot["kind"]): Slot {
    const oldest = this.#awaited < this.#next ? this.#awaited : this.#next;
    if (this.#tail - oldest > this.#mask) this.#grow();
    const at = this.#tail++ & this.#mask;
    const slot = this.#slots[at] ??= new Slot();
    slot.kind = kind;
    return slot;
  }

  #grow(): void {
    const mask = 2 * this.#mask + 1;
    const slots = new Array<Slot | undefined>(mask + 1);
    for (let at = this.#tail - this.#mask - 1; at < this.#tail; at++) slots[at & mask] = this.#slot(at);
    this.#slots = slots;
    this.#mask = mask;
  }

  #addData(octets: Uint8Array, ends: Transaction | undefined, isOpen: boolean): void {
    const at = this.#tail;
    const slot = this.#add("data");
    slot.octets = octets;
    slot.at = 0;
    slot.ends = ends;
    slot.isOpen = isOpen;
    this.#dataPending++;
    if (this.#awaited === at) this.#awaited++;
  }

  /** The next slot behind one that goes out. */
  #behind(at: number): number {
    do at++; while (at < this.#tail && this.#slot(at).kind === "reply");
    return at;
  }

  /** All of the next slot is out. */
  #drop(): void {
    this.#next = this.#behind(this.#next);
    if (this.#unsaid < this.#next) this.#unsaid = this.#next;
  }

  /** Takes up to `most` octets of message data. */
  #takeData(slot: Slot, most: number): Uint8Array {
    const { octets, at, ends } = slot;
    const end = Math.min(at + most, octets.length);
    const block = at === 0 && end === octets.length ? octets : octets.subarray(at, end);
    slot.at = end;
    this.isData = true;
    const isEnd = end === octets.length && !slot.isOpen;
    if (isEnd) {
      this.#endData(slot);
      this.#drop();
    } else {
      this.#unsaid = Math.max(this.#unsaid, this.#behind(this.#next));
    }
    this.#observer.data(block, isEnd ? ends : undefined);
    return block;
  }

  #endData(slot: Slot): void {
    this.#dataPending--;
    slot.octets = nothing;
    slot.ends = undefined;
  }

  /** Takes lines, and message data that is small enough to go with them. */
  #takeFlight(isClear: boolean): Uint8Array {
    let length = 0;
    let end = this.#next;
    for (; end < this.#tail; end = this.#behind(end)) {
      const slot = this.#slot(end);
      if (slot.kind === "line") {
        if (length > 0 && length + slot.text.length > flightSize) break;
        length += slot.text.length + 2;
      } else {
        const left = slot.octets.length - slot.at;
        if (slot.isOpen || length + left > flightSize) break;
        length += left;
      }
    }
    const octets = this.#written(end, length, isClear) ?? this.#encoded(end);
    while (this.#next < end) this.#told(this.#slot(this.#next));
    return octets;
  }

  #room(length: number, isClear: boolean): Slab.Room {
    if (!isClear || ++this.#flights < fewFlights || length > flightSize) return Slab.reserve(length);
    this.#block ??= new Slab.Room(new Uint8Array(flightSize));
    this.#block.from = 0;
    return this.#block;
  }

  /** The slots up to `end` in one piece; undefined if they are not all ASCII. */
  #written(end: number, length: number, isClear: boolean): Uint8Array | undefined {
    const room = this.#room(length, isClear);
    let at = room.from;
    for (let next = this.#next; next < end; next++) {
      const slot = this.#slot(next);
      if (slot.kind === "line") {
        at = writeAscii(slot.text, room.octets, at);
        if (at < 0) return undefined;
      } else if (slot.kind === "data") {
        const left = slot.at === 0 ? slot.octets : slot.octets.subarray(slot.at);
        room.octets.set(left, at);
        at += left.length;
      }
    }
    return room.take(at);
  }

  /** The same, of any text. */
  #encoded(end: number): Uint8Array {
    const pieces: Array<Uint8Array> = [];
    for (let next = this.#next; next < end; next++) {
      const { kind, text, octets, at } = this.#slot(next);
      if (kind !== "reply") pieces.push(kind === "line" ? Octets.encode(`${text}\r\n`) : octets.subarray(at));
    }
    const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    return joined;
  }

  /** The next slot has gone into a flight. */
  #told(slot: Slot): void {
    const { octets, at, ends } = slot;
    if (slot.kind === "data") {
      this.isData = true;
      this.#endData(slot);
      this.#drop();
      this.#observer.data(at === 0 ? octets : octets.subarray(at), ends);
    } else {
      this.#drop();
      this.#observer.line(slot.stage, slot.shown, slot.chunk);
    }
  }
}
