/** The octets of a message while they come in. */
export interface MessageBuffer {
  /** Adds a copy of the octets. */
  readonly add: (octets: Uint8Array) => void;
  /** How many octets came, also those beyond the limit. */
  readonly length: () => number;
  /** The message, or undefined if it is larger than the limit. */
  readonly take: () => Uint8Array | undefined;
}

/**
 * A buffer for at most `limit` octets. It costs about what it holds, into however many pieces a client cuts its message;
 * beyond the limit it holds nothing.
 */
export const make = (limit: number): MessageBuffer => {
  let bytes = new Uint8Array(0);
  let length = 0;

  const grow = (needed: number): void => {
    const larger = new Uint8Array(Math.max(needed, 2 * bytes.length));
    larger.set(bytes.subarray(0, length));
    bytes = larger;
  };

  return {
    add: (octets) => {
      const at = length;
      length += octets.length;
      if (length > limit) {
        bytes = new Uint8Array(0);
        return;
      }
      if (length > bytes.length) grow(length);
      bytes.set(octets, at);
    },
    length: () => length,
    take: () => length > limit ? undefined : bytes.length === length ? bytes : bytes.slice(0, length),
  };
};
