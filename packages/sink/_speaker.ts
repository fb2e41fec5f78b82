// What the server says, in its order, and what stands between: pauses, silence, the end.
import * as Reply from "@plausch/smtp/reply";
import * as Replies from "./_replies.ts";

type Item =
  | { readonly _tag: "Reply"; readonly reply: Reply.Reply }
  | { readonly _tag: "Raw"; readonly text: string }
  | { readonly _tag: "Pause"; readonly millis: number }
  | { readonly _tag: "Stall" }
  | { readonly _tag: "End" };

/** The server's voice. What it has to say waits until it is fetched; nothing of it passes a pause. */
export interface Speaker {
  /** A reply goes out. */
  say(reply: Reply.Reply): void;
  /** A text goes out as it is, as from `Octets.decode`. */
  sayRaw(text: string): void;
  /** What comes next waits so many milliseconds. */
  pause(millis: number): void;
  /** Nothing comes any more, and the connection stays. */
  stall(): void;
  /** The connection ends once what was said is fetched. */
  end(): void;
  /** Drops what waits behind a pause. */
  discard(): void;
  /** Ends the connection now: nothing more is said. */
  cut(): void;
  /** The pause is over. */
  resume(): void;
  /** How many milliseconds to wait, if what comes next has to wait. */
  readonly pausing: number | undefined;
  /** The text to write now, as from `Octets.decode`; empty if there is none. */
  take(): string;
  /** Whether the connection has ended. */
  readonly isOver: boolean;
}

/** Most of what is said is always the same, and put into words once. */
const words: ReadonlyMap<Reply.Reply, string> = new Map(
  Object.values(Replies).flatMap((reply) => typeof reply === "function" ? [] : [[reply, Reply.format(reply)] as const]),
);

/** A new one; `onSaid` sees each reply when it goes out. */
export const make = (onSaid: (reply: Reply.Reply) => void): Speaker => {
  let ready = "";
  /** What waits; it begins with a pause. */
  let later: Array<Item> = [];
  let isOver = false;
  let isMute = false;

  const apply = (item: Item): void => {
    if (isOver || isMute) return;
    switch (item._tag) {
      case "Reply":
        onSaid(item.reply);
        ready += words.get(item.reply) ?? Reply.format(item.reply);
        return;
      case "Raw":
        ready += item.text;
        return;
      case "Pause":
        later.push(item);
        return;
      case "Stall":
        isMute = true;
        return;
      case "End":
        isOver = true;
    }
  };
  const push = (item: Item): void => {
    if (later.length > 0) later.push(item);
    else apply(item);
  };

  return {
    say: (reply) => push({ _tag: "Reply", reply }),
    sayRaw: (text) => push({ _tag: "Raw", text }),
    pause: (millis) => push({ _tag: "Pause", millis }),
    stall: () => push({ _tag: "Stall" }),
    end: () => push({ _tag: "End" }),
    discard: () => {
      later = [];
    },
    cut: () => {
      later = [];
      isOver = true;
    },
    resume: () => {
      const [, ...items] = later;
      later = [];
      for (const item of items) push(item);
    },
    get pausing() {
      const [first] = later;
      return first?._tag === "Pause" ? first.millis : undefined;
    },
    take: () => {
      const text = ready;
      ready = "";
      return text;
    },
    get isOver() {
      return isOver;
    },
  };
};
