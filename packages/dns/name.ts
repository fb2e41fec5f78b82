/**
 * Domain names in presentation form (RFC 1035 section 5.1).
 *
 * A name is a string without the dot at the end: `mx1.example.org`, and `.` for the root. Octets that such text cannot
 * hold are escaped: a dot inside a label is `\.`, octet 27 is `\027`. So no two names have one text, and a text from
 * the network is safe to print. Upper and lower case are kept, and ignored when names are compared (RFC 4343).
 *
 * @example Read, compare and print names
 * ```ts
 * import * as Name from "@plausch/dns/name";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(Name.fromString("Bücher.Example."), Result.succeed("xn--bcher-kva.example"));
 * assert(Name.equals("MX1.example.org", "mx1.EXAMPLE.org."));
 * assertEquals(Name.absolute("example.org"), "example.org.");
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { Fault, maxNameOctets, readEscape, readName } from "./_wire.ts";
import { DnsError } from "./dns_error.ts";

const badName = (name: string, detail: string): Result.Result<never, DnsError> =>
  Result.fail(new DnsError({ reason: "BadName", domain: name, detail }));

/**
 * Reads a name as a person writes it. A dot at the end is dropped; a name with characters outside ASCII becomes its
 * A-label form by UTS 46 (the rules browsers follow, as `new URL` does); escapes are understood. Fails with `BadName`:
 * empty labels, labels over 63 and names over 255 octets, spaces and control characters that are not escaped.
 *
 * @example
 * ```ts
 * import * as Name from "@plausch/dns/name";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(Name.fromString("Example.org."), Result.succeed("Example.org"));
 * assertEquals(Name.fromString("straße.example"), Result.succeed("xn--strae-oqa.example"));
 * assert(Result.isFailure(Name.fromString("two words.example")));
 * ```
 */
export const fromString = (text: string): Result.Result<string, DnsError> =>
  Result.map(toWire(text), (octets) => readName(octets, 0).name);

/**
 * A name as it stands in a message, without compression. Fails like {@linkcode fromString}.
 *
 * @example
 * ```ts
 * import * as Name from "@plausch/dns/name";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Name.toWire("a.b")), Uint8Array.of(1, 97, 1, 98, 0));
 * assertEquals(Result.getOrThrow(Name.toWire(".")), Uint8Array.of(0));
 * ```
 */
export const toWire = (name: string): Result.Result<Uint8Array, DnsError> => {
  if (name === ".") return Result.succeed(new Uint8Array(1));
  if (name === "") return badName(name, "it is empty");
  const ascii = toAscii(name);
  if (ascii === undefined) return badName(name, "it has characters that host names do not have");
  const out: Array<number> = [0];
  let start = 0;
  let at = 0;
  while (at < ascii.length) {
    const char = ascii[at];
    if (char === ".") {
      if (out.length === start + 1) return badName(name, "a label is empty");
      start = out.length;
      out.push(0);
      at++;
      continue;
    }
    let octet = ascii.charCodeAt(at++);
    if (char === "\\") {
      const escape = readEscape(ascii, at);
      if (escape === undefined) return badName(name, "a backslash needs three digits up to 255, or one character");
      octet = escape.octet;
      at = escape.end;
    } else if (octet <= 0x20 || octet > 0x7e) {
      return badName(name, "it has a space or a control character");
    }
    out.push(octet);
    const length = out.length - start - 1;
    if (length > 63) return badName(name, "a label is longer than 63 octets");
    out[start] = length;
  }
  if (out[start] !== 0) out.push(0);
  return out.length > maxNameOctets
    ? badName(name, `it is longer than ${maxNameOctets} octets`)
    : Result.succeed(Uint8Array.from(out));
};

// Only characters that stand for themselves in the host of a URL may go through `new URL`: it would take "/" or "%2e"
// for syntax. Its answer to fullwidth digits can be an IPv4 address, which is not what was written.
const toAscii = (name: string): string | undefined => {
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x7f]*$/.test(name)) return name;
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x7f]/.test(name.replace(/[A-Za-z0-9._-]/g, ""))) return undefined;
  try {
    const ascii = new URL(`http://${name}`).hostname;
    return /^[\d.]*$/.test(ascii) ? undefined : ascii;
  } catch {
    return undefined;
  }
};

