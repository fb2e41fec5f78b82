import * as Notation from "./_notation.ts";

const latin1 = (octets: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...octets.subarray(from, to));

const longest = "BDAT 18446744073709551615 LAST\r\n".length;

/** How many octets of a message follow the line `octets[from..to)`: as many as BDAT says (RFC 3030 section 2), or none. */
export const sizeAfter = (octets: Uint8Array, from: number, to: number): number => {
  if (to - from > longest) return 0;
  return Number(/^BDAT (\d+)(?: LAST)?\r\n$/i.exec(latin1(octets, from, to))?.[1] ?? 0);
};

/** Whether the text of so many octets is better read in hexadecimal. Marks have no place there. */
const isBinary = (text: string, length: number): boolean =>
  (text.match(/\\x/g)?.length ?? 0) * 4 > length && !/\\[*|]/.test(text);

/** The texts of lines for a part of a message: its own lines as text where they are text, and the last one without a line end. */
export const texts = (octets: Uint8Array, from: number, to: number, marks: Notation.Marks): ReadonlyArray<string> => {
  const lines: Array<string> = [];
  for (let at = from; at < to;) {
    const end = Math.min(Notation.lineEnd(octets, at), to);
    const text = Notation.lineText(octets, at, end, marks);
    if (isBinary(text, end - at)) lines.push(...Notation.dump(octets, at, end));
    else lines.push(text);
    at = end;
  }
  return lines;
};
