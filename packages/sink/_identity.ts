// What others say about a client: XCLIENT and XFORWARD (Postfix, XCLIENT_README and XFORWARD_README).
import * as AddressLiteral from "@plausch/smtp/address-literal";
import type { Attributes } from "@plausch/smtp/command";
import * as Result from "effect/Result";
import { xclientAttributes, xforwardAttributes } from "./_capabilities.ts";

/** What is known this way. */
export interface Identity {
  /** The client's address. */
  readonly peer?: string | undefined;
  /** What the next message's client is said to be. */
  readonly forwarded?: Attributes | undefined;
}

/** Nothing. */
export const unknown: Identity = {};

/** Stand for what is not known, or not known now. */
const isUnavailable = (value: string): boolean => /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i.test(value);

const valueOf = (attributes: Attributes, name: string): string | undefined =>
  attributes.find(([each]) => each.toUpperCase() === name)?.[1];

/** An address without what says that it is one of IPv6. */
const bare = (address: string): string => address.replace(/^IPV6:/i, "");

const isAddress = (address: string): boolean =>
  Result.isSuccess(AddressLiteral.fromString(address.includes(":") ? `[IPv6:${address}]` : `[${address}]`));

const fault = (attributes: Attributes, known: ReadonlyArray<string>): string | undefined => {
  const stranger = attributes.find(([name]) => !known.includes(name.toUpperCase()));
  if (stranger !== undefined) return stranger[0];
  const address = valueOf(attributes, "ADDR");
  return address === undefined || isUnavailable(address) || isAddress(bare(address)) ? undefined : `ADDR=${address}`;
};

/** The first attribute that XCLIENT does not take. */
export const xclientFault = (attributes: Attributes): string | undefined => fault(attributes, xclientAttributes);

/** The first attribute that XFORWARD does not take. */
export const xforwardFault = (attributes: Attributes): string | undefined => fault(attributes, xforwardAttributes);

/** The identity after XCLIENT: an address that it does not name stays. */
export const xclient = (identity: Identity, attributes: Attributes): Identity => {
  const address = valueOf(attributes, "ADDR");
  if (address === undefined) return identity;
  return { ...identity, peer: isUnavailable(address) ? "" : bare(address) };
};

/** The user that XCLIENT names; `undefined` if it names none, the empty string if it says that there is none. */
export const login = (attributes: Attributes): string | undefined => {
  const user = valueOf(attributes, "LOGIN");
  return user !== undefined && isUnavailable(user) ? "" : user;
};

/** The identity after XFORWARD, which may be said several times before a message. */
export const xforward = (identity: Identity, attributes: Attributes): Identity => {
  const names = new Set(attributes.map(([name]) => name));
  const others = (identity.forwarded ?? []).filter(([name]) => !names.has(name));
  return { ...identity, forwarded: [...others, ...attributes] };
};

/** The identity after a message: what XFORWARD said was about that one. */
export const afterMessage = (identity: Identity): Identity =>
  identity.forwarded === undefined ? identity : { ...identity, forwarded: undefined };
