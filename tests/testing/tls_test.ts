import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import * as MockReport from "@plausch/testing/mock-report";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import { TlsError } from "@plausch/tls/tls-error";
import * as PeerIdentity from "@plausch/tls/peer-identity";
import { isTlsReader } from "@plausch/tls/tls-reader";
import type { CertificateFault } from "@plausch/tls/tls-report";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import type * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import { it } from "../support/it.ts";

const mock = (text: string, options?: MockSocket.Options) =>
  MockSocket.make(Result.getOrThrow(Transcript.parse(text)), options);

const tlsError = ({ reason }: Socket.SocketError): TlsError => {
  assertEquals(reason._tag, "SocketUpgradeError");
  assertInstanceOf(reason.cause, TlsError);
  return reason.cause;
};

const faults: ReadonlyArray<CertificateFault> = [
  "no-certificate",
  "expired",
  "not-yet-valid",
  "wrong-name",
  "self-signed",
  "unknown-ca",
  "pin-mismatch",
  "invalid",
];

it("a reader can begin TLS, and has the report from then on", () =>
  Effect.gen(function* () {
    const peer = yield* mock("< 220 go\n* tls starts\n> EHLO c\n< 250 mx\n");
    const reader = yield* peer.socket.reader;
    assert(isTlsReader(reader));
    yield* reader.pull;
    assertEquals(reader.tls(), undefined);
    const report = yield* reader.startTls({ servername: "mail.test" });
    assertEquals(report, MockReport.make({ serverName: "mail.test" }));
    assertEquals(reader.tls(), report);
    const { write } = yield* peer.socket.writer;
    yield* write("EHLO c\r\n");
    yield* reader.pull;
    yield* peer.verify;
    assertEquals(yield* peer.transcript, "< 220 go\n* tls starts\n> EHLO c\n< 250 mx\n");
  }));

it("a report says what the options of the mock say", () =>
  Effect.gen(function* () {
    const changes = { protocol: "TLSv1.2", cipher: "TLS_X", alpnProtocol: "smtp", chain: [] };
    const peer = yield* mock("* tls starts\n< 220 mx\n", { report: changes, tls: { servername: "mail.test" } });
    const reader = yield* peer.socket.reader;
    assertEquals(reader.tls(), { ...MockReport.make({ serverName: "mail.test" }), ...changes });
  }));

for (const fault of faults) {
  it(`${fault}: a client that insists fails with the report, and has hung up`, () =>
    Effect.gen(function* () {
      for (const way of ["startTls", "upgrade"] as const) {
        const peer = yield* mock(`< 220 go\n* tls starts, ${fault}\n* client closes\n`);
        const reader = yield* peer.socket.reader;
        yield* reader.pull;
        const error = tlsError(yield* Effect.flip(reader[way]()));
        assertEquals(error.reason, "CertificateRefused");
        assertEquals(error.report, MockReport.make({ fault }));
        assert(error.message.length > "Cannot trust the other side: ".length);
        assertEquals(reader.tls(), undefined);
        assertEquals((yield* Effect.flip(reader.pull)).reason._tag, "SocketCloseError");
        yield* peer.verify;
        assertEquals(yield* peer.transcript, `< 220 go\n* tls starts, ${fault}\n* client closes\n`);
      }
    }));

  it(`${fault}: a client that does not insist goes on, and knows`, () =>
    Effect.gen(function* () {
      const peer = yield* mock(`< 220 go\n* tls starts, ${fault}\n> NOOP\n`);
      const reader = yield* peer.socket.reader;
      yield* reader.pull;
      const report = yield* reader.startTls({ rejectUnauthorized: false });
      assertEquals(report.verification, { verified: false, fault, detail: undefined });
      const { write } = yield* peer.socket.writer;
      yield* write("NOOP\r\n");
      yield* peer.verify;
    }));
}

Deno.test("a faulty certificate shows its fault, so that it can be explained", () => {
  const now = Date.UTC(2026, 0, 1);
  for (const fault of ["expired", "not-yet-valid", "self-signed", "wrong-name", "unknown-ca"] as const) {
    const { chain } = MockReport.make({ fault });
    const isNamed = chain[0]!.subjectAltNames.includes("DNS:mx.test");
    const verification = PeerIdentity.verify({ chain, pins: [], trust: "unknown", isNamed, now });
    assertEquals(verification, { verified: false, fault, detail: undefined });
  }
  const { chain } = MockReport.make();
  const sound = PeerIdentity.verify({ chain, pins: [], trust: "known", isNamed: true, now });
  assertEquals(sound, { verified: true, by: "pkix" });
});

