import * as Command from "@plausch/smtp/command";
import * as Domain from "@plausch/smtp/domain";
import * as Path from "@plausch/smtp/path";
import * as Arbitrary from "effect/Arbitrary";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { anyOf, domain, forwardPath, oneOf, optional, printable, reversePath, size } from "./_arbitrary.ts";
import { mailParameters, rcptParameters } from "./_parameters.ts";

const options = { smtputf8: true };
const host = Arbitrary.map(domain, (text) => Result.getOrThrow(Domain.hostFromString(text)));
const from = Arbitrary.map(
  reversePath,
  (text) => Result.getOrElse(Path.reverseFromString(text, options), () => Path.nullPath),
);
const postmaster: Path.ForwardPath = { _tag: "Postmaster", localPart: "Postmaster" };
const to = Arbitrary.map(
  forwardPath,
  (text) => Result.getOrElse(Path.forwardFromString(text, options), () => postmaster),
);
const text = Arbitrary.map(printable, (printed) => printed.replace(/ smtputf8$/i, ""));

const letters = (min: number, max: number, alphabet: string) =>
  Arbitrary.map(
    Arbitrary.array(oneOf([...alphabet]), { minLength: min, maxLength: max }),
    (chars) => chars.join(""),
  );

const base64 = Arbitrary.map(letters(0, 40, "\0aZ~é"), (clear) => Redacted.make(btoa(clear)));
const mechanism = anyOf(letters(1, 20, "AZ09-_"), oneOf(["PLAIN", "SCRAM-SHA-256"]));
const node = anyOf(domain, Arbitrary.map(domain, (name) => `@${name}`), Arbitrary.map(domain, (name) => `#${name}`));
const value = anyOf(printable, letters(1, 10, "é用😀+= "), oneOf(["[UNAVAILABLE]", "[TEMPUNAVAIL]", "IPV6:::1"]));
const attributes: Arbitrary.Arbitrary<Command.Attributes> = Arbitrary.map(
  Arbitrary.array(Arbitrary.all([letters(1, 8, "ADRNEMHLO"), value]), { minLength: 1, maxLength: 4 }),
  (list) => [...new Map(list)],
);

/** Commands of every kind, with arguments that are valid but for their lengths. */
export const command: Arbitrary.Arbitrary<Command.Command> = anyOf<Command.Command>(
  Arbitrary.map(host, Command.helo),
  Arbitrary.map(host, Command.ehlo),
  Arbitrary.map(host, Command.lhlo),
  Arbitrary.map(
    Arbitrary.all([from, mailParameters]),
    ([path, parameters]) => Command.mail(path, { ...parameters, smtputf8: true }),
  ),
  Arbitrary.map(Arbitrary.all([to, rcptParameters]), ([path, parameters]) => Command.rcpt(path, parameters)),
  oneOf([Command.startTls, Command.data, Command.rset, Command.quit]),
  Arbitrary.map(Arbitrary.all([size, oneOf([true, false])]), ([octets, last]) => Command.bdat(octets, last)),
  Arbitrary.map(Arbitrary.all([mechanism, optional(base64)]), ([name, initial]) => Command.auth(name, initial)),
  Arbitrary.map(attributes, Command.xclient),
  Arbitrary.map(attributes, Command.xforward),
  Arbitrary.map(node, Command.etrn),
  Arbitrary.map(optional(text), Command.noop),
  Arbitrary.map(optional(text), Command.help),
  Arbitrary.map(Arbitrary.all([text, oneOf([true, false])]), ([name, smtputf8]) => Command.vrfy(name, { smtputf8 })),
  Arbitrary.map(Arbitrary.all([text, oneOf([true, false])]), ([name, smtputf8]) => Command.expn(name, { smtputf8 })),
);
