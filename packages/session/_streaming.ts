import * as DotStuffing from "@plausch/line/dot-stuffing";
import type { LineError } from "@plausch/line/line-error";
import type { Content, Source } from "./content.ts";

/** A streamed message between its source and the wire. */
export interface Streaming {
  /** Where it comes from. */
  readonly source: Source;
  /** More of the message; undefined behind its end. Gives what is wrong with it, if anything. */
  supply(octets: Uint8Array | undefined): LineError | undefined;
  /** What is ready for the wire. */
  take(): Uint8Array;
  /** A whole chunk, or the last one, if it is complete; and whether it is the last. */
  takeChunk(): readonly [chunk: Uint8Array, last: boolean] | undefined;
  readonly hasChunk: boolean;
}

const join = (pieces: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  if (pieces.length === 1) return pieces[0]!;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
};

const make = (source: Source, stuffer: DotStuffing.DotStuffer | undefined, chunkSize: number): Streaming => {
  let pieces: Array<Uint8Array> = [];
  let length = 0;
  let isOver = false;
  const add = (octets: Uint8Array): void => {
    if (octets.length === 0) return;
    pieces.push(octets);
    length += octets.length;
  };
  const take = (): Uint8Array => {
    const octets = join(pieces, length);
    pieces = [];
    length = 0;
    return octets;
  };
  const hasChunk = (): boolean => isOver || length >= chunkSize;
  return {
    source,
    supply: (octets) => {
      isOver = octets === undefined;
      // What goes as it is, is copied like the rest: its source may use the octets again.
      if (stuffer === undefined) add(octets?.slice() ?? new Uint8Array(0));
      else add(octets === undefined ? stuffer.finish() : stuffer.push(octets));
      return stuffer?.failure;
    },
    take,
    takeChunk: () => {
      if (!hasChunk()) return undefined;
      const all = take();
      if (all.length <= chunkSize) return [all, isOver];
      add(all.subarray(chunkSize));
      return [all.subarray(0, chunkSize), false];
    },
    get hasChunk() {
      return hasChunk();
    },
  };
};

/** For DATA: dots stuffed, and the lone dot at the end. */
export const withDots = (source: Source): Streaming => make(source, DotStuffing.make(source.policy), Infinity);

/** For BDAT, in chunks of that size: line ends by policy, a binary message as it is. */
export const inChunks = (source: Source, { isBinary }: Content, chunkSize: number): Streaming =>
  make(source, isBinary ? undefined : DotStuffing.bare(source.policy), chunkSize);
