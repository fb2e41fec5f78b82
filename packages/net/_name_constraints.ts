import * as Der from "./_der.ts";
import * as GeneralName from "./_general_name.ts";

interface Constraints {
  readonly permitted: ReadonlyArray<GeneralName.GeneralName>;
  readonly excluded: ReadonlyArray<GeneralName.GeneralName>;
}

const subtrees = (element: Der.Element | undefined): ReadonlyArray<GeneralName.GeneralName> =>
  element === undefined ? [] : Der.readAll(element.content).flatMap((subtree) => {
    const [base] = Der.inside(subtree, Der.tags.sequence);
    if (base === undefined) throw new Der.Malformed("a subtree without a name");
    return GeneralName.fromElement(base) ?? [];
  });

const read = (value: Uint8Array): Constraints => {
  const lists = Der.readAll(Der.only(value, Der.tags.sequence).content);
  return {
    permitted: subtrees(lists.find(({ tag }) => tag === Der.contextual(0, true))),
    excluded: subtrees(lists.find(({ tag }) => tag === Der.contextual(1, true))),
  };
};

const isBelow = (name: string, base: string): boolean =>
  base === "" || name === base || name.endsWith(base.startsWith(".") ? base : `.${base}`);

const isInNetwork = (address: Uint8Array, network: Uint8Array): boolean =>
  network.length === 2 * address.length &&
  address.every((octet, i) => (octet & network[address.length + i]!) === (network[i]! & network[address.length + i]!));

/** Whether a name lies in a subtree. A wildcard does not if any name that it stands for does not. */
const isWithin = (name: GeneralName.GeneralName, base: GeneralName.GeneralName): boolean =>
  name.kind === "IP"
    ? base.kind === "IP" && isInNetwork(name.octets, base.octets)
    : base.kind === "DNS" && isBelow(name.text.toLowerCase(), base.text.toLowerCase());

/** Whether a name, or one that its wildcard stands for, lies in a subtree. */
const touches = (name: GeneralName.GeneralName, base: GeneralName.GeneralName): boolean =>
  isWithin(name, base) ||
  name.kind === "DNS" && base.kind === "DNS" && name.text.startsWith("*.") &&
    isBelow(base.text.toLowerCase(), name.text.slice(2).toLowerCase());

/**
 * Whether an authority with these constraints (RFC 5280 section 4.2.1.10) may vouch for a certificate with these names. It
 * looks at DNS names and addresses: others are not what a server is asked for. Constraints that cannot be read allow nothing.
 */
export const allow = (value: Uint8Array, names: ReadonlyArray<GeneralName.GeneralName>): boolean => {
  const constraints = Der.attempt(() => read(value));
  if (constraints === undefined) return false;
  return names.filter(({ kind }) => kind === "DNS" || kind === "IP").every((name) => {
    const permitted = constraints.permitted.filter(({ kind }) => kind === name.kind);
    return (permitted.length === 0 || permitted.some((base) => isWithin(name, base))) &&
      !constraints.excluded.some((base) => touches(name, base));
  });
};
