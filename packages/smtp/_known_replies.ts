// Servers answer most commands in the same few ways, and in the same order for each message. A reply that came before, octet for
// octet, is the same value again, and nothing of it is made anew.
import type { Reply } from "./reply.ts";

/** The longest reply that is known again. */
const maxOctets = 128;

/** How many there are at most. */
const places = 16;

/** After so many replies in a row that were looked up in vain, few are: then most have something of their own, such as a name. */
const patience = 64;
/** One in so many. A prime, so that a conversation that goes in circles is looked at everywhere. */
const seldom = 13;

/** No key at all. */
const none = -1;

/** What stands in a new place for a moment. */
const nothing: Reply = { code: 0, lines: [], enhanced: undefined, warnings: [] };

const noWords: DataView = new DataView(new ArrayBuffer(0));

/** A reply that came twice. */
export interface Known {
  key: number;
  length: number;
  reply: Reply;
  /** Where its octets are kept. */
  readonly at: number;
  /** The known reply that came after it the last time. */
  next: Known | undefined;
}

/** All octets of a reply, mixed into 30 bits. */
const keyOf = (octets: Uint8Array, start: number, end: number): number => {
  let key = 0;
  for (let at = start; at < end; at++) key = (Math.imul(key, 31) + octets[at]!) | 0;
  return key >>> 2;
};

/**
 * The replies of one connection that came at least twice. What comes once takes no place away. So no server can make this grow, nor
 * make it much slower than to know nothing.
 */
export class KnownReplies {
  /** The keys that came last without being known. */
  readonly #seen: Array<number> = new Array(places).fill(none);
  #seenAt = 0;
  readonly #known: Array<Known> = [];
  /** Which of them makes room when all places are taken. */
  #eldest = 0;
  /** The octets of what is known, place by place. */
  #kept: DataView = noWords;
  #last: Known | undefined;
  /** Of the reply that was looked for last. */
  #key = none;
  #patience = patience;
  #passed = 0;

  /** The reply that came after the last one before, if it comes again: `octets[start..end)` begins with it. */
  expected(octets: Uint8Array, words: DataView, start: number, end: number): Known | undefined {
    const next = this.#last?.next;
    if (next === undefined || start + next.length > end || !this.#isAt(next, octets, words, start)) return undefined;
    return this.#last = next;
  }

  /** The reply `octets[start..end)`, if it is known. */
  find(octets: Uint8Array, words: DataView, start: number, end: number): Known | undefined {
    const last = this.#last;
    const length = end - start;
    // A reply that came in pieces
    if (last?.next?.length === length && this.#isAt(last.next, octets, words, start)) return this.#last = last.next;
    const isWorthIt = length <= maxOctets && (this.#patience > 0 || ++this.#passed % seldom === 0);
    this.#key = isWorthIt ? keyOf(octets, start, end) : none;
    if (!isWorthIt) return undefined;
    for (let place = 0; place < this.#known.length; place++) {
      const known = this.#known[place]!;
      if (known.key !== this.#key || known.length !== length || !this.#isAt(known, octets, words, start)) continue;
      if (last !== undefined) last.next = known;
      this.#patience = patience;
      return this.#last = known;
    }
    return undefined;
  }

  /** Notes the reply `octets[start..end)`, which was just looked for in vain: it is known from now on, if it came before. */
  note(octets: Uint8Array, start: number, end: number, reply: Reply): void {
    const key = this.#key;
    if (key === none) return;
    if (this.#patience > 0) this.#patience--;
    if (!this.#seen.includes(key)) {
      this.#seen[this.#seenAt++ % places] = key;
      return;
    }
    if (this.#kept === noWords) this.#kept = new DataView(new ArrayBuffer(places * maxOctets));
    const known = this.#place();
    known.key = key;
    known.length = end - start;
    known.reply = reply;
    for (let at = start; at < end; at++) this.#kept.setUint8(known.at + at - start, octets[at]!);
  }

  /** A new place, or that of the reply that is known for longest. */
  #place(): Known {
    if (this.#known.length === places) return this.#known[this.#eldest++ % places]!;
    const known = { key: none, length: 0, reply: nothing, at: this.#known.length * maxOctets, next: undefined };
    this.#known.push(known);
    return known;
  }

  #isAt({ at: from, length }: Known, octets: Uint8Array, words: DataView, start: number): boolean {
    const kept = this.#kept;
    let at = 0;
    if (words.byteLength > 0) {
      for (; at + 4 <= length; at += 4) if (kept.getInt32(from + at) !== words.getInt32(start + at)) return false;
    }
    for (; at < length; at++) if (kept.getUint8(from + at) !== octets[start + at]) return false;
    return true;
  }
}
