// Replies that are always the same, one after the other: most of what a server says. Each such row is put into words once, and into
// octets when it is said for the first time.
import * as Octets from "@plausch/smtp/octets";
import * as Reply from "@plausch/smtp/reply";
import * as Replies from "./_replies.ts";

const words: ReadonlyMap<Reply.Reply, string> = new Map(
  Object.values(Replies).flatMap((reply) => typeof reply === "function" ? [] : [[reply, Reply.format(reply)] as const]),
);

/** So many rows are kept, and none that is longer than this. */
const most = 256;
const longest = 2048;

let known = 0;

/** A row of replies. */
export class Phrase {
  readonly text: string;
  #octets: Uint8Array | undefined;
  readonly #longer = new Map<Reply.Reply, Phrase>();

  constructor(text: string) {
    this.text = text;
  }

  /** The same octets each time. */
  get octets(): Uint8Array {
    return this.#octets ??= Octets.encode(this.text);
  }

  /** This row with one more reply; undefined if that is not kept. */
  and(reply: Reply.Reply): Phrase | undefined {
    return this.#longer.get(reply) ?? this.#grow(reply);
  }

  #grow(reply: Reply.Reply): Phrase | undefined {
    const more = words.get(reply);
    if (more === undefined || known >= most || this.text.length + more.length > longest) return undefined;
    known++;
    const longer = new Phrase(this.text + more);
    this.#longer.set(reply, longer);
    return longer;
  }
}

/** Nothing is said yet. */
export const silence = new Phrase("");
