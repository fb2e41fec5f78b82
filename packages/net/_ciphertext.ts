import { constVoid } from "effect/Function";
import type * as net from "node:net";
import { Duplex } from "node:stream";

/**
 * The encrypted octets of a connection, as a stream for the TLS engine to sit on.
 *
 * The engine could take the socket itself. But Deno's then reads on while nobody takes what it has decrypted, without limit: a
 * paused `TLSSocket` does not slow its peer. Through this stream the socket stays ours to pause. Its errors do, too: to the engine
 * a broken line is the end of the input, so that what came before the break is decrypted and handed out first.
 */
export class Ciphertext extends Duplex {
  readonly #raw: net.Socket;

  /** `received` was read from the socket before, and belongs to the handshake. */
  constructor(raw: net.Socket, received: ReadonlyArray<Uint8Array>) {
    super({ allowHalfOpen: true });
    this.#raw = raw;
    this.on("error", constVoid);
    for (const octets of received) this.push(octets);
    let over = false;
    const end = () => {
      if (!over && !this.destroyed) this.push(null);
      over = true;
    };
    raw.on("data", (octets: Uint8Array) => void (over || this.destroyed || this.push(octets)));
    raw.once("end", end).once("close", end);
  }

  /** The socket is paused and resumed from outside. */
  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, callback: (error?: Error | null) => void): void {
    this.#raw.write(chunk, callback);
  }

  override _writev(chunks: Array<{ chunk: Uint8Array }>, callback: (error?: Error | null) => void): void {
    this.#raw.cork();
    const last = chunks.length - 1;
    for (let i = 0; i < last; i++) this.#raw.write(chunks[i]!.chunk);
    this.#raw.write(chunks[last]!.chunk, callback);
    this.#raw.uncork();
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#raw.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#raw.destroy();
    callback(error);
  }
}
