/**
 * DNS messages on a TCP connection: each behind its length in two octets (RFC 1035 section 4.2.2).
 *
 * @example
 * ```ts
 * import * as TcpFrames from "@plausch/dns/tcp-frames";
 * import { assertEquals } from "@std/assert";
 *
 * const frames = TcpFrames.make();
 * frames.push(Uint8Array.of(0));
 * frames.push(Uint8Array.of(2, 7));
 * assertEquals(frames.next(), undefined);
 * frames.push(Uint8Array.of(8, 0, 1));
 * assertEquals(frames.next(), Uint8Array.of(7, 8));
 * assertEquals(frames.next(), undefined);
 * ```
 *
 * @module
 */

/** Cuts the octets of a connection into messages. Holds at most one message and what came behind it. */
export interface TcpFrames {
  /** Takes octets, cut anywhere. */
  readonly push: (chunk: Uint8Array) => void;
  /** The next whole message, or `undefined` until more octets came. */
  readonly next: () => Uint8Array | undefined;
}

/**
 * Starts at the beginning of a connection.
 *
 * @example
 * ```ts
 * import * as TcpFrames from "@plausch/dns/tcp-frames";
 * import { assertEquals } from "@std/assert";
 *
 * const frames = TcpFrames.make();
 * frames.push(Uint8Array.of(0, 1, 5));
 * assertEquals(frames.next(), Uint8Array.of(5));
 * ```
 */
export const make = (): TcpFrames => {
  // Chunks are joined once, when the message is whole: a message that comes octet by octet costs no more than its size.
  let chunks: Array<Uint8Array> = [];
  let held = 0;
  let need = 2;
  const join = (): Uint8Array => {
    if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0];
    const whole = new Uint8Array(held);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    chunks = [whole];
    return whole;
  };
  return {
    push: (chunk) => {
      if (chunk.length === 0) return;
      // As a plain array, whose slices are copies, which those of a Buffer are not.
      chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      held += chunk.length;
    },
    next: () => {
      if (held < need) return undefined;
      const octets = join();
      const end = 2 + (octets[0] ?? 0) * 0x100 + (octets[1] ?? 0);
      if (held < end) {
        need = end;
        return undefined;
      }
      chunks = held === end ? [] : [octets.subarray(end)];
      held -= end;
      need = 2;
      return octets.slice(2, end);
    },
  };
};

/**
 * A message with its length in front.
 *
 * @example
 * ```ts
 * import * as TcpFrames from "@plausch/dns/tcp-frames";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(TcpFrames.encode(Uint8Array.of(7, 8)), Uint8Array.of(0, 2, 7, 8));
 * ```
 */
export const encode = (message: Uint8Array): Uint8Array => {
  const out = new Uint8Array(message.length + 2);
  out[0] = message.length >> 8;
  out[1] = message.length & 0xff;
  out.set(message, 2);
  return out;
};
