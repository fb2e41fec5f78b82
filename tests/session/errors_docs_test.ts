import type { DnsErrorReason } from "@plausch/dns/dns-error";
import type { LineErrorReason } from "@plausch/line/line-error";
import type { SkipReason } from "@plausch/mx/candidate";
import type { MtaStsErrorReason } from "@plausch/mx/mta-sts-error";
import type { MxErrorReason } from "@plausch/mx/mx-error";
import type { RouteFailure } from "@plausch/mx/route-plan";
import type { ProxyErrorReason } from "@plausch/net/proxy-error";
import type { Action } from "@plausch/session/extension-policy";
import type { LocalRefusal, Next, Verdict } from "@plausch/session/outcome";
import type { FailureReason } from "@plausch/session/session-error";
import type { FaultPart } from "@plausch/sink/fault-error";
import type { GrammarReason } from "@plausch/smtp/grammar-error";
import type { SaslReason } from "@plausch/smtp/sasl-error";
import type { TranscriptErrorReason } from "@plausch/testing/transcript-error";
import type { MismatchReason } from "@plausch/testing/transcript-mismatch";
import type { TlsErrorReason } from "@plausch/tls/tls-error";
import type { CertificateFault } from "@plausch/tls/tls-report";
import { assert, assertEquals } from "@std/assert";
import page from "../../docs/errors.md" with { type: "text" };

// Words that docs/errors.md has to explain. Each list is a Record over its union, so that a word that is new or gone does not
// compile here before it is missing or stale there.

const x = null;
const verdicts: Record<Verdict, null> = { accepted: x, rejected: x, deferred: x, uncertain: x };
const nexts: Record<Next, null> = { done: x, "plaintext-retry": x, "next-host": x, never: x, later: x };
const actions: Record<Action, null> = { fail: x, drop: x, downgrade: x };
const local: Record<LocalRefusal | "Stopped", null> = {
  MessageTooBig: x,
  Needs8bitMime: x,
  NeedsSmtpUtf8: x,
  NeedsBinaryMime: x,
  RequireTlsNotOffered: x,
  NotOffered: x,
  LimitExceeded: x,
  SessionLimit: x,
  Stopped: x,
};
const session: Record<FailureReason, null> = {
  ConnectFailed: x,
  ConnectionLost: x,
  Timeout: x,
  BadReply: x,
  UnexpectedReply: x,
  UnsolicitedReply: x,
  Refused: x,
  TlsNotOffered: x,
  TlsRefused: x,
  TlsFailed: x,
  StartTlsInjection: x,
  AuthNotOffered: x,
  NoCommonMechanism: x,
  PlaintextAuthRefused: x,
  AuthTemporary: x,
  AuthRejected: x,
  AuthBroken: x,
  XclientNotOffered: x,
  XclientRefused: x,
  ContentFailed: x,
  Interrupted: x,
  HostPaused: x,
  HostBusy: x,
  Closed: x,
};
const tls: Record<TlsErrorReason, null> = {
  CertificateRefused: x,
  NotTls: x,
  Alert: x,
  ConnectionClosed: x,
  Timeout: x,
  BadOptions: x,
  Unavailable: x,
};
const certificate: Record<CertificateFault, null> = {
  "no-certificate": x,
  expired: x,
  "not-yet-valid": x,
  "wrong-name": x,
  "self-signed": x,
  "unknown-ca": x,
  "pin-mismatch": x,
  "tlsa-mismatch": x,
  invalid: x,
};
const dns: Record<DnsErrorReason, null> = {
  AliasLoop: x,
  BadName: x,
  BadRecord: x,
  BadServer: x,
  FormatError: x,
  Malformed: x,
  NoServer: x,
  NotImplemented: x,
  NotRecursive: x,
  Refused: x,
  ServerFailure: x,
  Timeout: x,
  Unreachable: x,
};
const mx: Record<MxErrorReason, null> = { BadAddressLiteral: x, BadDomain: x, BareAddress: x };
const mtaSts: Record<MtaStsErrorReason, null> = {
  BadPolicy: x,
  BadRecord: x,
  CertificateRefused: x,
  FetchFailed: x,
  RecordLookupFailed: x,
  SeveralRecords: x,
};
const route: Record<RouteFailure["reason"], null> = {
  AddressRefused: x,
  DnsTemporary: x,
  DnsTimeout: x,
  DomainNotFound: x,
  MailLoop: x,
  MtaStsMxMismatch: x,
  NoMailHost: x,
  NoUsableHost: x,
  NullMx: x,
  OtherFamily: x,
};
const skips: Record<SkipReason, null> = {
  AddressAsName: x,
  AddressRefused: x,
  BehindSelf: x,
  Duplicate: x,
  LocalName: x,
  LookupFailed: x,
  MtaStsMxMismatch: x,
  NoAddress: x,
  NoName: x,
  NotAHostName: x,
  NullMx: x,
  OtherFamily: x,
  OverLimit: x,
  Self: x,
  TlsaLookupFailed: x,
};
const line: Record<LineErrorReason, null> = {
  BareCr: x,
  BareLf: x,
  LineTooLong: x,
  Nul: x,
  TooManyOctets: x,
  UnexpectedEnd: x,
};
const grammar: Record<GrammarReason, null> = {
  BadUtf8: x,
  ControlCharacter: x,
  NonAscii: x,
  BadCode: x,
  BadSeparator: x,
  BadStatus: x,
  BareCr: x,
  BareLf: x,
  CodeMismatch: x,
  LineTooLong: x,
  NotAReply: x,
  NulByte: x,
  ReplyTooLong: x,
  TooManyLines: x,
  UnexpectedEnd: x,
  BadAddressLiteral: x,
  BadAtext: x,
  BadDomain: x,
  BadDotString: x,
  BadLabel: x,
  BadQuotedPair: x,
  BadSourceRoute: x,
  DomainTooLong: x,
  EmptyLabel: x,
  EmptyLocalPart: x,
  EmptyName: x,
  LabelTooLong: x,
  LocalPartTooLong: x,
  MissingBracket: x,
  MissingDomain: x,
  NullPath: x,
  PathTooLong: x,
  TrailingGarbage: x,
  UnclosedQuote: x,
  AttributeTooLong: x,
  BadArgument: x,
  BadAuth: x,
  BadBase64: x,
  BadBody: x,
  BadBy: x,
  BadHold: x,
  BadMechanism: x,
  BadPriority: x,
  BadEnvid: x,
  BadKeyword: x,
  BadNotify: x,
  BadOrcpt: x,
  BadParameterValue: x,
  BadRet: x,
  BadSize: x,
  BadXtext: x,
  CommandTooLong: x,
  DuplicateParameter: x,
  EnvidTooLong: x,
  MissingArgument: x,
  OrcptTooLong: x,
  UnexpectedArgument: x,
  UnknownParameter: x,
  UnknownVerb: x,
  BadHeaderName: x,
  BadHeaderValue: x,
  BadHost: x,
  BadNonce: x,
  BadPort: x,
  BadToken: x,
  EmptyPassword: x,
  MismatchedCredentials: x,
  NoAuthorizationId: x,
  NulInPlain: x,
  TraceTooLong: x,
  UnpreparedName: x,
};
const sasl: Record<SaslReason, null> = {
  BadBase64: x,
  BadChallenge: x,
  UnexpectedChallenge: x,
  UnknownExtension: x,
  NonceNotExtended: x,
  TooFewIterations: x,
  TooManyIterations: x,
  ServerRefused: x,
  BadSignature: x,
  UnprovenServer: x,
};
const proxy: Record<ProxyErrorReason, null> = {
  NotProxy: x,
  BadLine: x,
  BadHeader: x,
  BadAddress: x,
  BadPort: x,
  BadTlv: x,
  BadChecksum: x,
  Incomplete: x,
  Timeout: x,
};
const fault: Record<FaultPart, null> = { stage: x, nth: x, connection: x, probability: x, action: x };
const transcript: Record<TranscriptErrorReason, null> = {
  AfterTheEnd: x,
  BadDelay: x,
  BadEscape: x,
  EmptyConnection: x,
  MissingSpace: x,
  UnknownDirection: x,
  UnknownLine: x,
  UselessDelay: x,
};
const mismatch: Record<MismatchReason, null> = { Different: x, Missing: x, TooEarly: x, Unexpected: x };

