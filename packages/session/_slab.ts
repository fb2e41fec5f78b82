/** Memory to write into, from {@linkcode Room.from} on. */
export class Room {
  /** Where free octets begin. */
  from = 0;

  constructor(readonly octets: Uint8Array) {}

  /** What was written up to `end`. The next one who writes begins behind it. */
  take(end: number): Uint8Array {
    const taken = this.octets.subarray(this.from, end);
    this.from = end;
    return taken;
  }
}

/** Small flights are cut from blocks of this size: to make an array of its own for each costs more than to fill it. */
const slabSize = 65536;

let slab = new Room(new Uint8Array(0));

/**
 * Fresh octets that nobody else has, at least `most` of them. They are to be written and taken at once: the next one who reserves gets
 * what was not taken.
 */
export const reserve = (most: number): Room => {
  if (most > slabSize / 4) return new Room(new Uint8Array(most));
  if (most > slab.octets.length - slab.from) slab = new Room(new Uint8Array(slabSize));
  return slab;
};
