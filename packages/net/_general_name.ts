import * as Der from "./_der.ts";
import * as IpAddress from "./_ip_address.ts";

/** One name of a kind that servers and people have (RFC 5280 section 4.2.1.6). */
export type GeneralName =
  | { readonly kind: "DNS" | "email" | "URI"; readonly text: string }
  | { readonly kind: "IP"; readonly octets: Uint8Array };

const kinds: ReadonlyMap<number, "DNS" | "email" | "URI"> = new Map([
  [Der.contextual(1), "email"],
  [Der.contextual(2), "DNS"],
  [Der.contextual(6), "URI"],
]);

const latin1 = new TextDecoder("latin1");

/** The name, or `undefined` for one of another kind. */
export const fromElement = ({ content, tag }: Der.Element): GeneralName | undefined => {
  if (tag === Der.contextual(7)) return { kind: "IP", octets: content };
  const kind = kinds.get(tag);
  return kind === undefined ? undefined : { kind, text: latin1.decode(content) };
};

/** The names in a list of them. Throws `Malformed`. */
export const readAll = (list: Uint8Array): ReadonlyArray<GeneralName> =>
  Der.readAll(Der.only(list, Der.tags.sequence).content).map(fromElement).filter((name) => name !== undefined);

/** `DNS:mx.example.test`, `IP:192.0.2.1`, `email:a@example.test`, `URI:https://example.test/`; `undefined` for no address. */
export const format = (name: GeneralName): string | undefined => {
  if (name.kind !== "IP") return `${name.kind}:${name.text}`;
  const address = IpAddress.format(name.octets);
  return address === undefined ? undefined : `IP:${address}`;
};
