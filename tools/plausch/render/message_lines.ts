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

/** Collects lines. */
export interface MessageLines {
  /** The lines that a block completes, without their ends, escaped. */
  push(octets: Uint8Array): ReadonlyArray<string>;
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
  return {
    push: (octets) => {
      const lines: Array<string> = [];
      for (const octet of octets) {
        if (octet === lf) lines.push(take(last === cr ? 1 : 0));
        else {
          if (line.length < shownOctets) line.push(octet);
          length++;
          last = octet;
        }
      }
      return lines;
    },
    end: () => length === 0 ? undefined : take(0),
  };
};
