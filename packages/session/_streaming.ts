import * as DotStuffing from "@plausch/line/dot-stuffing";
import type { LineError } from "@plausch/line/line-error";
import type { Content, Source } from "./content.ts";

/** A streamed message between its source and the wire. */
export interface Streaming {
  /** Where it comes from. */
  readonly source: Source;
  /**
   * More of the message; undefined behind its end. `isClear` says that all that was taken before has gone out, so that its memory may be
   * used again. Gives what is wrong with the message, if anything.
   */
  supply(octets: Uint8Array | undefined, isClear: boolean): LineError | undefined;
  /** What is ready for the wire. */
  take(): Uint8Array;
  /** A whole chunk, or the last one, if it is complete; and whether it is the last. */
  takeChunk(): readonly [chunk: Uint8Array, last: boolean] | undefined;
  readonly hasChunk: boolean;
}

/** The most memory that is kept to be used again: what is larger is made anew, and left to the collector. */
const mostKept = 4 * 1024 * 1024;

const nothing = new Uint8Array(0);

/**
 * For DATA: dots stuffed, and the lone dot at the end. What is ready is taken before more is supplied, and one block of memory is enough
 * for all of it: to make one each time costs more than to fill it, and the collector comes too late.
 */
export const withDots = (source: Source): Streaming => {
  const stuffer = DotStuffing.make(source.policy);
  let block: Uint8Array = nothing;
  let ready: Uint8Array = nothing;
  const room = (most: number, isClear: boolean): Uint8Array => {
    if (most > mostKept) return new Uint8Array(most);
    if (!isClear || most > block.length) block = new Uint8Array(most);
    return block;
  };
  return {
    source,
    supply: (octets, isClear) => {
      const target = room(DotStuffing.bound(octets?.length ?? 0), isClear);
      const end = octets === undefined ? stuffer.finishInto(target, 0) : stuffer.pushInto(octets, target, 0);
      ready = target.subarray(0, end);
      return stuffer.failure;
    },
    take: () => {
      const octets = ready;
      ready = nothing;
      return octets;
    },
    takeChunk: () => undefined,
    hasChunk: false,
  };
};

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

/** For BDAT, in chunks of that size: line ends by policy, a binary message as it is. */
export const inChunks = (source: Source, { isBinary }: Content, chunkSize: number): Streaming => {
  const stuffer = isBinary ? undefined : DotStuffing.bare(source.policy);
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
      if (stuffer === undefined) add(octets?.slice() ?? nothing);
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
