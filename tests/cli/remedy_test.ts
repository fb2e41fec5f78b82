import type { Authentication } from "@plausch/session/authentication";
import type { RecipientOutcome } from "@plausch/session/outcome";
import { type FailureReason, SessionError } from "@plausch/session/session-error";
import type { Stage } from "@plausch/session/stage";
import * as Capabilities from "@plausch/smtp/capabilities";
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as Reply from "@plausch/smtp/reply";
import * as MockReport from "@plausch/testing/mock-report";
import { TlsError, type TlsErrorReason } from "@plausch/tls/tls-error";
import type { CertificateFault } from "@plausch/tls/tls-report";
import { assertEquals, assertStringIncludes } from "@std/assert";
import * as Redacted from "effect/Redacted";
import * as Remedy from "../../tools/plausch/render/remedy.ts";
import type { Security } from "../../tools/plausch/send/tls.ts";

const security = (some: Partial<Security> = {}): Security => ({
  level: "required",
  implicit: undefined,
  options: {},
  ...some,
});
const situation = (some: Partial<Remedy.Situation> = {}): Remedy.Situation => ({
  port: 587,
  security: security(),
  authentication: undefined,
  isLmtp: false,
  isSecure: false,
  capabilities: undefined,
  ...some,
});
const remedy = (
  reason: FailureReason,
  some: Partial<Remedy.Situation> = {},
  cause?: unknown,
  stage: Stage = "greeting",
): string => Remedy.ofFailure(situation(some), new SessionError({ reason, stage, cause, recipients: [] })) ?? "";
const offers = (...lines: ReadonlyArray<string>) => Capabilities.fromReply(Reply.make(250, ["mx.test", ...lines]));
const said = (input: string) => new GrammarError({ subject: "reply", reason: "NotAReply", input });
const failedTls = (reason: TlsErrorReason, some: Partial<Security> = {}, port = 587) =>
  remedy("TlsFailed", { port, security: security(some) }, new TlsError({ reason }), "tls");
/** A handshake that went through with a certificate that does not do. */
const refused = (fault: CertificateFault, some: Partial<Security> = {}) =>
  remedy(
    "TlsFailed",
    { security: security(some) },
    new TlsError({ reason: "CertificateRefused", report: MockReport.make({ fault }) }),
    "tls",
  );
const tlsa = [MockReport.daneEe];

const authentication: Authentication = {
  credentials: { _tag: "Password", user: "a@x.test", password: Redacted.make("secret") },
};

const cases: ReadonlyArray<readonly [name: string, told: string, expected: string]> = [
  ["port 465 in clear, silent", remedy("Timeout", { port: 465 }), "leave --tls none out"],
  ["any other port, silent", remedy("Timeout"), "try --tls-implicit"],
  ["silent under TLS", remedy("Timeout", { security: security({ implicit: "asked" }) }), "a longer --timeout may help"],
  ["port 465 in clear, a TLS record", remedy("BadReply", { port: 465 }, said("\x15\x03\x01")), "leave --tls none out"],
  ["a Unix socket, a TLS record", remedy("BadReply", { port: undefined }, said("\x16\x03\x03")), "Try --tls-implicit"],
  ["a web server", remedy("BadReply", {}, said("HTTP/1.1 400 Bad Request")), "web server"],
  ["an SSH server", remedy("BadReply", {}, said("SSH-2.0-OpenSSH")), "SSH server"],
  ["something else", remedy("BadReply", {}, said("hello")), "Is this an SMTP server?"],
  ["in clear on port 465", failedTls("NotTls", { implicit: "port" }, 465), "write --tls none, or name another port"],
  ["in clear, against TLS", failedTls("NotTls", { implicit: "asked" }), "Leave --tls-implicit out"],
  ["hung up, against TLS", failedTls("ConnectionClosed", { implicit: "asked" }), "Leave --tls-implicit out"],
  ["no answer, against TLS", failedTls("Timeout", { implicit: "port" }, 465), "write --tls none"],
  ["no TLS 1.3", failedTls("Alert", { options: { minVersion: "TLSv1.3" } }), "leave --tls-min 1.3 out"],
  ["a client certificate is disliked", failedTls("Alert", { options: { cert: "…" } }), "--tls-cert"],
  ["files that do not fit", failedTls("BadOptions"), "Look at the files of --tls-cert, --tls-key and --tls-ca"],
  ["half a program", failedTls("Unavailable"), "A part of plausch is missing"],
  ["STARTTLS is masked", remedy("TlsNotOffered", { capabilities: offers("XXXXXXXA") }), "Something in between masks"],
  [
    "expired, by records of one's own",
    refused("expired", { level: "dane", options: { tlsa } }),
    "Tell its postmaster; --tls required without --tls-tlsa encrypts without proof",
  ],
  [
    "no TLS, by records of one's own",
    remedy("TlsNotOffered", { security: security({ level: "dane", options: { tlsa } }) }),
    "--tls opportunistic without --tls-tlsa goes on in clear",
  ],
  [
    "a mismatch, by records of the DNS",
    refused("tlsa-mismatch", { level: "dane" }),
    "ask again later, or tell its postmaster",
  ],
  ...(["expired", "wrong-name", "self-signed", "unknown-ca", "invalid"] as const).flatMap((fault) =>
    (["dane", "mta-sts"] as const).map((level) =>
      [
        `${fault}, and ${level} asks for proof`,
        refused(fault, { level }),
        "Tell its postmaster: its domain has promised a certificate that proves it",
      ] as const
    )
  ),
  ["too young, and mta-sts", refused("not-yet-valid", { level: "mta-sts" }), "Look at the clocks of both machines; or"],
  ["no TLS, and mta-sts", remedy("TlsNotOffered", { security: security({ level: "mta-sts" }) }), "has promised TLS"],
  ["no TLS now, and dane", remedy("TlsRefused", { security: security({ level: "dane" }) }), "has promised TLS"],
  [
    "the password in clear, and no STARTTLS",
    remedy("PlaintextAuthRefused", { authentication, capabilities: offers("AUTH LOGIN") }),
    "The server offers no TLS here; --auth-in-clear LOGIN",
  ],
  [
    "other mechanisms before STARTTLS",
    remedy("NoCommonMechanism", { authentication, capabilities: offers("AUTH GSSAPI", "STARTTLS") }),
    "The server offers GSSAPI; asked for was SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN or LOGIN. It may offer more after",
  ],
  [
    "credentials that cannot be said",
    remedy("AuthBroken", {}, new GrammarError({ subject: "credentials", reason: "EmptyPassword" }), "auth"),
    "Look at --user and the password",
  ],
  [
    "the whole address is the user already",
    remedy("AuthRejected", { authentication }),
    "Check --user and the password",
  ],
];

