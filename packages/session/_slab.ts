import * as Octets from "@plausch/smtp/octets";

/** Small flights are cut from blocks of this size: to make an array of its own for each costs more than to fill it. */
const slabSize = 32768;

let slab: Uint8Array = new Uint8Array(0);
let used = 0;

/**
 * Fresh octets that nobody else has: `fill` is given room for `most`, and says behind which octet of the room it stopped. It must not
 * allocate itself.
 */
export const allocate = (most: number, fill: (room: Uint8Array, from: number) => number): Uint8Array => {
  if (most > slabSize / 4) {
    const own = new Uint8Array(most);
    return own.subarray(0, fill(own, 0));
  }
  if (most > slab.length - used) {
    slab = new Uint8Array(slabSize);
    used = 0;
  }
  const from = used;
  used = fill(slab, from);
  return slab.subarray(from, used);
};

/** Writes a line and its CRLF into `target`, and gives the place behind it; undefined where the line is not ASCII. */
const writeAscii = (text: string, target: Uint8Array, at: number): number | undefined => {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return undefined;
    target[at++] = unit;
  }
  target[at++] = 0x0d;
  target[at++] = 0x0a;
  return at;
};

/** What goes out in one piece: lines of text, each to be ended with CRLF, and octets. In `block`, if it is given and has room for them. */
export const join = (pieces: ReadonlyArray<string | Uint8Array>, block?: Uint8Array): Uint8Array => {
  let length = 0;
  for (const piece of pieces) length += typeof piece === "string" ? piece.length + 2 : piece.length;
  let isAscii = true;
  const fill = (room: Uint8Array, from: number): number => {
    let at = from;
    for (const piece of pieces) {
      if (typeof piece === "string") {
        const end = writeAscii(piece, room, at);
        isAscii = end !== undefined;
        if (end === undefined) return from;
        at = end;
      } else {
        room.set(piece, at);
        at += piece.length;
      }
    }
    return at;
  };
  const hasRoom = block !== undefined && length <= block.length;
  const joined = hasRoom ? block.subarray(0, fill(block, 0)) : allocate(length, fill);
  return isAscii
    ? joined
    : join(pieces.map((piece) => typeof piece === "string" ? Octets.encode(`${piece}\r\n`) : piece));
};
