// What the server says, in its order, and what stands between: pauses, silence, the end.
import * as Reply from "@plausch/smtp/reply";
import * as Phrase from "./_phrase.ts";
import * as Wire from "./_wire.ts";

type Item =
  | { readonly _tag: "Reply"; readonly reply: Reply.Reply }
  | { readonly _tag: "Raw"; readonly text: string }
  | { readonly _tag: "Pause"; readonly millis: number }
  | { readonly _tag: "Stall" }
  | { readonly _tag: "End" };

/** The server's voice. What it has to say waits until it is fetched; nothing of it passes a pause. */
export class Speaker {
  /** The connection has ended. */
  isOver = false;
  #isMute = false;
  /** What is ready: a row of usual replies, and then a text. */
  #phrase = Phrase.silence;
  #text = "";
  /** What waits; it begins with a pause. */
  #later: Array<Item> = [];
  readonly #onSaid: (reply: Reply.Reply) => void;

  /** `onSaid` sees each reply when it goes out. */
  constructor(onSaid: (reply: Reply.Reply) => void) {
    this.#onSaid = onSaid;
  }

  /** A reply goes out. */
  say(reply: Reply.Reply): void {
    if (this.#later.length > 0) this.#later.push({ _tag: "Reply", reply });
    else this.#speak(reply);
  }

  /** A text goes out as it is, as from `Octets.decode`. */
  sayRaw(text: string): void {
    this.#push({ _tag: "Raw", text });
  }

  /** What comes next waits so many milliseconds. */
  pause(millis: number): void {
    this.#push({ _tag: "Pause", millis });
  }

  /** Nothing comes any more, and the connection stays. */
  stall(): void {
    this.#push({ _tag: "Stall" });
  }

  /** The connection ends once what was said is fetched. */
  end(): void {
    this.#push({ _tag: "End" });
  }

  /** Drops what waits behind a pause. */
  discard(): void {
    this.#later = [];
  }

  /** Ends the connection now: nothing more is said. */
  cut(): void {
    this.#later = [];
    this.isOver = true;
  }

  /** The pause is over. */
  resume(): void {
    const [, ...items] = this.#later;
    this.#later = [];
    for (const item of items) this.#push(item);
  }

  /** How many milliseconds to wait, if what comes next has to wait. */
  get pausing(): number | undefined {
    if (this.#later.length === 0) return undefined;
    const first = this.#later[0]!;
    return first._tag === "Pause" ? first.millis : undefined;
  }

  /** The octets to write now; undefined if there are none. */
  take(): Uint8Array | undefined {
    const phrase = this.#phrase;
    const text = this.#text;
    this.#phrase = Phrase.silence;
    this.#text = "";
    if (text !== "") return Wire.encode(phrase.text + text);
    return phrase === Phrase.silence ? undefined : phrase.octets;
  }

  #push(item: Item): void {
    if (this.#later.length > 0) this.#later.push(item);
    else this.#apply(item);
  }

  #apply(item: Item): void {
    if (this.isOver || this.#isMute) return;
    switch (item._tag) {
      case "Reply":
        this.#speak(item.reply);
        return;
      case "Raw":
        this.#text += item.text;
        return;
      case "Pause":
        this.#later.push(item);
        return;
      case "Stall":
        this.#isMute = true;
        return;
      case "End":
        this.isOver = true;
    }
  }

  #speak(reply: Reply.Reply): void {
    if (this.isOver || this.#isMute) return;
    this.#onSaid(reply);
    const phrase = this.#text === "" ? this.#phrase.and(reply) : undefined;
    if (phrase === undefined) this.#text += Reply.format(reply);
    else this.#phrase = phrase;
  }
}
