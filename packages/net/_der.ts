/** What is no DER, or is not the value that was looked for. */
export class Malformed extends Error {}

/** What `read` makes of octets; `undefined` if it finds them {@linkcode Malformed}. */
export const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
};

/** One value in DER (X.690): its tag, its content, and both with the length between them. */
export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** The tags that certificates have. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The tag of a value that is known by its number in the structure around it. */
export const contextual = (number: number, constructed = false): number => (constructed ? 0xa0 : 0x80) | number;

/** Longest length of a length: 65,535 octets of content are more than a TLS library takes. */
const lengthOctets = 2;

const readOne = (octets: Uint8Array, at: number): Element => {
  const tag = octets[at];
  const first = octets[at + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new Malformed("no tag");
  let length = first;
  let start = at + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > lengthOctets) throw new Malformed("a length that DER does not have");
    length = 0;
    for (let i = 0; i < count; i++) length = length << 8 | (octets[start++] ?? 0);
    // DER has one way only to write a length: the shortest.
    if (length < (count === 1 ? 0x80 : 0x100)) throw new Malformed("a length in a long form");
  }
  const end = start + length;
  if (end > octets.length) throw new Malformed("cut short");
  return { tag, content: octets.subarray(start, end), whole: octets.subarray(at, end) };
};

/** The values that stand one behind the other in the octets, to their very end. Throws {@linkcode Malformed}. */
export const readAll = (octets: Uint8Array): ReadonlyArray<Element> => {
  const elements: Array<Element> = [];
  for (let at = 0; at < octets.length; at += elements.at(-1)!.whole.length) elements.push(readOne(octets, at));
  return elements;
};

/** The element, which has this tag. Throws {@linkcode Malformed}. */
export const expect = (element: Element | undefined, tag: number): Element => {
  if (element?.tag !== tag) throw new Malformed(`tag ${element?.tag} in the place of ${tag}`);
  return element;
};

/** The values inside an element that has this tag. Throws {@linkcode Malformed}. */
export const inside = (element: Element | undefined, tag: number): ReadonlyArray<Element> =>
  readAll(expect(element, tag).content);

/** The octets that are one element of this tag, and nothing else. Throws {@linkcode Malformed}. */
export const only = (octets: Uint8Array, tag: number): Element => {
  const [element, ...others] = readAll(octets);
  if (others.length > 0) throw new Malformed("more than one value");
  return expect(element, tag);
};

/** An object identifier in dotted decimals. Throws {@linkcode Malformed}. */
export const objectIdentifier = (element: Element | undefined): string => {
  const { content } = expect(element, tags.objectIdentifier);
  const arcs: Array<number> = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const first = arcs.shift();
  if (first === undefined || content.at(-1)! >= 0x80) throw new Malformed("no object identifier");
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - 40 * root, ...arcs].join(".");
};

/** A truth value. Throws {@linkcode Malformed}. */
export const boolean = (element: Element): boolean => {
  const { content } = expect(element, tags.boolean);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new Malformed("no truth value");
  return content[0] === 0xff;
};

/** A number from 0 to 127. Throws {@linkcode Malformed}. */
export const smallInteger = (element: Element | undefined): number => {
  const { content } = expect(element, tags.integer);
  if (content.length !== 1 || content[0]! > 0x7f) throw new Malformed("no small number");
  return content[0]!;
};

/** The octets of a bit string of whole octets. Throws {@linkcode Malformed}. */
export const bitString = (element: Element | undefined): Uint8Array => {
  const { content } = expect(element, tags.bitString);
  if (content[0] !== 0) throw new Malformed("no whole octets");
  return content.subarray(1);
};

const times: ReadonlyMap<number, RegExp> = new Map([
  [tags.utcTime, /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/],
  [tags.generalizedTime, /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/],
]);

/** A time as RFC 5280 section 4.1.2.5 wants it, in milliseconds since the epoch. Throws {@linkcode Malformed}. */
export const time = (element: Element | undefined): number => {
  const text = String.fromCharCode(...(element?.content ?? []));
  const found = times.get(element?.tag ?? 0)?.exec(text);
  if (!found) throw new Malformed("no time");
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const fullYear = element?.tag === tags.generalizedTime ? year : year >= 50 ? 1900 + year : 2000 + year;
  const at = new Date(0);
  at.setUTCFullYear(fullYear, month - 1, day);
  at.setUTCHours(hour, minute, second);
  const same = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && at.getUTCHours() === hour &&
    at.getUTCMinutes() === minute && at.getUTCSeconds() === second;
  if (!same) throw new Malformed("no time");
  return at.getTime();
};

/** Whether two strings of octets are the same. */
export const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((octet, index) => octet === b[index]);