for (const [name, told, expected] of cases) {
  Deno.test(`${name}: ${expected}`, () => assertStringIncludes(told, expected));
}

Deno.test("where a handshake is tried again in clear, nothing is to be done", () => {
  assertEquals(failedTls("NotTls", { level: "opportunistic" }), "");
});

Deno.test("the wrong one of SMTP and LMTP is recognised where there is nobody to refuse, too", () => {
  const refused = (isLmtp: boolean) =>
    Remedy.ofFailure(
      situation({ isLmtp }),
      new SessionError({ reason: "Refused", stage: "ehlo", reply: Reply.make(500, "what?"), recipients: [] }),
    );
  assertEquals(refused(true), "Perhaps this server speaks SMTP: leave --lmtp out");
  assertEquals(refused(false), "Perhaps this server speaks LMTP: add --lmtp");
});

Deno.test("a time-out later on has no remedy of its own", () => {
  assertEquals(remedy("Timeout", {}, undefined, "mail"), "");
});

const outcome = (some: Partial<RecipientOutcome>): RecipientOutcome => ({
  recipient: { _tag: "Postmaster", localPart: "postmaster" },
  address: "postmaster",
  verdict: "rejected",
  stage: "mail",
  ...some,
});

Deno.test("refusals have remedies too", () => {
  const tell = (some: Partial<RecipientOutcome>, where: Partial<Remedy.Situation> = {}) =>
    Remedy.ofRefusal(situation(where), outcome(some));
  assertEquals(tell({ reason: "NotOffered", extension: "DSN" }), "--if-not-offered DSN=drop sends it without");
  assertEquals(
    tell({ reason: "MessageTooBig" }, { capabilities: offers("SIZE 1000") }),
    "This server takes messages of 1000 octets at most",
  );
  assertStringIncludes(tell({ reason: "Needs8bitMime" }) ?? "", "--if-not-offered 8BITMIME=drop");
  const limits = { capabilities: offers("DELIVERBY 60", "FUTURERELEASE 3600 2030-01-01T00:00:00Z") };
  assertEquals(
    tell({ reason: "LimitExceeded", extension: "DELIVERBY" }, limits),
    "With R, the server takes --by from 60 seconds on. --if-not-offered DELIVERBY=drop sends it without",
  );
  assertEquals(
    tell({ reason: "LimitExceeded", extension: "FUTURERELEASE" }, limits),
    "The server holds a message for 3600 seconds at most, and until 2030-01-01T00:00:00Z. " +
      "--if-not-offered FUTURERELEASE=drop sends it without",
  );
  const unproven = "Use --tls verified along with --require-tls, or --tls-pin: the server has to prove who it is";
  assertEquals(tell({ reason: "RequireTlsNotOffered" }), unproven);
  assertEquals(
    tell({ reason: "RequireTlsNotOffered" }, { isSecure: true, capabilities: offers("REQUIRETLS") }),
    unproven,
  );
  assertStringIncludes(
    tell({ reason: "RequireTlsNotOffered" }, { isSecure: true, capabilities: offers("DSN") }) ?? "",
    "leave --require-tls out",
  );
  assertEquals(tell({ stage: "helo", code: 502 }), "Perhaps this server speaks LMTP: add --lmtp");
  assertEquals(
    tell({ stage: "ehlo", code: 500 }, { isLmtp: true }),
    "Perhaps this server speaks SMTP: leave --lmtp out",
  );
  assertEquals(
    tell({ code: 530 }, { capabilities: offers("STARTTLS") }),
    "The server wants TLS first: use --tls required",
  );
  assertEquals(tell({ code: 530 }), "The server wants to know who sends: add --user NAME");
  assertEquals(tell({ code: 530 }, { authentication }), undefined);
  assertEquals(tell({ code: 550 }), undefined);
  assertEquals(tell({ code: 530, verdict: "deferred" }), undefined);
});

Deno.test("where a domain has promised proof, no option is named that would do without", () => {
  for (const level of ["dane", "mta-sts"] as const) {
    const told = [
      refused("expired", { level }),
      refused("tlsa-mismatch", { level }),
      remedy("TlsNotOffered", { security: security({ level }) }),
      remedy("TlsRefused", { security: security({ level }) }),
      failedTls("NotTls", { level }),
    ];
    for (const text of told) assertEquals(text.includes("--"), false, text);
  }
});