/** The words that the tables below a heading explain, in order. */
const explained = (heading: string): ReadonlyArray<string> => {
  const [, after, ...more] = page.split(`\n${heading}\n`);
  assert(after !== undefined && more.length === 0, `the page has the heading "${heading}" once`);
  const section = after.split(/^#{2,3} /m, 1)[0]!;
  return Array.from(section.matchAll(/^\| `([\w-]+)` +\|/gm), ([, word]) => word!);
};

const sections: ReadonlyArray<readonly [heading: string, ...words: ReadonlyArray<object>]> = [
  ["## Verdicts", verdicts, local],
  ["### Adaptations", actions],
  ["### What to do next", nexts],
  ["### SessionError (@plausch/session)", session],
  ["### TlsError (@plausch/tls)", tls, certificate],
  ["### DnsError (@plausch/dns)", dns],
  ["### MxError (@plausch/mx)", mx, route, skips],
  ["### MtaStsError (@plausch/mx)", mtaSts],
  ["### LineError (@plausch/line)", line],
  ["### GrammarError (@plausch/smtp)", grammar],
  ["### SaslError (@plausch/smtp)", sasl],
  ["### ProxyError (@plausch/net)", proxy],
  ["### FaultError (@plausch/sink)", fault],
  ["### Transcripts (@plausch/testing)", transcript, mismatch],
];

for (const [heading, ...words] of sections) {
  Deno.test(`docs/errors.md explains every word, and no other: ${heading.replace(/^#+ /, "")}`, () => {
    assertEquals(explained(heading).toSorted(), words.flatMap(Object.keys).sort());
  });
}
