// Actions as text: what stands behind the colon of a fault.
import * as Reply from "@plausch/smtp/reply";
import type { Action } from "./fault.ts";

/** No reply, no TLS record and no text: a NUL, an escape, and an octet that UTF-8 does not have. */
const defaultGarbage = "\u0000\u0001\u001b garbage \udcff";
const defaultInjection = "250 2.0.0 nobody asked for this";
const defaultReply = "A fault on request";

const replyPattern = /^([2-5]\d\d)(?: ([\x20-\x7e]*))?$/;
const delayPattern = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)$/;
const partialPattern = /^(\d{1,9})(?:,(stall|drop))?$/;
const linePattern = /^[^\r\n]+$/;

const millisOf: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** What follows the `=` of a word, if there is one, as an action; undefined if it makes none. */
type Read = (value: string | undefined) => Action | undefined;

const bare = (action: Action): Read => (value) => value === undefined ? action : undefined;

const withLine = (_tag: "Garbage" | "Inject", otherwise: string): Read => (text = otherwise) =>
  linePattern.test(text) ? { _tag, text } : undefined;

const delay: Read = (value = "") => {
  const [, amount, unit] = delayPattern.exec(value) ?? [];
  return amount === undefined ? undefined : { _tag: "Delay", millis: Number(amount) * millisOf[unit!]! };
};

const partial: Read = (value = "") => {
  const [, octets, then] = partialPattern.exec(value) ?? [];
  return octets === undefined
    ? undefined
    : { _tag: "Partial", octets: Number(octets), then: then === "drop" ? "drop" : "stall" };
};

const words: ReadonlyMap<string, Read> = new Map([
  ["delay", delay],
  ["drop", (value) => value === "after" ? { _tag: "DropAfter" } : bare({ _tag: "Drop" })(value)],
  ["garbage", withLine("Garbage", defaultGarbage)],
  ["partial", partial],
  ["stall", bare({ _tag: "Stall" })],
  ["inject", withLine("Inject", defaultInjection)],
  ["alert", bare({ _tag: "Alert" })],
]);

/** Reads what stands behind the colon of a fault; undefined if it is no action. */
export const read = (text: string): Action | undefined => {
  const [, code, reply = defaultReply] = replyPattern.exec(text) ?? [];
  if (code !== undefined) return { _tag: "Reply", reply: Reply.make(Number(code), reply) };
  const equals = text.indexOf("=");
  const [word, value] = equals < 0 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
  return words.get(word)?.(value);
};

/** Writes it. */
export const format = (action: Action): string => {
  switch (action._tag) {
    case "Reply":
      return `${action.reply.code} ${action.reply.lines.join(" ")}`;
    case "Delay":
      return `delay=${action.millis}ms`;
    case "Drop":
      return "drop";
    case "DropAfter":
      return "drop=after";
    case "Garbage":
      return `garbage=${action.text}`;
    case "Partial":
      return `partial=${action.octets},${action.then}`;
    case "Stall":
      return "stall";
    case "Inject":
      return `inject=${action.text}`;
    case "Alert":
      return "alert";
  }
};
