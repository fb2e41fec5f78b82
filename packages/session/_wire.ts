import * as Octets from "@plausch/smtp/octets";
import type { Verb } from "@plausch/smtp/phase";
import type { AnsweredStage } from "./_reactions.ts";

/** A reply that is owed. */
export interface Expectation {
  readonly stage: AnsweredStage;
  /** What moves the phase table; undefined for a raw command. */
  readonly verb: Verb | undefined;
  /** The recipient's place in the envelope, where the reply is about one; else -1. */
  readonly recipient: number;
}

/** A command line on its way out. */
export interface Line {
  readonly stage: AnsweredStage;
  /** As it goes out, without CRLF. */
  readonly text: string;
  /** As it may be shown: with credentials masked. */
  readonly shown: string;
  /** How many octets of a chunk follow it. */
  readonly chunk: number | undefined;
}

/** Message data on its way out. */
interface Data {
  readonly octets: Uint8Array;
  at: number;
  /** Whether the message ends with it. */
  readonly last: boolean;
}

/** What is told of each piece as it goes out. */
export interface Observer {
  readonly line: (line: Line) => void;
  readonly data: (octets: Uint8Array, last: boolean) => void;
}

/**
 * The way out, and the queue of replies that are owed for it. Replies are matched to commands by their order alone, so it does not
 * matter how commands are grouped or how octets are cut.
 */
export interface Wire {
  say(line: Line, expectation: Expectation): void;
  /** Message data, and the replies that are owed for it. */
  send(octets: Uint8Array, last: boolean, expectations: ReadonlyArray<Expectation>): void;
  /** A reply is owed without anything said: the greeting. */
  expect(expectation: Expectation): void;
  /** Whose reply comes next. */
  readonly awaited: Expectation | undefined;
  /** Whether the reply that comes next would answer something that has not begun to go out. */
  readonly isPremature: boolean;
  /** The next reply came. */
  answered(): void;
  /** The next octets to write: all lines that wait, or a block of message data. */
  output(): Uint8Array | undefined;
  /** Whether what {@linkcode output} gave last has message data in it. */
  readonly isData: boolean;
  /** Whether message data waits to go out. */
  readonly isDataPending: boolean;
  readonly isIdle: boolean;
  clear(): void;
}

/** Message data is handed out in blocks of this size, so that each has its own time limit (RFC 5321 section 4.5.3.2.5). */
const blockSize = 65536;

export const make = (observer: Observer): Wire => {
  let items: Array<{ readonly piece: Line | Data; owed: number }> = [];
  let next = 0;
  let expectations: Array<Expectation> = [];
  let head = 0;
  /** How many of the replies that are owed stand for something that has not begun to go out. */
  let unsaid = 0;
  let isData = false;

  const add = (piece: Line | Data, owed: ReadonlyArray<Expectation>): void => {
    items.push({ piece, owed: owed.length });
    for (const expectation of owed) expectations.push(expectation);
    unsaid += owed.length;
  };

  const begin = (item: { owed: number }): void => {
    unsaid -= item.owed;
    item.owed = 0;
  };

  const drop = (): void => {
    next++;
    if (next < items.length) return;
    items = [];
    next = 0;
  };

  const takeLines = (): ReadonlyArray<Line> => {
    const lines: Array<Line> = [];
    for (let item = items[next]; item !== undefined && "text" in item.piece; item = items[next]) {
      begin(item);
      lines.push(item.piece);
      drop();
      if (item.piece.chunk !== undefined) break;
    }
    return lines;
  };

  const takeBlock = (): Uint8Array | undefined => {
    const item = items[next];
    if (item === undefined || "text" in item.piece) return undefined;
    begin(item);
    const { octets, at, last } = item.piece;
    const end = Math.min(at + blockSize, octets.length);
    item.piece.at = end;
    const block = octets.subarray(at, end);
    const isEnd = end === octets.length;
    if (isEnd) drop();
    observer.data(block, last && isEnd);
    return block;
  };

  return {
    say: (line, expectation) => add(line, [expectation]),
    send: (octets, last, owed) => add({ octets, at: 0, last }, owed),
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
      if (head < expectations.length) return;
      expectations = [];
      head = 0;
    },
    output: () => {
      const lines = takeLines();
      for (const line of lines) observer.line(line);
      // A chunk goes out together with the line that announces it.
      const block = lines.length === 0 || lines.at(-1)?.chunk !== undefined ? takeBlock() : undefined;
      isData = block !== undefined;
      if (lines.length === 0) return block;
      const said = Octets.encode(lines.map(({ text }) => `${text}\r\n`).join(""));
      if (block === undefined) return said;
      const octets = new Uint8Array(said.length + block.length);
      octets.set(said);
      octets.set(block, said.length);
      return octets;
    },
    get isData() {
      return isData;
    },
    get isDataPending() {
      return items.slice(next).some(({ piece }) => !("text" in piece));
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
    },
  };
};
