// Which extension a parameter of MAIL or RCPT belongs to.
import type { MailParameters, RcptParameters } from "@plausch/smtp/parameter";
import type { Extension } from "./extension.ts";

type Typed<A> = Exclude<keyof A, "other" | "body">;
type Owner = readonly [keyword: string, extension: Extension];

const ofMail: ReadonlyArray<readonly [Typed<MailParameters>, ...Owner]> = [
  ["size", "SIZE", "SIZE"],
  ["smtputf8", "SMTPUTF8", "SMTPUTF8"],
  ["ret", "RET", "DSN"],
  ["envid", "ENVID", "DSN"],
  ["auth", "AUTH", "AUTH"],
  ["requireTls", "REQUIRETLS", "REQUIRETLS"],
  ["by", "BY", "DELIVERBY"],
  ["holdFor", "HOLDFOR", "FUTURERELEASE"],
  ["holdUntil", "HOLDUNTIL", "FUTURERELEASE"],
  ["mtPriority", "MT-PRIORITY", "MT-PRIORITY"],
];

const ofRcpt: ReadonlyArray<readonly [Typed<RcptParameters>, ...Owner]> = [
  ["notify", "NOTIFY", "DSN"],
  ["orcpt", "ORCPT", "DSN"],
];

/** Whether nothing was said. */
export const isEmpty = (parameters: object): boolean => {
  for (const _ in parameters) return false;
  return true;
};

const unknown = <A extends MailParameters | RcptParameters>(
  table: ReadonlyArray<readonly [Typed<A>, ...Owner]>,
  parameters: A,
  isOffered: (extension: Extension) => boolean,
): string | undefined => {
  if (isEmpty(parameters)) return undefined;
  return parameters.other?.[0]?.keyword ??
    table.find(([key, , extension]) => parameters[key] !== undefined && !isOffered(extension))?.[1];
};

/** The keyword of the first parameter whose extension is not offered. */
export const unknownInMail = (
  parameters: MailParameters,
  isOffered: (extension: Extension) => boolean,
): string | undefined =>
  unknown(ofMail, parameters, isOffered) ??
    (parameters.body !== undefined && !isOffered("8BITMIME") && !isOffered("BINARYMIME") ? "BODY" : undefined);

/** Whether nothing is said about the content, or something that may be said. */
export const isKnownBody = (
  { body }: MailParameters,
  isOffered: (extension: Extension) => boolean,
): boolean => body === undefined || isOffered(body === "BINARYMIME" ? "BINARYMIME" : "8BITMIME");

/** The keyword of the first parameter whose extension is not offered. */
export const unknownInRcpt = (
  parameters: RcptParameters,
  isOffered: (extension: Extension) => boolean,
): string | undefined => unknown(ofRcpt, parameters, isOffered);
