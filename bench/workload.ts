/**
 * What is sent: the same octets by every client.
 *
 * @module
 */

/** How much of what is sent, in which way. */
export interface Workload {
  /** What it is called in tables and JSON. */
  readonly name: string;
  /** How many messages are sent, one after another, each when the one before is answered. */
  readonly messages: number;
  /** Size of each message in octets, header section included, as SIZE counts them (RFC 1870). */
  readonly octets: number;
}

/** The reverse-path of all messages. */
export const from = "bench@client.example";

/** Their forward-path. */
export const to = "sink@server.example";

/** The domain that clients say in EHLO. */
export const host = "client.example";

const header = [
  `From: <${from}>`,
  `To: <${to}>`,
  "Subject: bench",
  "Date: Mon, 23 Nov 2026 12:00:00 +0000",
  "Message-ID: <bench@client.example>",
  "",
  "",
].join("\r\n");

const bodyLine = `${"The quick brown fox jumps over the lazy dog, again and again. ".repeat(2).slice(0, 72)}\r\n`;

/**
 * A message of exactly so many octets: a small header section, then lines of 72 characters, in ASCII with CRLF line ends.
 * Throws a RangeError if that is too small for a header section and one line.
 */
export const message = (octets: number): Uint8Array<ArrayBuffer> => {
  const room = octets - header.length;
  if (!Number.isSafeInteger(octets) || room < 3) {
    throw new RangeError(`Cannot make a message of ${octets} octets: it takes at least ${header.length + 3}`);
  }
  const lines = bodyLine.repeat(Math.ceil(room / bodyLine.length));
  // The last line is cut to fit; where the cut falls into a line end, dots make that line a little longer instead.
  const cut = lines.slice(0, room - 2).replace(/\r\n?$/, (end) => ".".repeat(end.length));
  return new TextEncoder().encode(`${header}${cut}\r\n`);
};
