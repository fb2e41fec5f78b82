import * as Notation from "./_notation.ts";

/** A line of the client's with gaps in it: where it lies in the octets of its step, and the texts between its gaps. */
export interface GapLine {
  readonly from: number;
  readonly to: number;
  readonly parts: ReadonlyArray<string>;
}

const text = (octets: Uint8Array): string => Array.from(octets, (octet) => String.fromCharCode(octet)).join("");

/** The first line at or behind `from` that has a gap, if there is one. */
export const next = (octets: Uint8Array, gaps: ReadonlyArray<number>, from: number): GapLine | undefined => {
  const first = gaps.find((gap) => gap >= from);
  if (first === undefined) return undefined;
  const begin = first === 0 ? 0 : octets.lastIndexOf(Notation.LF, first - 1) + 1;
  const end = Notation.lineEnd(octets, first);
  const inside = gaps.filter((gap) => gap >= begin && gap < end);
  const edges = [begin, ...inside, end];
  const parts = edges.slice(1).map((edge, index) => text(octets.subarray(edges[index]!, edge)));
  return { from: begin, to: end, parts };
};

/** Whether a line, heard as far as it goes, may still become such a one (`begun`), is one (`whole`), or neither. */
export const judge = ({ parts }: GapLine, heard: Uint8Array): "begun" | "whole" | "different" => {
  const line = text(heard);
  const [first = ""] = parts;
  const isWhole = heard.at(-1) === Notation.LF;
  if (!isWhole) return line.startsWith(first) || first.startsWith(line) ? "begun" : "different";
  if (!line.startsWith(first)) return "different";
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    at = line.indexOf(part, at);
    if (at < 0) return "different";
    at += part.length;
  }
  const last = parts.at(-1)!;
  return line.length - last.length >= at && line.endsWith(last) ? "whole" : "different";
};
