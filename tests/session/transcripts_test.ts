import { assert, assertEquals } from "@std/assert";
import * as Content from "@plausch/session/content";
import { converse, type Options } from "@plausch/session/converse";
import * as Envelope from "@plausch/session/envelope";
import type { SessionEvent } from "@plausch/session/event";
import type { Outcome } from "@plausch/session/outcome";
import * as Session from "@plausch/session/session";
import { SessionError } from "@plausch/session/session-error";
import * as Command from "@plausch/smtp/command";
import * as Domain from "@plausch/smtp/domain";
import * as MockReport from "@plausch/testing/mock-report";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import { TlsError } from "@plausch/tls/tls-error";
import * as TlsLevel from "@plausch/tls/tls-level";
import type { CertificateFault } from "@plausch/tls/tls-report";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import chunks from "../transcripts/chunks.txt" with { type: "text" };
import implicitTls from "../transcripts/implicit_tls.txt" with { type: "text" };
import lmtp from "../transcripts/lmtp.txt" with { type: "text" };
import scram from "../transcripts/scram.txt" with { type: "text" };
import starttlsBuffered from "../transcripts/starttls_buffered.txt" with { type: "text" };
import starttlsFails from "../transcripts/starttls_fails.txt" with { type: "text" };
import starttlsGlued from "../transcripts/starttls_glued.txt" with { type: "text" };
import starttlsRaced from "../transcripts/starttls_raced.txt" with { type: "text" };
import starttlsSilent from "../transcripts/starttls_silent.txt" with { type: "text" };
import wrongName from "../transcripts/wrong_name.txt" with { type: "text" };
import { octets } from "../support/cases.ts";
import { it } from "../support/it.ts";

const host = Result.getOrThrow(Domain.hostFromString("client.test"));
const hello = Result.getOrThrow(Content.make(octets("Subject: t\r\n\r\nhello\r\n")));
const to = (...recipients: ReadonlyArray<string>): Envelope.Envelope =>
  Result.getOrThrow(Envelope.make({ from: "a@client.test", to: recipients }));

const parse = (text: string): Transcript.Script => Result.getOrThrow(Transcript.parse(text));

/** Holds the conversation of a transcript, with all the time in the world. */
const converseOver = (text: string, options: Partial<Options>, mock: MockSocket.Options = {}) =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(parse(text), mock);
    const events: Array<SessionEvent> = [];
    const fiber = yield* Effect.forkChild(
      converse({
        host,
        envelope: to("b@mx.test"),
        content: hello,
        ...options,
        observe: (event) => events.push(event),
      }).pipe(Effect.result, Effect.provideService(Socket.Socket, peer.socket)),
      { startImmediately: true },
    );
    yield* TestClock.adjust("1 hour");
    return { peer, events, result: yield* Fiber.join(fiber) };
  });

const failureOf = (result: Result.Result<Outcome, unknown>): SessionError => {
  const error = Result.getOrThrow(Result.flip(result));
  assert(error instanceof SessionError);
  return error;
};

const tlsReason = ({ reason, cause }: SessionError) => [reason, cause instanceof TlsError ? cause.reason : undefined];

it("opportunistic: a handshake that fails is followed by the same in clear, on a new connection", () =>
  Effect.gen(function* () {
    const { peer, events, result } = yield* converseOver(starttlsFails, { tls: "opportunistic" });
    yield* peer.verify;
    const { recipients, protection } = Result.getOrThrow(result);
    assertEquals(recipients.map(({ verdict }) => verdict), ["accepted"]);
    assertEquals(protection.isEncrypted, false);
    const turns = events.flatMap((event) => event._tag === "Turned" ? [event.turn] : []);
    assertEquals(turns, ["retry-in-clear"]);
    assertEquals(events.filter(({ _tag }) => _tag === "Connected" || _tag === "Closed").map(({ _tag }) => _tag), [
      "Connected",
      "Closed",
      "Connected",
      "Closed",
    ]);
  }));

for (
  const options of [
    { tls: "required" },
    { tls: "verified" },
    { tls: "opportunistic", retryInClear: false },
    {
      tls: "opportunistic",
      auth: { credentials: { _tag: "Password", user: "alice", password: Redacted.make("wonderland") } },
    },
  ] satisfies ReadonlyArray<Partial<Options>>
) {
  it(`${options.tls}, ${Object.keys(options).slice(1)}: nothing is tried in clear`, () =>
    Effect.gen(function* () {
      const { peer, result } = yield* converseOver(starttlsFails, options);
      assertEquals(tlsReason(failureOf(result)), ["TlsFailed", "Alert"]);
      assertEquals(yield* peer.heard, ["EHLO client.test", "STARTTLS"]);
      assertEquals((yield* Effect.flip(peer.verify)).actual, "(nothing; the client never connected)");
    }));
}

/** What each level needs of the settings of a handshake. */
const settings = (tls: TlsLevel.TlsLevel) =>
  tls === "dane" ? { tls, tlsOptions: { tlsa: [MockReport.daneEe] } } : { tls };

