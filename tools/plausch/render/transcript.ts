/**
 * The transcript of a conversation as people read it, with the markers that swaks made known: `===` for what plausch does,
 * ` ->` said, `<- ` heard, `<**` heard and not hoped for, `***` failed; `~` in their place under TLS.
 *
 * One line of a reply is one line of output, and everything that came from the peer is escaped, so no server can write
 * lines of its own into the transcript.
 *
 * @module
 */
import type { SessionEvent } from "@plausch/session/event";
import * as Printable from "@plausch/smtp/printable";
import * as Octets from "@plausch/smtp/octets";
import * as Reply from "@plausch/smtp/reply";
import type { Paint } from "./paint.ts";

/** The marker that a line begins with. */
export type Marker = "===" | " ->" | "<- " | "<**" | "***";

/** One line of a transcript. */
export const line = (paint: Paint, marker: Marker, text: string): string => {
  const role = roles[marker];
  return `${paint(role, marker)} ${role === "said" || role === "heard" ? text : paint(role, text)}`;
};

const roles = {
  "===": "note",
  " ->": "said",
  "<- ": "heard",
  "<**": "refused",
  "***": "failed",
} as const;

const turns = {
  helo: "EHLO was refused; trying HELO",
  "too-many-recipients": "The server takes no more recipients at once; the rest follows in a new transaction",
  "empty-message": "No recipient was accepted; ending the data with a lone dot",
  "refused-here": "Not sent: this server cannot take the message",
} as const;

/** How much of a message the transcript shows. */
const shownLines = 40;

/** Makes a renderer: give it each event, and it gives the lines to print. It keeps count of message lines. */
export const make = (paint: Paint): (event: SessionEvent) => ReadonlyArray<string> => {
  let shown = 0;
  let hidden = 0;
  let tail = "";

  const content = (octets: Uint8Array, last: boolean): ReadonlyArray<string> => {
    const text = tail + Octets.decode(octets);
    const lines = text.split("\r\n");
    tail = lines.pop() ?? "";
    const dot = last ? lines.pop() : undefined;
    const out: Array<string> = [];
    for (const each of lines) {
      if (shown < shownLines) {
        shown++;
        out.push(line(paint, " ->", Printable.escape(each)));
      } else hidden++;
    }
    if (dot === undefined) return out;
    if (hidden > 0) out.push(line(paint, "===", `… ${hidden} more ${hidden === 1 ? "line" : "lines"} sent`));
    shown = hidden = 0;
    tail = "";
    return [...out, line(paint, " ->", dot)];
  };

  return (event) => {
    switch (event._tag) {
      case "Connected":
        return [];
      case "Said":
        return [line(paint, " ->", Printable.escape(event.line))];
      case "Content":
        return content(event.octets, event.last);
      case "Heard":
        return Reply.wireLines(event.reply).map((each) =>
          line(paint, event.expected ? "<- " : "<**", Printable.escape(each))
        );
      case "Turned":
        return [line(paint, "===", turns[event.turn])];
      case "Failed":
        return [line(paint, "***", event.error.message)];
      case "Closed":
        return [line(paint, "===", "Connection closed")];
    }
  };
};
