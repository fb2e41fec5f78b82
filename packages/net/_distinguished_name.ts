import * as Der from "./_der.ts";

/** Short names of attributes (RFC 4514 section 3, and those in common use). */
const attributes: ReadonlyMap<string, string> = new Map([
  ["2.5.4.3", "CN"],
  ["2.5.4.4", "SN"],
  ["2.5.4.5", "serialNumber"],
  ["2.5.4.6", "C"],
  ["2.5.4.7", "L"],
  ["2.5.4.8", "ST"],
  ["2.5.4.9", "STREET"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
  ["2.5.4.12", "title"],
  ["2.5.4.42", "GN"],
  ["0.9.2342.19200300.100.1.1", "UID"],
  ["0.9.2342.19200300.100.1.25", "DC"],
  ["1.2.840.113549.1.9.1", "emailAddress"],
]);

const utf8 = new TextDecoder();
const utf16 = new TextDecoder("utf-16be");
const latin1 = new TextDecoder("latin1");

const textOf = ({ content, tag }: Der.Element): string =>
  (tag === Der.tags.utf8String ? utf8 : tag === Der.tags.bmpString ? utf16 : latin1).decode(content);

type Attribute = readonly [type: string, value: string];

const read = (name: Uint8Array): ReadonlyArray<ReadonlyArray<Attribute>> =>
  Der.inside(Der.only(name, Der.tags.sequence), Der.tags.sequence).map((relative) =>
    Der.inside(relative, Der.tags.set).map((attribute): Attribute => {
      const [type, value] = Der.inside(attribute, Der.tags.sequence);
      if (value === undefined) throw new Der.Malformed("an attribute without a value");
      const id = Der.objectIdentifier(type);
      return [attributes.get(id) ?? id, textOf(value)];
    })
  );

const parse = (name: Uint8Array): ReadonlyArray<ReadonlyArray<Attribute>> => Der.attempt(() => read(name)) ?? [];

/** What would read as the end of a value, or as the start of another one (RFC 4514 section 2.4). */
const escape = (value: string): string => value.replace(/[,+"\\<>;=]/g, "\\$&");

/** A name as people write it, in the order of the certificate: `CN=mx.example.test, O=Example`. */
export const format = (name: Uint8Array): string =>
  parse(name).map((relative) => relative.map(([type, value]) => `${type}=${escape(value)}`).join("+")).join(", ");

/** The common name; the last one, if there are several. */
export const commonName = (name: Uint8Array): string | undefined =>
  parse(name).flat().findLast(([type]) => type === "CN")?.[1];
