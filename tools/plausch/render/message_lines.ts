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
  const take = (withoutEnd: boolean): string => {
    const isCut = length > line.length;
    if (withoutEnd && !isCut && line.at(-1) === cr) line.pop();
    const text = Printable.escapeOctets(Uint8Array.from(line));
    const more = isCut ? ` … ${length - line.length} more octets` : "";
    line = [];
    length = 0;
    return text + more;
  };
  return {
    push: (octets) => {
      const lines: Array<string> = [];
      for (const octet of octets) {
        if (octet === lf) lines.push(take(true));
        else {
          if (line.length < shownOctets) line.push(octet);
          length++;
        }
      }
      return lines;
    },
    end: () => length === 0 ? undefined : take(false),
  };
};
