// What secrets look like in a text: as they are, in base64, hexadecimal, percent-encoding and their like, and in parts.
import { isAscii } from "./_characters.ts";
import * as Octets from "./octets.ts";

/** Knows secrets, and masks them. */
export interface SecretFinder {
  /** Knows a text, to be found as it is and in parts. */
  readonly hide: (text: string) => void;
  /** Knows a secret, to be found in every coding. */
  readonly hideSecret: (secret: string) => void;
  /** The text with everything masked that is known. */
  readonly text: (text: string) => string;
}

const shortest = 4;
const shortestCore = 6;

/** So much of a long secret in a row is not shown either: a server may break what it echoes into lines. */
const partRun = /[^\s"'<>()[\]{},;:=]{12,}={0,2}/g;
const shortestPart = 12;
/** What percent-encoding (RFC 3986), quoted-printable (RFC 2045) and xtext (RFC 3461) have for an octet. */
const escapes: ReadonlyArray<readonly [isThere: RegExp, escape: RegExp]> = [
  [/[%+]/, /(?:%[0-9a-f]{2})+|\+/gi],
  [/=[0-9a-f]{2}/i, /(?:=[0-9a-f]{2})+/gi],
  [/\+[0-9a-f]{2}/i, /(?:\+[0-9a-f]{2})+/gi],
];
const base64Run = /[A-Za-z0-9+/_-]+={0,2}/g;
const wordCharacter = (): RegExp => /[\p{L}\p{N}]/u;

/** Folds the case of ASCII without moving any character. */
const fold = (text: string): string =>
  isAscii(text) ? text.toLowerCase() : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const toBase64 = (octets: Uint8Array): string =>
  btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(""));

const toHex = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");

/** A run of escapes: where it stands in the line, and where what it stands for in the text that was read. */
interface Escape {
  readonly from: number;
  readonly to: number;
  readonly readFrom: number;
  readonly readTo: number;
}

/** What a run of escapes stands for. A plus sign without digits is a space. */
const meaningOf = (run: string): string =>
  run === "+"
    ? " "
    : Octets.decode(Uint8Array.from(run.match(/[0-9a-f]{2}/gi) ?? [], (digits) => parseInt(digits, 16)));

/** Reads escapes of one kind. */
const unescape = (line: string, escape: RegExp): readonly [text: string, escapes: ReadonlyArray<Escape>] => {
  let text = "";
  let to = 0;
  const found: Array<Escape> = [];
  for (const { 0: run, index: from } of line.matchAll(escape)) {
    text += line.slice(to, from);
    to = from + run.length;
    const readFrom = text.length;
    text += meaningOf(run);
    found.push({ from, to, readFrom, readTo: text.length });
  }
  return [text + line.slice(to), found];
};

/** Where in the line the character stands that was read at this place. */
const placeOf = (escapes: ReadonlyArray<Escape>, at: number): readonly [from: number, to: number] => {
  const escape = escapes.findLast(({ readFrom }) => readFrom <= at);
  if (escape === undefined) return [at, at + 1];
  const from = at + escape.to - escape.readTo;
  return at < escape.readTo ? [escape.from, escape.to] : [from, from + 1];
};

const standardAlphabet = (text: string): string => text.replaceAll("-", "+").replaceAll("_", "/");
const urlAlphabet = (text: string): string => text.replaceAll("+", "-").replaceAll("/", "_");

/**
 * What base64 makes of the octets inside a longer text, without the characters at both ends that depend on the octets
 * around them. There are three such cores: the octets may begin at any offset modulo three.
 */
const coresOf = (octets: Uint8Array): ReadonlyArray<string> =>
  [0, 1, 2].map((offset) => {
    const shifted = new Uint8Array(offset + octets.length);
    shifted.set(octets, offset);
    return toBase64(shifted).slice(Math.ceil(offset * 8 / 6), Math.floor(shifted.length * 8 / 6));
  }).filter((core) => core.length >= shortestCore);

/** A finder that knows nothing yet; `mask` stands where something was found. */
export const make = (mask: string): SecretFinder => {
  const texts = new Set<string>();
  const cores = new Set<string>();
  let hasLong = false;

  const hide = (text: string): void => {
    if (text === "") return;
    texts.add(fold(text));
    hasLong ||= text.length > shortestPart;
  };

  const hideSecret = (secret: string): void => {
    const octets = Octets.encode(secret);
    const encoded = toBase64(octets);
    for (const form of [encoded, urlAlphabet(encoded)]) {
      hide(form);
      hide(form.replace(/=+$/, ""));
    }
    hide(secret);
    if (octets.length >= shortest) hide(toHex(octets));
    for (const core of coresOf(octets)) cores.add(fold(core));
  };

  /** Where secrets are. */
  const find = (line: string, folded: string): Array<readonly [from: number, to: number]> => {
    const isAlone = (from: number, to: number): boolean =>
      !wordCharacter().test(line.charAt(from - 1)) && !wordCharacter().test(line.charAt(to));
    const spans: Array<readonly [number, number]> = [];
    for (const secret of texts) {
      for (let at = folded.indexOf(secret); at >= 0; at = folded.indexOf(secret, at + 1)) {
        const to = at + secret.length;
        if (secret.length >= shortest || isAlone(at, to)) spans.push([at, to]);
      }
    }
    return spans;
  };

  const isPart = (text: string): boolean => {
    for (const secret of texts) if (secret.length > text.length && secret.includes(text)) return true;
    return false;
  };

  const text = (line: string): string => {
    if (texts.size === 0) return line;
    const folded = fold(line);
    const spans = find(line, folded);
    for (const [isThere, escape] of escapes) {
      if (!isThere.test(line)) continue;
      const [read, found] = unescape(line, escape);
      for (const [from, to] of find(read, fold(read))) spans.push([placeOf(found, from)[0], placeOf(found, to - 1)[1]]);
    }
    if (line.length >= shortestPart && hasLong) {
      for (const { 0: run, index } of folded.matchAll(partRun)) {
        if (isPart(run)) spans.push([index, index + run.length]);
      }
    }
    const standard = standardAlphabet(folded);
    for (const core of cores) {
      // Few lines hold one, so runs are not looked for before
      if (!standard.includes(core)) continue;
      for (const { 0: run, index } of line.matchAll(base64Run)) {
        const to = index + run.length;
        if (standard.slice(index, to).includes(core)) spans.push([index, to]);
      }
    }
    if (spans.length === 0) return line;
    let out = "";
    let done = 0;
    for (const [from, to] of spans.sort(([a], [b]) => a - b)) {
      // What overlaps or follows at once is masked together
      if (from > done || out === "") out += line.slice(done, from) + mask;
      done = Math.max(done, to);
    }
    return out + line.slice(done);
  };

  return { hide, hideSecret, text };
};
