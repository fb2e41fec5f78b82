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

/** A command line on its way out, and the reply that is owed for it. */
export interface Line extends Expectation {
  /** As it goes out, without CRLF. */
  readonly text: string;
  /** As it may be shown: with credentials masked. */
  readonly shown: string;
  /** How many octets of a chunk follow it. */
  readonly chunk: number | undefined;
}

/** Message data on its way out. */
interface Data {
  octets: Uint8Array;
  at: number;
  /** Whether more of it is to come. */
  isOpen: boolean;
  /** The message that ends with it. */
  readonly ends: Transaction | undefined;
  /** How many replies are owed for it, until it begins to go out. */
  owed: number;
}

/** What is told of each piece as it goes out. */
export interface Observer {
  readonly line: (line: Line) => void;
  readonly data: (octets: Uint8Array, ends: Transaction | undefined) => void;
}

/**
 * The way out, and the queue of replies that are owed for it. Replies are matched to commands by their order alone, so it does not
 * matter how commands are grouped or how octets are cut.
 */
export interface Wire {
  say(line: Line): void;
  /** Message data, and the replies that are owed for it. */
  send(octets: Uint8Array, ends: Transaction | undefined, expectations: ReadonlyArray<Expectation>): void;
  /** Message data that comes bit by bit, see {@linkcode feed}, and the replies that are owed for all of it. */
  open(ends: Transaction, expectations: ReadonlyArray<Expectation>): void;
  /** More of what was opened, or the end of it. To be called while {@linkcode isStarving}. */
  feed(octets: Uint8Array, last: boolean): void;
  /** Whether nothing can be written before more message data is fed. */
  readonly isStarving: boolean;
  /** A reply is owed without anything said: the greeting. */
  expect(expectation: Expectation): void;
  /** Whose reply comes next. */
  readonly awaited: Expectation | undefined;
  /** Whether the reply that comes next would answer something that has not begun to go out. */
  readonly isPremature: boolean;
  /** The next reply came. */
  answered(): void;
  /**
   * The next octets to write: all that waits, or a block of it. `isClear` tells that what was given out before has gone out, so that its
   * memory may be used again.
   */
  output(isClear: boolean): Uint8Array | undefined;
  /** Whether what {@linkcode output} gave last has message data in it. */
  readonly isData: boolean;
  /** Whether message data waits to go out. */
  readonly isDataPending: boolean;
  readonly isIdle: boolean;
  clear(): void;
}

/** Message data is handed out in blocks of this size, so that each has its own time limit (RFC 5321 section 4.5.3.2.5). */
const blockSize = 65536;

/** Up to here, lines and message data are copied together to go out in one write. */
const flightSize = 16384;

/** With messages that overlap, the queue may never be empty: it is cut when so many replies have come. */
const compactAt = 1024;

/** Sessions that send no more than one message are not worth a block of memory of their own. */
const fewFlights = 8;

const nothing = new Uint8Array(0);

export const make = (observer: Observer): Wire => {
  let items: Array<Line | Data> = [];
  let next = 0;
  let expectations: Array<Expectation> = [];
  let head = 0;
  /** How many of the replies that are owed stand for something that has not begun to go out. */
  let unsaid = 0;
  let isData = false;
  let dataPending = 0;
  /** Where flights are put together, one after another; the first few go without. */
  let block: Uint8Array | undefined;
  let flights = 0;

  const drop = (): void => {
    next++;
    if (next < items.length) return;
    items = [];
    next = 0;
  };

  /** Takes up to `most` octets of message data. */
  const takeData = (item: Data, most: number): Uint8Array => {
    unsaid -= item.owed;
    item.owed = 0;
    isData = true;
    const { octets, at, ends } = item;
    const end = Math.min(at + most, octets.length);
    item.at = end;
    const block = at === 0 && end === octets.length ? octets : octets.subarray(at, end);
    const isEnd = end === octets.length && !item.isOpen;
    if (isEnd) {
      dataPending--;
      drop();
    }
    observer.data(block, isEnd ? ends : undefined);
    return block;
  };

  /** Takes lines, and message data that is small enough to go with them. */
  const takeFlight = (): ReadonlyArray<string | Uint8Array> => {
    const pieces: Array<string | Uint8Array> = [];
    let length = 0;
    for (let item = items[next]; item !== undefined; item = items[next]) {
      if ("text" in item) {
        if (length > 0 && length + item.text.length > flightSize) break;
        length += item.text.length + 2;
        unsaid--;
        pieces.push(item.text);
        drop();
        observer.line(item);
      } else {
        const left = item.octets.length - item.at;
        if (item.isOpen || length + left > flightSize) break;
        length += left;
        pieces.push(takeData(item, left));
      }
    }
    return pieces;
  };

  const add = (
    octets: Uint8Array,
    ends: Transaction | undefined,
    owed: ReadonlyArray<Expectation>,
    isOpen: boolean,
  ): void => {
    items.push({ octets, at: 0, ends, owed: owed.length, isOpen });
    for (const expectation of owed) expectations.push(expectation);
    unsaid += owed.length;
    dataPending++;
  };

  return {
    say: (line) => {
      items.push(line);
      expectations.push(line);
      unsaid++;
    },
    send: (octets, ends, owed) => add(octets, ends, owed, false),
    open: (ends, owed) => add(nothing, ends, owed, true),
    feed: (octets, last) => {
      const item = items[next];
      if (item === undefined || "text" in item) return;
      item.octets = octets;
      item.at = 0;
      item.isOpen = !last;
    },
    get isStarving() {
      const item = items[next];
      return item !== undefined && !("text" in item) && item.isOpen && item.at === item.octets.length;
    },
    expect: (expectation) => {
      expectations.push(expectation);
    },
    get awaited() {
      return expectations[head];
    },
    get isPremature() {
      return expectations.length - head <= unsaid;
    },
    answered: () => {
      head++;
      if (head === expectations.length) expectations = [];
      else if (head === compactAt) expectations.splice(0, head);
      else return;
      head = 0;
    },
    output: (isClear) => {
      const first = items[next];
      if (first === undefined) return undefined;
      isData = false;
      if (!("text" in first)) {
        const left = first.octets.length - first.at;
        if (first.isOpen && left === 0) return undefined;
        if (first.isOpen || items.length === next + 1 || left > flightSize) return takeData(first, blockSize);
      }
      if (!isClear || ++flights < fewFlights) return Slab.join(takeFlight());
      block ??= new Uint8Array(flightSize);
      return Slab.join(takeFlight(), block);
    },
    get isData() {
      return isData;
    },
    get isDataPending() {
      return dataPending > 0;
    },
    get isIdle() {
      return head === expectations.length && next === items.length;
    },
    clear: () => {
      items = [];
      next = 0;
      expectations = [];
      head = 0;
      unsaid = 0;
      dataPending = 0;
    },
  };
};
