/**
 * Reading and writing octets of DNS messages. Everything is checked against the end of the message before it is read:
 * RFC 9267 lists what went wrong where that was left out.
 */

/** Raised inside this package only. Whoever starts to read turns it into a `Malformed` error. */
export class Fault extends Error {}

/** The most octets of a name, with its length octets and the root (RFC 1035 section 3.1). */
export const maxNameOctets = 255;

const maxPointers = 127;

/** The octet at a place. */
export const u8 = (bytes: Uint8Array, at: number): number => {
  const octet = bytes[at];
  if (octet === undefined) throw new Fault(`it ends at octet ${bytes.length}, in the middle of a field`);
  return octet;
};

/** The unsigned 16-bit number at a place, most significant octet first. */
export const u16 = (bytes: Uint8Array, at: number): number => u8(bytes, at) * 0x100 + u8(bytes, at + 1);

/** The unsigned 32-bit number at a place, most significant octet first. */
export const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) * 0x10000 + u16(bytes, at + 2);

/** Appends an unsigned 16-bit number. */
export const pushU16 = (out: Array<number>, value: number): void => {
  out.push((value >> 8) & 0xff, value & 0xff);
};

/** A name as read from a message, and where the octets behind it begin. */
export interface NameAt {
  /** The name in presentation form. */
  readonly name: string;
  /** Where reading goes on. */
  readonly end: number;
}

/**
 * Reads a name that may be compressed (RFC 1035 section 4.1.4). A pointer must lead to an earlier place than the one it
 * was reached from, and there is a limit on pointers and on octets: so no message can make this run long.
 */
export const readName = (bytes: Uint8Array, start: number): NameAt => {
  let name = "";
  let at = start;
  let earliest = start;
  let end: number | undefined;
  let octets = 1;
  let pointers = 0;
  for (;;) {
    const length = u8(bytes, at);
    if (length >= 0xc0) {
      const target = u16(bytes, at) & 0x3fff;
      if (target >= earliest || ++pointers > maxPointers) {
        throw new Fault(`the compression pointer at octet ${at} does not lead to an earlier name`);
      }
      end ??= at + 2;
      at = target;
      earliest = target;
      continue;
    }
    if (length > 63) throw new Fault(`the label at octet ${at} has a type that is not in use`);
    if (length === 0) return { name: name === "" ? "." : name, end: end ?? at + 1 };
    octets += length + 1;
    if (octets > maxNameOctets) throw new Fault(`the name at octet ${start} is longer than ${maxNameOctets} octets`);
    if (name !== "") name += ".";
    for (let index = at + 1; index <= at + length; index++) name += escapeOctet(u8(bytes, index), labelSpecials);
    at += length + 1;
  }
};

const labelSpecials = new Set(Array.from('".\\$();@', (char) => char.charCodeAt(0)));
const textSpecials = new Set(Array.from('"\\', (char) => char.charCodeAt(0)));

/** An octet in presentation form (RFC 1035 section 5.1): itself, behind a backslash, or as three decimal digits. */
const escapeOctet = (octet: number, specials: ReadonlySet<number>): string =>
  octet < 0x21 || octet > 0x7e
    ? `\\${String(octet).padStart(3, "0")}`
    : specials.has(octet)
    ? `\\${String.fromCharCode(octet)}`
    : String.fromCharCode(octet);

/** A character string in presentation form, with its quotes. A space needs no escape there. */
export const quoteText = (octets: Uint8Array): string => {
  let out = '"';
  for (const octet of octets) out += octet === 0x20 ? " " : escapeOctet(octet, textSpecials);
  return `${out}"`;
};

/**
 * The octet of an escape that begins behind a backslash: three decimal digits, or the character itself.
 * `undefined` where there is none.
 */
export const readEscape = (text: string, at: number): { readonly octet: number; readonly end: number } | undefined => {
  const digits = /^\d{3}/.exec(text.slice(at, at + 3));
  if (digits !== null) {
    const octet = Number(digits[0]);
    return octet > 255 ? undefined : { octet, end: at + 3 };
  }
  const code = text.charCodeAt(at);
  return code >= 0x20 && code <= 0x7e && !(code >= 0x30 && code <= 0x39) ? { octet: code, end: at + 1 } : undefined;
};