it("pins decide alone", () =>
  Effect.gen(function* () {
    const { sha256, spkiSha256 } = MockReport.make().chain[0]!;
    for (const [pin, fault] of [[sha256, "expired"], [spkiSha256.toUpperCase(), "self-signed"]]) {
      const peer = yield* mock(`* tls starts, ${fault}\n`, { tls: { pins: [pin!] } });
      const reader = yield* peer.socket.reader;
      assertEquals(reader.tls()?.verification, { verified: true, by: "pin" });
    }
    for (const [fault, seen] of [["", "pin-mismatch"], [", no-certificate", "no-certificate"]] as const) {
      const pins = ["cc".repeat(32)];
      const peer = yield* mock(`* tls starts${fault}\n`, { tls: { pins, rejectUnauthorized: false } });
      const error = tlsError(yield* Effect.flip(peer.socket.reader));
      assertEquals(error.reason, "CertificateRefused");
      assertEquals(error.report?.verification, { verified: false, fault: seen, detail: undefined });
    }
  }));

it("options that make no sense begin no handshake", () =>
  Effect.gen(function* () {
    const peer = yield* mock("< 220 go\n* tls starts\n");
    const reader = yield* peer.socket.reader;
    yield* reader.pull;
    assertEquals(tlsError(yield* Effect.flip(reader.startTls({ pins: ["da39a3ee"] }))).reason, "BadOptions");
    yield* reader.startTls();
    yield* peer.verify;
  }));

it("an alert ends the connection", () =>
  Effect.gen(function* () {
    const peer = yield* mock("< 220 go\n* tls fails\n");
    const reader = yield* peer.socket.reader;
    yield* reader.pull;
    const error = tlsError(yield* Effect.flip(reader.startTls({ servername: "mail.test" })));
    assertEquals([error.reason, error.serverName, error.report], ["Alert", "mail.test", undefined]);
    assertEquals((yield* Effect.flip(reader.pull)).reason._tag, "SocketReadError");
    assertEquals(tlsError(yield* Effect.flip(reader.startTls())).reason, "ConnectionClosed");
    yield* peer.verify;
  }));

it("a server that hangs up instead of a handshake", () =>
  Effect.gen(function* () {
    const peer = yield* mock("< 220 go\n* server closes\n");
    const reader = yield* peer.socket.reader;
    yield* reader.pull;
    assertEquals(tlsError(yield* Effect.flip(reader.startTls())).reason, "ConnectionClosed");
  }));

it("a handshake that nobody answers takes as long as the options allow", () =>
  Effect.gen(function* () {
    for (const [timeout, seconds] of [[undefined, 30], ["5 seconds", 5]] as const) {
      const peer = yield* mock("< 220 go\n* tls never answers\n* client closes\n");
      const reader = yield* peer.socket.reader;
      yield* reader.pull;
      const fiber = yield* Effect.forkChild(Effect.flip(reader.startTls({ timeout })), { startImmediately: true });
      yield* TestClock.adjust(`${seconds} seconds`);
      const error = tlsError(yield* Fiber.join(fiber));
      assertEquals(error.reason, "Timeout");
      assertEquals(
        error.message,
        `The TLS handshake failed: it was not finished after ${seconds}s. ` +
          "If TLS was to begin with the connection, the other side may wait for words in clear",
      );
      yield* peer.verify;
      assertEquals(yield* peer.transcript, "< 220 go\n* tls never answers\n* client closes\n");
    }
  }));

it("a handshake that is interrupted closes the connection", () =>
  Effect.gen(function* () {
    const peer = yield* mock("* tls never answers\n* client closes\n");
    yield* Effect.forkChild(Effect.scoped(peer.socket.reader), { startImmediately: true }).pipe(
      Effect.flatMap(Fiber.interrupt),
    );
    yield* peer.verify;
  }));

