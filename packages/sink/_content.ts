// What comes in that is no line: a message after DATA, a chunk after BDAT.
import * as DotUnstuffing from "@plausch/line/dot-unstuffing";
import type { LineError } from "@plausch/line/line-error";
import type { MessageBuffer } from "./_message_buffer.ts";

/**
 * Takes the next octets of the client. Gives what follows the content once it is whole, which may be nothing; undefined as long as
 * there is more to come; the error that no message may have.
 */
export type Incoming = (octets: Uint8Array) => Uint8Array | LineError | undefined;

/** A message up to its lone dot (RFC 5321 section 4.5.2). */
export const data = (content: MessageBuffer): Incoming => {
  const unstuffer = DotUnstuffing.make();
  return (octets) => {
    content.addFrom(octets.length + 1, (target, at) => unstuffer.pushInto(octets, target, at));
    return unstuffer.failure ?? (unstuffer.ended ? unstuffer.rest : undefined);
  };
};

/** So many octets, whatever they are (RFC 3030 section 2). Without a buffer they are swallowed. */
export const chunk = (size: number, content: MessageBuffer | undefined): Incoming => {
  let missing = size;
  return (octets) => {
    const part = octets.subarray(0, missing);
    missing -= part.length;
    content?.add(part);
    return missing > 0 ? undefined : octets.subarray(part.length);
  };
};