for (const tls of TlsLevel.levels.slice(1)) {
  for (const [name, text] of Object.entries({ starttlsGlued, starttlsBuffered })) {
    it(`${tls}, ${name}: octets in clear behind the 220 end the connection, in every chunking`, () =>
      Effect.gen(function* () {
        for (const chunking of ["whole", "octet", 3, 7] as const) {
          const { peer, result, events } = yield* converseOver(text, settings(tls), { chunking });
          const { reason, stage, recipients } = failureOf(result);
          assertEquals([reason, stage], ["StartTlsInjection", "starttls"]);
          assertEquals(recipients.map(({ verdict }) => verdict), ["deferred"]);
          assert(events.every(({ _tag }) => _tag !== "Secured"));
          yield* peer.verify;
        }
      }));
  }

  it(`${tls}: octets in clear that come in the middle of the handshake make it fail`, () =>
    Effect.gen(function* () {
      const { peer, result } = yield* converseOver(starttlsRaced, { ...settings(tls), retryInClear: false });
      assertEquals(tlsReason(failureOf(result)), ["TlsFailed", "NotTls"]);
      yield* peer.verify;
    }));

  it(`${tls}: a handshake that nobody answers is given up after 30 seconds`, () =>
    Effect.gen(function* () {
      const { peer, result, events } = yield* converseOver(starttlsSilent, { ...settings(tls), retryInClear: false });
      assertEquals(tlsReason(failureOf(result)), ["TlsFailed", "Timeout"]);
      assertEquals(events.find(({ _tag }) => _tag === "Failed")?.at, 30_000);
      yield* peer.verify;
    }));
}

const faults: ReadonlyArray<CertificateFault> = [
  "no-certificate",
  "expired",
  "not-yet-valid",
  "wrong-name",
  "self-signed",
  "unknown-ca",
  "invalid",
];
for (const fault of faults) {
  it(`verified: a certificate with the fault ${fault} ends the conversation`, () =>
    Effect.gen(function* () {
      const text = wrongName.replace("wrong-name", fault);
      const { peer, result } = yield* converseOver(text, { tls: "verified" });
      const error = failureOf(result);
      assertEquals(tlsReason(error), ["TlsFailed", "CertificateRefused"]);
      const { verification } = (error.cause as TlsError).report!;
      assertEquals(verification, { verified: false, fault, detail: undefined });
      yield* peer.verify;
    }));

  for (const tls of ["opportunistic", "required"] as const) {
    it(`${tls}: a certificate with the fault ${fault} will do, and is told of`, () =>
      Effect.gen(function* () {
        const goingOn = "> EHLO client.test\n< 250 mx\n> QUIT\n< 221 bye\n";
        const text = wrongName.replace("wrong-name", fault).replace("* client closes\n", goingOn);
        const { peer, result } = yield* converseOver(text, { tls, stopAfter: "ehlo-tls" });
        const { protection } = Result.getOrThrow(result);
        assertEquals(protection.isEncrypted, true);
        assertEquals(protection.tls?.verification, { verified: false, fault, detail: undefined });
        yield* peer.verify;
      }));
  }
}

it("a pin decides alone, whatever the certificate and the level", () =>
  Effect.gen(function* () {
    const text = wrongName.replace("* client closes\n", "> EHLO client.test\n< 250 mx\n> QUIT\n< 221 bye\n");
    const { sha256, spkiSha256 } = MockReport.make().chain[0]!;
    for (const pin of [sha256, spkiSha256]) {
      const tlsOptions = { pins: [pin] };
      const { peer, result } = yield* converseOver(text, { tls: "verified", tlsOptions, stopAfter: "ehlo-tls" });
      assertEquals(Result.getOrThrow(result).protection.tls?.verification, { verified: true, by: "pin" });
      yield* peer.verify;
    }
    const other = yield* converseOver(wrongName.replace("tls starts, wrong-name", "tls starts"), {
      tls: "required",
      tlsOptions: { pins: ["cc".repeat(32)] },
    });
    assertEquals(tlsReason(failureOf(other.result)), ["TlsFailed", "CertificateRefused"]);
    yield* other.peer.verify;
  }));

const preface = new TextEncoder().encode("PROXY TCP4 192.0.2.1 198.51.100.1 50000 465\r\n");

for (const tls of TlsLevel.levels) {
  it(`${tls}: with implicit TLS there is no STARTTLS, also behind a proxy`, () =>
    Effect.gen(function* () {
      const mock = { preface, tls: settings(tls).tlsOptions ?? {} };
      const { peer, result, events } = yield* converseOver(implicitTls, { tls, stopAfter: "ehlo" }, mock);
      assertEquals(Result.getOrThrow(result).protection.isEncrypted, true);
      assertEquals(events.slice(0, 2).map(({ _tag }) => _tag), ["Connected", "Secured"]);
      yield* peer.verify;
    }));

  it(`${tls}: implicit TLS that fails is a failure of TLS, and nothing is tried in clear`, () =>
    Effect.gen(function* () {
      const { peer, result } = yield* converseOver("* tls fails\n* new connection\n< 220 mx\n", { tls });
      assertEquals(tlsReason(failureOf(result)), ["TlsFailed", "Alert"]);
      assertEquals((yield* Effect.flip(peer.verify)).actual, "(nothing; the client never connected)");
    }));
}

