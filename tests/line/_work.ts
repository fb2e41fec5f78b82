// Work counted instead of timed.

/** The octets that typed arrays move while `run` runs. */
export const octetsMoved = (run: () => void): number => {
  const prototype: Uint8Array = Object.getPrototypeOf(Uint8Array.prototype);
  const { set, copyWithin, slice } = prototype;
  let moved = 0;
  prototype.set = function (this: Uint8Array, source: ArrayLike<number>, at?: number) {
    moved += source.length;
    return set.call(this, source, at);
  };
  prototype.copyWithin = function (this: Uint8Array, to: number, from: number, end = this.length) {
    moved += end - from;
    return copyWithin.call(this, to, from, end) as never;
  };
  prototype.slice = function (this: Uint8Array, from = 0, to = this.length) {
    moved += to - from;
    return slice.call(this, from, to) as never;
  };
  try {
    run();
  } finally {
    Object.assign(prototype, { set, copyWithin, slice });
  }
  return moved;
};