it("what waits in the buffer is counted when its time has come, whole lines or not", () =>
  Effect.gen(function* () {
    const peer = yield* mock("< 220 go\n< \\|250 e\\\n~ 1 second\n< vil\n* client closes\n");
    const reader = yield* peer.socket.reader;
    assertEquals(reader.buffered(), 13);
    yield* reader.pull;
    assertEquals(reader.buffered(), 5);
    yield* TestClock.adjust("1 second");
    assertEquals(reader.buffered(), 10);
    yield* reader.pull;
    yield* reader.pull;
    assertEquals(reader.buffered(), 0);
  }));

it("a handshake that begins over a full buffer is too early: that client does not look", () =>
  Effect.gen(function* () {
    for (const next of ["tls starts", "tls fails"]) {
      const peer = yield* mock(`< 220 go\n< \\|250 evil\n* ${next}\n`);
      const reader = yield* peer.socket.reader;
      yield* reader.pull;
      const { reason } = yield* Effect.flip(reader.startTls());
      assertEquals(reason._tag, "SocketUpgradeError");
      const mismatch = yield* Effect.flip(peer.verify);
      assertEquals([mismatch.reason, mismatch.expected, mismatch.actual], ["TooEarly", "< 250 evil", "* tls starts"]);
    }
  }));

it("what comes in clear during a handshake is no TLS, when it comes", () =>
  Effect.gen(function* () {
    for (
      const [timeout, millis, reason] of [["1 minute", 10_000, "NotTls"], ["5 seconds", 5_000, "Timeout"]] as const
    ) {
      const peer = yield* mock("< 220 go\n~ 10 seconds\n< 250 evil\n* tls fails\n");
      const reader = yield* peer.socket.reader;
      yield* reader.pull;
      const fiber = yield* Effect.forkChild(Effect.flip(reader.startTls({ timeout })), { startImmediately: true });
      yield* TestClock.adjust(millis - 1);
      assertEquals(fiber.pollUnsafe(), undefined);
      yield* TestClock.adjust(1);
      assertEquals(tlsError(yield* Fiber.join(fiber)).reason, reason);
      yield* peer.verify;
      assertEquals(yield* peer.transcript, "< 220 go\n< 250 evil\n* tls fails\n");
    }
  }));

it("TLS from the first octet is a part of dialling", () =>
  Effect.gen(function* () {
    const peer = yield* mock("* tls starts\n< 220 mx\n", { tls: { servername: "mail.test" } });
    const reader = yield* peer.socket.reader;
    assertEquals(reader.tls()?.serverName, "mail.test");
    assertEquals(new TextDecoder().decode((yield* reader.pull)[0]), "220 mx\r\n");
    yield* peer.verify;
  }));

it("TLS from the first octet that comes to nothing is a dial that failed", () =>
  Effect.gen(function* () {
    for (const [how, reason] of [["tls fails", "Alert"], ["tls starts, expired", "CertificateRefused"]] as const) {
      const peer = yield* mock(`* ${how}\n`);
      assertEquals(tlsError(yield* Effect.flip(Effect.scoped(peer.socket.reader))).reason, reason);
      yield* peer.verify;
    }
  }));

const preface = new TextEncoder().encode("PROXY UNKNOWN\r\n");

it("a preface goes out before everything, before TLS too", () =>
  Effect.gen(function* () {
    for (const tls of ["", "* tls starts\n"]) {
      const text = `> PROXY UNKNOWN\n${tls}< 220 mx\n`;
      const peer = yield* mock(text, { preface });
      const reader = yield* peer.socket.reader;
      assertEquals(reader.tls() !== undefined, tls !== "");
      yield* reader.pull;
      yield* peer.verify;
      assertEquals(yield* peer.transcript, text);
    }
  }));

it("a preface that is not expected is a dial that failed", () =>
  Effect.gen(function* () {
    const peer = yield* mock("> PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n< 220 mx\n", { preface });
    const { reason } = yield* Effect.flip(Effect.scoped(peer.socket.reader));
    assertEquals(reason._tag, "SocketOpenError");
    assertEquals((yield* Effect.flip(peer.verify)).actual, "> PROXY UNKNOWN");
  }));

it("TLS behind what the client says is no part of dialling", () =>
  Effect.gen(function* () {
    const peer = yield* mock("> PROXY UNKNOWN\n* tls starts\n");
    const reader = yield* peer.socket.reader;
    assertEquals(reader.tls(), undefined);
    const { write } = yield* peer.socket.writer;
    yield* write("PROXY UNKNOWN\r\n");
    yield* reader.startTls();
    yield* peer.verify;
  }));
