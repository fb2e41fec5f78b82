/**
 * The lines of a message, out of blocks that are cut anywhere.
 *
 * @module
 */
import * as Printable from "@plausch/smtp/printable";

const lf = 10;
const cr = 13;

/** Of a longer line the rest is only counted. */
const shownOctets = 998;

/** What a block completes. */
export interface Completed {
  /** The first lines, without their ends, escaped. */
  readonly lines: ReadonlyArray<string>;
  /** How many more there are. */
  readonly more: number;
}

/** Collects lines. */
export interface MessageLines {
  /** The lines that a block completes, `most` of them to be shown; the others are only counted, which is quick. */
  push(octets: Uint8Array, most: number): Completed;
  /** What is left without a line end, escaped; undefined if nothing is. */
  end(): string | undefined;
}

/** A collector at the start of a message. */
export const make = (): MessageLines => {
  let line: Array<number> = [];
  let length = 0;
  let last: number | undefined;
  /** The line so far; its end is `octets` long. */
  const take = (octets: number): string => {
    const shown = line.slice(0, length - octets);
    const more = length - octets - shown.length;
    line = [];
    length = 0;
    last = undefined;
    return Printable.escapeOctets(Uint8Array.from(shown)) + (more > 0 ? ` … ${more} more octets` : "");
  };
  const add = (octets: Uint8Array): void => {
    for (const octet of octets.subarray(0, Math.max(0, shownOctets - line.length))) line.push(octet);
    length += octets.length;
    last = octets.at(-1) ?? last;
  };
  return {
    push: (octets, most) => {
      const lines: Array<string> = [];
      let more = 0;
      let from = 0;
      for (let end = octets.indexOf(lf); end >= 0; end = octets.indexOf(lf, from)) {
        if (lines.length < most) {
          add(octets.subarray(from, end));
          lines.push(take(last === cr ? 1 : 0));
        } else {
          more++;
          line = [];
          length = 0;
          last = undefined;
        }
        from = end + 1;
      }
      add(octets.subarray(from));
      return { lines, more };
    },
    end: () => length === 0 ? undefined : take(0),
  };
};
