/**
 * Text for standard output and standard error.
 *
 * @module
 */

/** Where text can be written at once: a stream of the process. */
export interface Stream {
  /** Writes octets, and tells how many it took. */
  readonly writeSync: (octets: Uint8Array) => number;
}

const encoder = new TextEncoder();

/** Writes text to a stream. */
export const write = (stream: Stream, text: string): void => {
  try {
    for (let octets = encoder.encode(text); octets.length > 0;) {
      octets = octets.subarray(stream.writeSync(octets));
    }
  } catch (error) {
    // The reader has gone, as with `plausch … | head -1`: there is nobody left to tell.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
};

/** A way to print lines on a stream. */
export const print = (stream: Stream) => (text: string): void => write(stream, `${text}\n`);
