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
import * as Reply from "@plausch/smtp/reply";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { TlsReport } from "@plausch/tls/tls-report";
import * as MessageLines from "./message_lines.ts";
import type { Paint } from "./paint.ts";
import * as Tls from "./tls.ts";

/** The marker that a line begins with. */
export type Marker = "===" | " ->" | " ~>" | "<- " | "<~ " | "<**" | "<~*" | "***";

/** One line of a transcript. */
export const line = (paint: Paint, marker: Marker, text: string): string => {
  const role = roles[marker];
  return `${paint(role, marker)} ${role === "said" || role === "heard" ? text : paint(role, text)}`;
};

const roles = {
  "===": "note",
  " ->": "said",
  " ~>": "said",
  "<- ": "heard",
  "<~ ": "heard",
  "<**": "refused",
  "<~*": "refused",
  "***": "failed",
} as const;

const inClear = { said: " ->", heard: "<- ", refused: "<**" } as const;
const underTls = { said: " ~>", heard: "<~ ", refused: "<~*" } as const;

const turns = {
  helo: "EHLO was refused; trying HELO",
  "too-many-recipients": "The server takes no more recipients at once; the rest follows in a new transaction",
  "empty-message": "No recipient was accepted; ending the data with a lone dot",
  "refused-here": "Not sent: this server cannot take the message",
  "in-clear": "TLS was only to be used if possible, and is not; going on in clear",
  "retry-in-clear": "TLS was only to be used if possible, and failed; trying once more, in clear",
  limit: "The limits of this server are reached; the rest follows in a new transaction",
  "chunk-refused": "A chunk was refused; the rest of the message is not sent",
  "auth-cancelled": "The exchange made no sense; it is cancelled",
  reused: "A session that was open already takes the message",
  replaced: "That session is dead, or takes no more; the message goes over a fresh one",
} as const;

/** What a handshake came to, and what it was asked for, as seen at a time in milliseconds since the epoch. */
export const handshake = (
  paint: Paint,
  report: TlsReport | undefined,
  level: TlsLevel,
  at: number,
): ReadonlyArray<string> =>
  Tls.summary(report, level, at).map((parts) =>
    `${paint("note", "===")} ${parts.map(({ text, role }) => paint(role, text)).join("")}`
  );

/** How much of a message the transcript shows. */
const shownLines = 40;

/** Makes a renderer: give it each event, and it gives the lines to print. It keeps count of message lines. */
export const make = (paint: Paint): (event: SessionEvent) => ReadonlyArray<string> => {
  let markers: typeof inClear | typeof underTls = inClear;
  let shown = 0;
  let hidden = 0;
  let message = MessageLines.make();
  /** How many octets of a chunk are still to come; undefined after DATA. */
  let chunk: number | undefined;

  const said = (text: string): string => line(paint, markers.said, text);

  const content = (octets: Uint8Array, last: boolean): ReadonlyArray<string> => {
    const { lines, more } = message.push(octets, shownLines - shown);
    const out = lines.map(said);
    shown += lines.length;
    hidden += more;
    if (chunk !== undefined) chunk -= octets.length;
    const isOver = last || chunk === 0;
    if (!isOver) return out;
    // After DATA the last line is the lone dot, which is always shown; a chunk may end anywhere.
    const dot = chunk === undefined ? "." : undefined;
    if (dot !== undefined && more > 0) hidden--;
    else if (dot !== undefined) out.pop();
    const rest = message.end();
    if (rest !== undefined && shown < shownLines) out.push(said(rest));
    else if (rest !== undefined) hidden++;
    if (rest !== undefined) shown++;
    if (hidden > 0) out.push(line(paint, "===", `… ${hidden} more ${hidden === 1 ? "line" : "lines"} sent`));
    hidden = 0;
    if (last) shown = 0;
    chunk = undefined;
    return dot === undefined ? out : [...out, said(dot)];
  };

  return (event) => {
    switch (event._tag) {
      case "Connected":
        markers = inClear;
        message = MessageLines.make();
        chunk = undefined;
        shown = hidden = 0;
        return [];
      case "Secured":
        markers = underTls;
        return handshake(paint, event.report, event.level, event.at);
      case "Said":
        chunk = event.chunk;
        return [said(Printable.escape(event.line))];
      case "Content":
        return content(event.octets, event.last);
      case "Heard":
        return Reply.wireLines(event.reply).map((each) =>
          line(paint, event.expected ? markers.heard : markers.refused, Printable.escape(each))
        );
      case "Turned":
        return [line(paint, "===", turns[event.turn])];
      case "Decided":
        return [];
      case "Failed":
        return [line(paint, "***", event.error.message)];
      case "Closed":
        return [line(paint, "===", "Connection closed")];
    }
  };
};
