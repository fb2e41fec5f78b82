import * as Arbitrary from "effect/Arbitrary";
import * as Schema from "effect/Schema";

const integer = (minimum: number, maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })));

const joined = (
  piece: Arbitrary.Arbitrary<string>,
  minLength: number,
  maxLength: number,
): Arbitrary.Arbitrary<string> =>
  Arbitrary.map(Arbitrary.array(piece, { minLength, maxLength }), (pieces) => pieces.join(""));

/** One of the values. */
export const oneOf = <A>(values: ReadonlyArray<A>): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(integer(0, values.length - 1), (index) => values[index]!);

/** A value of one of the generators. */
export const anyOf = <A>(first: Arbitrary.Arbitrary<A>, ...rest: ReadonlyArray<Arbitrary.Arbitrary<A>>) =>
  Arbitrary.flatMap(integer(0, rest.length), (index) => index === 0 ? first : rest[index - 1]!);

/** A number up to the largest that a size may be. */
export const size: Arbitrary.Arbitrary<number> = integer(0, Number.MAX_SAFE_INTEGER);

/** Nothing, or a value. */
export const optional = <A>(value: Arbitrary.Arbitrary<A>): Arbitrary.Arbitrary<A | undefined> =>
  Arbitrary.flatMap(integer(0, 1), (given) => given === 0 ? Arbitrary.Constant(undefined) : value);

/** A string of any UTF-16 units, lone surrogates and control characters among them. */
export const anyText: Arbitrary.Arbitrary<string> = joined(
  Arbitrary.map(
    anyOf(integer(0, 0x7f), integer(0x80, 0xff), integer(0, 0xffff)),
    (unit) => String.fromCharCode(unit),
  ),
  0,
  30,
);

/** A string of what means something in commands. */
export const smtpText: Arbitrary.Arbitrary<string> = joined(
  oneOf([
    ...'<>@:,;.=+"\\[]- \t\r\n\0\u007f\u0085\u00e9\u3002\udc85',
    ...["a", "Z", "9", "MAIL FROM:", "RCPT TO:", "EHLO ", "HELO ", "VRFY ", "NOOP", "HELP ", "DATA", "QUIT", "RSET"],
    ...["<>", "<Postmaster>", "@a.example", "user", '"q s"', "IPv6:", "::1", "192.0.2.1", " SIZE=", " BODY=8BITMIME"],
    ...[
      "LHLO ",
      "AUTH ",
      "PLAIN",
      "dGlt",
      "BDAT ",
      " LAST",
      "EXPN ",
      "ETRN ",
      "XCLIENT ",
      "XFORWARD ",
      "NAME=",
      "STARTTLS",
    ],
    ...[
      " AUTH=",
      " REQUIRETLS",
      " BY=",
      "1;R",
      " HOLDFOR=",
      " HOLDUNTIL=2030-01-31T08:00:00Z",
      " MT-PRIORITY=",
      "utf-8;",
    ],
    ...["\\x{", "FC", "}", " ORCPT=utf-8;", "a@b.c"],
    ...[" SMTPUTF8", " RET=FULL", " ENVID=", "+2B", " NOTIFY=NEVER", " ORCPT=rfc822;", "用户", "x--", "xn--", "\r\n"],
  ]),
  0,
  12,
);

/** Either. */
export const wildText: Arbitrary.Arbitrary<string> = anyOf(anyText, smtpText);

const atextChars = "abcXYZ019!#$%&'*+-/=?^_`{|}~";
const atom = joined(oneOf([...atextChars]), 1, 8);
const utf8Atom = joined(oneOf([...atextChars, "é", "用", "😀", "e\u0301", "\u00a0"]), 1, 6);
const quotedContent = joined(oneOf([...atextChars, " ", ".", "@", "<", ">", ",", '\\"', "\\\\", "\\a"]), 0, 8);
const dotted = (part: Arbitrary.Arbitrary<string>) =>
  Arbitrary.map(Arbitrary.array(part, { minLength: 1, maxLength: 4 }), (parts) => parts.join("."));

const label = Arbitrary.map(
  Arbitrary.all([joined(oneOf([..."abcXYZ019"]), 1, 5), joined(oneOf([..."ab-9"]), 0, 5)]),
  ([first, rest]) => `${first}${rest}z`,
);

/** A domain name in ASCII. */
export const domain: Arbitrary.Arbitrary<string> = dotted(label);

const literal = oneOf(["[192.0.2.1]", "[010.1.2.3]", "[IPv6:2001:db8::1]", "[ipv6:::ffff:192.0.2.1]", "[x-tag:a>b@c]"]);
const uDomain = oneOf(["bücher.example", "用户.test", "straße.example", "a。b.test"]);
const host = anyOf(domain, domain, literal, uDomain);
const quoted = Arbitrary.map(quotedContent, (content) => `"${content}"`);

/** A mailbox, without brackets, that is valid where SMTPUTF8 is. */
export const mailbox: Arbitrary.Arbitrary<string> = Arbitrary.map(
  Arbitrary.all([anyOf(dotted(atom), quoted, dotted(utf8Atom)), host]),
  ([local, where]) => `${local}@${where}`,
);

const route = Arbitrary.map(
  optional(Arbitrary.array(domain, { minLength: 1, maxLength: 2 })),
  (hops) => hops === undefined ? "" : `${hops.map((hop) => `@${hop}`).join(",")}:`,
);
const bracketed = Arbitrary.map(Arbitrary.all([route, mailbox]), ([hops, one]) => `<${hops}${one}>`);

/** A valid reverse-path. */
export const reversePath: Arbitrary.Arbitrary<string> = anyOf(bracketed, Arbitrary.Constant("<>"));

/** A valid forward-path. */
export const forwardPath: Arbitrary.Arbitrary<string> = anyOf(bracketed, oneOf(["<Postmaster>", "<postMASTER>"]));

/** A dot-string at a domain name, in brackets. */
export const plainPath: Arbitrary.Arbitrary<string> = Arbitrary.map(
  Arbitrary.all([dotted(atom), domain]),
  ([localPart, domain]) => `<${localPart}@${domain}>`,
);

/** Printable ASCII, at least one character, none of them a space at an end. */
export const printable: Arbitrary.Arbitrary<string> = Arbitrary.map(
  Arbitrary.array(integer(0x20, 0x7e), { minLength: 1, maxLength: 20 }),
  (codes) => String.fromCharCode(...codes).trim() || "x",
);

/** Parameters that no type knows, each keyword once. */
export const others: Arbitrary.Arbitrary<ReadonlyArray<{ keyword: string; value?: string }>> = Arbitrary.map(
  Arbitrary.array(optional(joined(oneOf([..."abcXYZ019<>@;+-"]), 1, 10)), { minLength: 0, maxLength: 3 }),
  (values) => values.map((value, index) => ({ keyword: `X-${index}`, ...(value === undefined ? {} : { value }) })),
);
