/**
 * The files that programs send or work through: made once, and read from the system's cache afterwards.
 *
 * @module
 */
import * as Workload from "./workload.ts";

/** What a file holds. */
export type Kind = "message" | "base64" | "prose" | "replies";

const mebi = 1 << 20;

const base64 = `${"TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNl".repeat(2).slice(0, 76)}\r\n`;

const words = "the quick brown fox jumps over lazy dogs and what it finds there is not worth a second look at all"
  .split(" ");

/** Lines as people write them: of many lengths, with empty ones between, and some that begin with a dot. */
const prose = (): string => {
  const lines: Array<string> = [];
  let state = 1;
  for (let number = 0; number < 20_000; number++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const least = number % 9 === 0 ? 0 : number % 9 === 1 ? (state >>> 8) % 70 : 60 + (state >>> 8) % 17;
    let line = (state >>> 16) % 200 === 0 ? "." : "";
    for (let i = state >>> 12; line.length < least; i++) line += `${words[i % words.length]} `;
    lines.push(line.trimEnd());
  }
  return `${lines.join("\r\n")}\r\n`;
};

/** What a server says in a conversation, several lines and enhanced status codes among it; no two messages have the same name. */
const replies = (number: number): string =>
  [
    "250-mx.example at your service",
    "250-PIPELINING",
    "250-SIZE 52428800",
    "250 8BITMIME",
    "250 2.1.0 Ok",
    "250 2.1.5 Ok",
    "354 End data with <CR><LF>.<CR><LF>",
    `250 2.0.0 Ok: queued as 4XyZ${String(number).padStart(10, "0")}`,
    `550 5.1.1 <nobody${number}@example.org>: Recipient address rejected: User unknown in local recipient table`,
    "",
  ].join("\r\n");

/** The pattern, again and again, cut to size. */
const filled = (pattern: string, octets: number): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(pattern.repeat(Math.ceil(octets / pattern.length)).slice(0, octets));

/** Replies are cut between two, and may be a little shorter than asked for. */
const whole = (pattern: (number: number) => string, octets: number): Uint8Array<ArrayBuffer> => {
  const parts: Array<string> = [];
  for (let length = 0, number = 1;; number++) {
    const part = pattern(number);
    length += part.length;
    if (length > octets) return new TextEncoder().encode(parts.join(""));
    parts.push(part);
  }
};

const patterns: Record<Exclude<Kind, "message">, (octets: number) => Uint8Array<ArrayBuffer>> = {
  base64: (octets) => filled(base64, octets),
  prose: (octets) => filled(prose(), octets),
  replies: (octets) => whole(replies, octets),
};

/** The parts of a message of exactly so many octets, none larger than a few MiB. */
export const messageParts = function* (octets: number): Generator<Uint8Array<ArrayBuffer>> {
  if (octets <= mebi) return yield Workload.message(octets);
  const first = Workload.message(mebi);
  yield first;
  const lines = filled(base64, base64.length * Math.floor(mebi / base64.length));
  let left = octets - first.length;
  for (; left > 2 * lines.length; left -= lines.length) yield lines;
  // Lines to the last octet: a cut line would need a line end.
  const rest = base64.repeat(Math.floor((left - 3) / base64.length));
  yield new TextEncoder().encode(`${rest}${"A".repeat(left - rest.length - 2)}\r\n`);
};

/** Makes files below a folder, each once. */
export const make = (folder: string): (kind: Kind, octets: number) => Promise<string> => {
  const made = new Set<string>();
  return async (kind, octets) => {
    const path = `${folder}/${kind}-${octets}`;
    if (made.has(path)) return path;
    using file = await Deno.create(path);
    for (const part of kind === "message" ? messageParts(octets) : [patterns[kind](octets)]) {
      for (let at = 0; at < part.length;) at += await file.write(part.subarray(at));
    }
    made.add(path);
    return path;
  };
};
