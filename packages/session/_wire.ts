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

/** Is told of each piece as it goes out. */
export interface Observer {
  /** A command line as it may be shown, with credentials masked, and the number of octets of a chunk that follow it. */
  line(stage: AnsweredStage, shown: string, chunk: number | undefined): void;
  /** Message data, and whether a message ends with it. */
  data(octets: Uint8Array, isEnd: boolean): void;
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
}

/** Message data is handed out in blocks of this size, so that each has its own time limit (RFC 5321 section 4.5.3.2.5). */
const blockSize = 65536;

/** Blocks grow up to here as long as each is taken at once: a write costs about what it carries. Some dots more than 256 KiB. */
const largestBlock = 5 * blockSize;

/** Up to here, lines and message data are copied together to go out in one write. */
const flightSize = 16384;

/** Sessions that send no more than one message are not worth a block of memory of their own. */
const fewFlights = 8;

/** How many slots there are before more are needed; a power of two. */
const fewSlots = 8;

/** Writes a line and its CRLF, and gives the place behind it; -1 if that would be behind `full`. */
const writeLine = (text: string, target: Uint8Array, from: number, full: number): number => {
  const { length } = text;
  const end = from + length + 2;
  if (end > full) return -1;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return writeEncoded(text, target, from, full);
    target[from + index] = unit;
  }
  target[end - 2] = 0x0d;
  target[end - 1] = 0x0a;
  return end;
};

