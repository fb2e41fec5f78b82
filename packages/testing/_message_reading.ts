import * as Octets from "@plausch/smtp/octets";
import * as Chunk from "./_chunk.ts";
import * as Notation from "./_notation.ts";
import type { Script } from "./transcript.ts";

/** Which lines of a client are commands, and which are parts of a message. */
export interface Reading {
  /** Where the line ends that begins at `from`. A chunk may end in the middle of one. */
  lineEnd(octets: Uint8Array, from: number): number;
  /** The client says this line. Whether it is a part of a message. */
  isContent(octets: Uint8Array, from: number, to: number): boolean;
  /** The server says this line. */
  heard(line: string): void;
}

export const make = (): Reading => {
  let isDataAsked = false;
  let isInMessage = false;
  let chunk = 0;
  return {
    lineEnd: (octets, from) => {
      const end = Notation.lineEnd(octets, from);
      return chunk > 0 ? Math.min(end, from + chunk) : end;
    },
    isContent: (octets, from, to) => {
      if (chunk > 0) {
        chunk -= to - from;
        return true;
      }
      const line = Octets.decode(octets, from, to);
      if (isInMessage) {
        isInMessage = line !== ".\r\n";
        return true;
      }
      isDataAsked = /^DATA\r\n$/i.test(line);
      chunk = Chunk.sizeAfter(octets, from, to);
      return false;
    },
    heard: (line) => {
      if (isDataAsked && line.startsWith("354")) isInMessage = true;
    },
  };
};

/** Calls back for each line of the client, or what a chunk has of it. */
const eachPiece = (
  script: Script,
  visit: (octets: Uint8Array, from: number, to: number, isContent: boolean) => void,
): void => {
  let reading = make();
  for (const step of script) {
    if (step._tag === "Stage" && step.direction === "new connection") reading = make();
    if (step._tag === "Server") {
      for (const line of Octets.decode(step.octets).split("\n")) reading.heard(line);
    }
    if (step._tag !== "Client") continue;
    for (let from = 0; from < step.octets.length;) {
      const to = reading.lineEnd(step.octets, from);
      visit(step.octets, from, to, reading.isContent(step.octets, from, to));
      from = to;
    }
  }
};

/** The whole text of each line of a message that goes over several chunks, by the octets and the offset of its pieces. */
export const spreadLines = (script: Script): (octets: Uint8Array, from: number) => string | undefined => {
  const found = new Map<Uint8Array, Map<number, string>>();
  let pieces: Array<readonly [octets: Uint8Array, from: number, to: number]> = [];
  const endLine = (): void => {
    if (pieces.length > 1) {
      const text = pieces.map(([octets, from, to]) => Octets.decode(octets, from, to)).join("");
      for (const [octets, from] of pieces) found.set(octets, (found.get(octets) ?? new Map()).set(from, text));
    }
    pieces = [];
  };
  eachPiece(script, (octets, from, to, isContent) => {
    if (!isContent && Chunk.sizeAfter(octets, from, to) > 0) return;
    if (isContent) pieces.push([octets, from, to]);
    if (!isContent || octets[to - 1] === Notation.LF) endLine();
  });
  endLine();
  return (octets, from) => found.get(octets)?.get(from);
};
