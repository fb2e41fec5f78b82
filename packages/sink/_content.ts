// What comes in that is no line: a message after DATA, a chunk after BDAT.
import * as DotUnstuffing from "@plausch/line/dot-unstuffing";
import type { LineError } from "@plausch/line/line-error";
import type { MessageBuffer } from "./_message_buffer.ts";

/** Something that is not whole yet. */
export interface Incoming {
  /**
   * Takes the next octets of the client. Gives what follows the content once it is whole, which may be nothing; undefined as long as
   * there is more to come; the error that no message may have.
   */
  take(octets: Uint8Array): Uint8Array | LineError | undefined;
}

/** A message up to its lone dot (RFC 5321 section 4.5.2). */
export class Data implements Incoming {
  readonly #content: MessageBuffer;
  readonly #unstuffer = DotUnstuffing.make();

  constructor(content: MessageBuffer) {
    this.#content = content;
  }

  take(octets: Uint8Array): Uint8Array | LineError | undefined {
    this.#content.addUnstuffed(octets, this.#unstuffer);
    return this.#unstuffer.failure ?? (this.#unstuffer.ended ? this.#unstuffer.rest : undefined);
  }
}

/** So many octets, whatever they are (RFC 3030 section 2). Without a buffer they are swallowed. */
export class Chunk implements Incoming {
  readonly #content: MessageBuffer | undefined;
  #missing: number;

  constructor(size: number, content: MessageBuffer | undefined) {
    this.#missing = size;
    this.#content = content;
  }

  take(octets: Uint8Array): Uint8Array | undefined {
    const part = octets.subarray(0, this.#missing);
    this.#missing -= part.length;
    this.#content?.add(part);
    return this.#missing > 0 ? undefined : octets.subarray(part.length);
  }
}