/** The same, of a line that is not ASCII. */
const writeEncoded = (text: string, target: Uint8Array, from: number, full: number): number => {
  const line = Octets.encode(`${text}\r\n`);
  const end = from + line.length;
  if (end > full) return -1;
  target.set(line, from);
  return end;
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
  /** Whose reply comes next. It is so until the reply is {@linkcode Wire.answered}. */
  awaited: Expectation | undefined = undefined;

  readonly #observer: Observer | undefined;
  #slots: Array<Slot | undefined> = [];
  #mask = fewSlots - 1;
  /** Where the next slot comes. */
  #tail = 0;
  /** The slot whose reply is awaited: a line or a reply, or none yet. */
  #head = 0;
  /** The slot that goes out next: a line or data, or none yet. */
  #next = 0;
  /** The first slot of which nothing has gone out. */
  #unsaid = 0;
  #dataPending = 0;
  /** The size of the next block of message data, if the one before is taken at once. */
  #nextBlock = blockSize;
  /** Where flights are put together, one after another; the first few go without. */
  #block: Slab.Room | undefined = undefined;
  #flights = 0;

  constructor(observer: Observer | undefined) {
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
    slot.stage = stage;
    slot.verb = verb;
    slot.recipient = recipient;
    slot.transaction = transaction;
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
  expect(stage: AnsweredStage, verb: Verb | undefined, recipient: number, transaction: Transaction | undefined): void {
    const at = this.#tail;
    const slot = this.#add("reply");
    slot.stage = stage;
    slot.verb = verb;
    slot.recipient = recipient;
    slot.transaction = transaction;
    if (this.#next === at) this.#next++;
    if (this.#unsaid === at) this.#unsaid++;
  }

  /** Whether nothing can be written before more message data is fed. */
  get isStarving(): boolean {
    const slot = this.#nextData();
    return slot !== undefined && slot.isOpen && slot.at === slot.octets.length;
  }

  /** Whether the reply that comes next would answer something that has not begun to go out. */
  get isPremature(): boolean {
    return this.#head >= this.#unsaid;
  }

  /** Whether message data waits to go out. */
  get isDataPending(): boolean {
    return this.#dataPending > 0;
  }

  get isIdle(): boolean {
    return this.#head === this.#tail && this.#next === this.#tail;
  }

  /** The next reply came. */
  answered(): void {
    this.#slot(this.#head).transaction = undefined;
    let slot: Slot | undefined;
    do slot = ++this.#head < this.#tail ? this.#slot(this.#head) : undefined; while (slot?.kind === "data");
    this.awaited = slot;
  }

  /**
   * The next octets to write: all that waits, or a block of it. `isClear` tells that what was given out before has gone out, and at
   * once: its memory may be used again, and the next block may be larger.
   */
  output(isClear: boolean): Uint8Array | undefined {
    if (this.#next === this.#tail) return undefined;
    this.isData = false;
    const first = this.#slot(this.#next);
    if (first.kind === "line") return this.#takeFlight(isClear);
    const left = first.octets.length - first.at;
    if (first.isOpen) return left === 0 ? undefined : this.#takeData(first, isClear);
    const isAlone = this.#behind(this.#next) === this.#tail;
    return isAlone || left > flightSize ? this.#takeData(first, isClear) : this.#takeFlight(isClear);
  }

  clear(): void {
    this.#slots = [];
    this.#head = this.#next = this.#unsaid = this.#tail;
    this.#dataPending = 0;
    this.awaited = undefined;
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
    const oldest = this.#head < this.#next ? this.#head : this.#next;
    if (this.#tail - oldest > this.#mask) this.#grow();
    const slot = this.#slots[this.#tail & this.#mask] ??= new Slot();
    slot.kind = kind;
    if (this.#head === this.#tail) {
      if (kind === "data") this.#head++;
      else this.awaited = slot;
    }
    this.#tail++;
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
    const slot = this.#add("data");
    slot.octets = octets;
    slot.at = 0;
    slot.ends = ends;
    slot.isOpen = isOpen;
    this.#dataPending++;
  }

  /** The next slot behind one that goes out. */
  #behind(at: number): number {
    do at++; while (at < this.#tail && this.#slot(at).kind === "reply");
    return at;
  }

  /** Takes a block of message data. */
  #takeData(slot: Slot, isClear: boolean): Uint8Array {
    const { octets, at } = slot;
    const size = isClear ? this.#nextBlock : blockSize;
    const end = Math.min(at + size, octets.length);
    this.#nextBlock = end - at < size ? size : Math.min(2 * size, largestBlock);
    const block = at === 0 && end === octets.length ? octets : octets.subarray(at, end);
    const behind = this.#behind(this.#next);
    if (this.#unsaid < behind) this.#unsaid = behind;
    slot.at = end;
    const isLast = end === octets.length && !slot.isOpen;
    if (isLast) this.#next = behind;
    this.#dataOut(slot, block, isLast);
    return block;
  }

  /** Message data goes out. */
  #dataOut(slot: Slot, block: Uint8Array, isLast: boolean): void {
    const { ends } = slot;
    this.isData = true;
    if (isLast) {
      this.#dataPending--;
      ends?.round.ended();
      slot.octets = nothing;
      slot.ends = undefined;
    }
    this.#observer?.data(block, isLast && ends !== undefined);
  }

  /** Takes lines, and message data that is small enough to go with them. Whoever is told of one may clear it all. */
  #takeFlight(isClear: boolean): Uint8Array {
    const room = this.#room(isClear);
    const { octets, from } = room;
    const full = from + flightSize;
    const first = this.#next;
    let end = from;
    while (this.#next < this.#tail) {
      const slot = this.#slot(this.#next);
      if (slot.kind === "line") {
        const behind = writeLine(slot.text, octets, end, full);
        if (behind < 0) break;
        end = behind;
        this.#pass();
        this.#observer?.line(slot.stage, slot.shown, slot.chunk);
      } else {
        const left = slot.at === 0 ? slot.octets : slot.octets.subarray(slot.at);
        if (slot.isOpen || left.length > full - end) break;
        octets.set(left, end);
        end += left.length;
        this.#pass();
        this.#dataOut(slot, left, true);
      }
    }
    return this.#next === first ? this.#takeLongLine() : room.take(end);
  }

  /** The next slot is out. */
  #pass(): void {
    this.#next = this.#behind(this.#next);
    if (this.#unsaid < this.#next) this.#unsaid = this.#next;
  }

  #room(isClear: boolean): Slab.Room {
    if (!isClear || ++this.#flights < fewFlights) return Slab.reserve(flightSize);
    this.#block ??= new Slab.Room(new Uint8Array(flightSize));
    this.#block.from = 0;
    return this.#block;
  }

  /** Takes a line that has no room in a flight. */
  #takeLongLine(): Uint8Array {
    const { text, stage, shown, chunk } = this.#slot(this.#next);
    this.#pass();
    this.#observer?.line(stage, shown, chunk);
    return Octets.encode(`${text}\r\n`);
  }
}