/**
 * Reads a name out of a message, following compression pointers (RFC 1035 section 4.1.4), which must lead backwards.
 * Gives the name and where the octets behind it begin. Fails with `Malformed`.
 *
 * @example Octet 27 and a dot inside a label
 * ```ts
 * import * as Name from "@plausch/dns/name";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   Name.fromWire(Uint8Array.of(5, 109, 120, 27, 46, 49, 0), 0),
 *   Result.succeed({ name: "mx\\027\\.1", end: 7 }),
 * );
 * ```
 */
export const fromWire = (
  message: Uint8Array,
  offset: number,
): Result.Result<{ readonly name: string; readonly end: number }, DnsError> => {
  try {
    return Result.succeed(readName(message, offset));
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return Result.fail(new DnsError({ reason: "Malformed", detail: fault.message }));
  }
};

/**
 * A text that is the same for equal names: lower case, no dot at the end, escapes in one form. For use as a map key.
 * A text that is no name at all is its own key.
 *
 * @example
 * ```ts
 * import * as Name from "@plausch/dns/name";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Name.key("MX1.Example.ORG."), "mx1.example.org");
 * ```
 */
export const key = (name: string): string =>
  /^[\w-]+(?:\.[\w-]+)*$/.test(name)
    ? name.toLowerCase()
    : Result.getOrElse(fromString(name), () => name).toLowerCase();

/**
 * Whether two texts name the same domain: case and a dot at the end do not matter (RFC 4343).
 *
 * @example
 * ```ts
 * import * as Name from "@plausch/dns/name";
 * import { assert } from "@std/assert";
 *
 * assert(Name.equals("example.org.", "EXAMPLE.org"));
 * assert(!Name.equals("a\\.b.example", "a.b.example"));
 * ```
 */
export const equals = (left: string, right: string): boolean => key(left) === key(right);

/**
 * The name with the dot of the root behind it, as `dig` prints it.
 *
 * @example
 * ```ts
 * import * as Name from "@plausch/dns/name";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Name.absolute("example.org"), "example.org.");
 * assertEquals(Name.absolute("."), ".");
 * ```
 */
export const absolute = (name: string): string => name === "." ? name : `${name}.`;

/**
 * The name one label up, or `undefined` for the root.
 *
 * @example
 * ```ts
 * import * as Name from "@plausch/dns/name";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Name.parent("mail.example.org"), "example.org");
 * assertEquals(Name.parent("a\\.b.org"), "org");
 * assertEquals(Name.parent("org"), ".");
 * assertEquals(Name.parent("."), undefined);
 * ```
 */
export const parent = (name: string): string | undefined => {
  if (name === ".") return undefined;
  const first = /^(?:\\.|[^.\\])*/.exec(name)?.[0] ?? "";
  return name.slice(first.length + 1) || ".";
};

/**
 * Whether a host can have this name (RFC 1123 section 2.1): letters, digits and hyphens, no hyphen at the ends of a
 * label, and a last label that is not a number, which would read as an IP address. Underscores pass, because mail
 * exchangers with one exist and work.
 *
 * @example
 * ```ts
 * import * as Name from "@plausch/dns/name";
 * import { assert } from "@std/assert";
 *
 * assert(Name.isHostName("mx1.example.org"));
 * assert(!Name.isHostName("mx\\0271.example.org"));
 * assert(!Name.isHostName("192.0.2.1"));
 * ```
 */
export const isHostName = (name: string): boolean =>
  name.length <= 253 && /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/i.test(name) &&
  !looksNumeric(name);

/**
 * Whether the last label is a number, decimal or hexadecimal. No top-level domain is one, and some parsers take such a
 * name for an IPv4 address (WHATWG URL, "ends in a number").
 *
 * @example
 * ```ts
 * import * as Name from "@plausch/dns/name";
 * import { assert } from "@std/assert";
 *
 * assert(Name.looksNumeric("127.0.0.1"));
 * assert(Name.looksNumeric("0x7f000001"));
 * assert(!Name.looksNumeric("1.example"));
 * ```
 */
export const looksNumeric = (name: string): boolean => /(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$/i.test(name);
