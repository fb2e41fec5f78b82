// Which verb may be said here and now: whatever its arguments, and whatever the site thinks of them.
import type { ParsedCommand } from "@plausch/smtp/command-parser";
import * as Phase from "@plausch/smtp/phase";
import type { Reply } from "@plausch/smtp/reply";
import * as Replies from "./_replies.ts";
import type { Extension } from "./extension.ts";

/** The verbs that a client can say. */
export type Said = ParsedCommand["_tag"];

/** What decides about it. */
export interface Standing {
  readonly phase: Phase.Phase;
  readonly isLmtp: boolean;
  /** What may be offered. */
  readonly offers: ReadonlySet<Extension>;
  /** Whether the connection can be encrypted, now or before; whether it is; and whether it has to be. */
  readonly canTls: boolean;
  readonly isSecure: boolean;
  readonly requireTls: boolean;
  /** Whether a client can authenticate; whether it has; and whether it has to. */
  readonly canAuthenticate: boolean;
  readonly isAuthenticated: boolean;
  readonly requireAuthentication: boolean;
}

/** The extension without which a verb is not known. VRFY every server has to know (RFC 5321 section 4.5.1). */
const needed: { readonly [V in Said]?: Extension } = {
  STARTTLS: "STARTTLS",
  AUTH: "AUTH",
  BDAT: "CHUNKING",
  EXPN: "EXPN",
  ETRN: "ETRN",
  XCLIENT: "XCLIENT",
  XFORWARD: "XFORWARD",
  HELP: "HELP",
};

/** What a client must not ask for before TLS, or AUTH, where that is required (RFC 3207 section 4, RFC 4954 section 6). */
const guarded: ReadonlySet<Said> = new Set(["MAIL", "RCPT", "DATA", "BDAT", "VRFY", "EXPN", "ETRN", "XFORWARD"]);

type Rule = (verb: Said, standing: Standing) => Reply | undefined;

/** RFC 2033 section 4.1. */
const rightHello: Rule = (verb, { isLmtp }) => {
  if (isLmtp) return verb === "EHLO" || verb === "HELO" ? Replies.wrongHello("LHLO") : undefined;
  return verb === "LHLO" ? Replies.wrongHello("EHLO") : undefined;
};

const known: Rule = (verb, { offers, canTls, canAuthenticate }) => {
  const extension = needed[verb];
  if (extension === undefined) return undefined;
  const isPossible = verb === "STARTTLS" ? canTls : verb === "AUTH" ? canAuthenticate : true;
  return isPossible && offers.has(extension) ? undefined : Replies.notImplemented(verb);
};

const encrypted: Rule = (verb, { requireTls, isSecure }) =>
  requireTls && !isSecure && (guarded.has(verb) || verb === "AUTH") ? Replies.needsTls : undefined;

const authenticated: Rule = (verb, { requireAuthentication, isAuthenticated }) =>
  requireAuthentication && !isAuthenticated && guarded.has(verb) ? Replies.needsAuthentication : undefined;

/** RFC 3207 section 4.2, RFC 4954 section 4. */
const once: Rule = (verb, { isSecure, isAuthenticated }) => {
  if (verb === "STARTTLS" && isSecure) return Replies.alreadySecure;
  return verb === "AUTH" && isAuthenticated ? Replies.alreadyAuthenticated : undefined;
};

const inOrder: Rule = (verb, { phase, isLmtp }) =>
  Phase.isLegal(phase, verb) ? undefined : Replies.outOfOrder(verb, phase, isLmtp);

/** What speaks against the verb, the first thing first. */
export const objection: Rule = (verb, standing) =>
  rightHello(verb, standing) ?? known(verb, standing) ?? encrypted(verb, standing) ?? authenticated(verb, standing) ??
    once(verb, standing) ?? inOrder(verb, standing);

/** What speaks against the verb of a line that could not be read: that it is not known, whatever its arguments are. */
export const stranger = (verb: string, standing: Standing): Reply | undefined =>
  Object.hasOwn(needed, verb) ? known(verb as Said, standing) : undefined;