it("verified: implicit TLS with a socket that takes any certificate does not do", () =>
  Effect.gen(function* () {
    const mock = { tls: { rejectUnauthorized: false } };
    const { peer, result } = yield* converseOver("* tls starts, expired\n* client closes\n", { tls: "verified" }, mock);
    assertEquals(tlsReason(failureOf(result)), ["TlsFailed", "CertificateRefused"]);
    yield* peer.verify;
  }));

const password = Redacted.make("wonderland");
const auth = (password: Redacted.Redacted<string>) => ({
  credentials: { _tag: "Password", user: "alice", password } as const,
});

it("SCRAM goes on without a fixed nonce, and both sides prove that they know the password", () =>
  Effect.gen(function* () {
    const user = (name: string) => name === "alice" ? password : undefined;
    for (const mechanism of ["SCRAM-SHA-256", "SCRAM-SHA-1"]) {
      const text = scram.replaceAll("SCRAM-SHA-256", mechanism);
      const { peer, result } = yield* converseOver(text, { auth: auth(password), stopAfter: "auth" }, { user });
      assertEquals(Result.getOrThrow(result).protection.authenticated, mechanism);
      yield* peer.verify;
    }
  }));

it("SCRAM with another password than the server's is not gone on with", () =>
  Effect.gen(function* () {
    const user = () => Redacted.make("looking glass");
    const refused = scram.replace("< 334 \\*\n>\n< 235 2.7.0 welcome", "< 535 5.7.8 no");
    const { peer, result } = yield* converseOver(refused, { auth: auth(password), stopAfter: "auth" }, { user });
    assertEquals(failureOf(result).reason, "AuthRejected");
    yield* peer.verify;
  }));

const binary = Content.binary(
  octets(
    "Content-Transfer-Encoding: binary\r\n\r\nThis line begins in one chunk and goes on in the next,\n" +
      "ends with LF alone, and then:\r\n\0\x01\x02\x03\x04PNG\0\x89\xff\xfe\0\x10\n\x80\x81\x82\x83\x84\x85.\r\n",
  ),
);

it("a binary message goes in chunks, octet by octet as it is", () =>
  Effect.gen(function* () {
    const { peer, result } = yield* converseOver(chunks, { content: binary, chunking: 60, tls: "none" });
    assertEquals(Result.getOrThrow(result).recipients.map(({ verdict }) => verdict), ["accepted"]);
    yield* peer.verify;
  }));

it("LMTP: those whose reply came have their verdict, whoever has none is uncertain", () =>
  Effect.gen(function* () {
    const envelope = to("b@mx.test", "c@mx.test", "d@mx.test", "e@mx.test");
    const { peer, result } = yield* converseOver(lmtp, { protocol: "lmtp", envelope, tls: "none" });
    const { reason, recipients } = failureOf(result);
    assertEquals(reason, "ConnectionLost");
    assertEquals(recipients.map(({ verdict, stage, code }) => [verdict, stage, code]), [
      ["accepted", "final", 250],
      ["rejected", "rcpt", 550],
      ["deferred", "final", 452],
      ["uncertain", "final", undefined],
    ]);
    yield* peer.verify;
  }));

it("a session tells its report, and the handshake forgets what was offered", () =>
  Effect.gen(function* () {
    const script = parse(
      "< 220 mx\n> EHLO client.test\n< 250-mx\n< 250-SIZE 5\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n* tls starts\n",
    );
    const report = { protocol: "TLSv1.2", cipher: "ECDHE-RSA-AES256-GCM-SHA384" };
    const peer = yield* MockSocket.make(script, { report });
    const session = yield* Session.greet({ host, tlsOptions: { servername: "mail.test" } }).pipe(
      Effect.provideService(Socket.Socket, peer.socket),
    );
    yield* session.hello("tls");
    assertEquals(session.protection.tls, { ...MockReport.make({ serverName: "mail.test" }), ...report });
    assertEquals(session.capabilities.size, undefined);
    yield* session.drop;
    yield* peer.verify;
  }));

it("behind a message that was stopped after DATA nothing more is said", () =>
  Effect.gen(function* () {
    const script = parse(
      "< 220 mx\n> EHLO client.test\n< 250 mx\n> MAIL FROM:<a@client.test>\n< 250 ok\n> RCPT TO:<b@mx.test>\n< 250 ok\n" +
        "> DATA\n< 354 go\n* client closes\n",
    );
    const peer = yield* MockSocket.make(script);
    const session = yield* Effect.provideService(Session.open({ host }), Socket.Socket, peer.socket);
    yield* session.send(to("b@mx.test"), hello, "data");
    const requests: ReadonlyArray<Effect.Effect<unknown, { readonly reason: string }>> = [
      session.send(to("b@mx.test"), hello),
      session.command(Command.noop()),
      session.hello(),
    ];
    for (const request of requests) assertEquals((yield* Effect.flip(request)).reason, "Closed");
    yield* session.quit;
    yield* peer.verify;
  }));
