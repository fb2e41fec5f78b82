import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Content from "@plausch/session/content";
import { converse, type Options } from "@plausch/session/converse";
import * as Envelope from "@plausch/session/envelope";
import * as Outcome from "@plausch/session/outcome";
import { SessionError } from "@plausch/session/session-error";
import * as Domain from "@plausch/smtp/domain";
import * as MockReport from "@plausch/testing/mock-report";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import { TlsError } from "@plausch/tls/tls-error";
import * as TlsLevel from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import { isTlsReader } from "@plausch/tls/tls-reader";
import type { Verification } from "@plausch/tls/tls-report";
import type { Tlsa } from "@plausch/tls/tlsa";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import starttlsFails from "../transcripts/starttls_fails.txt" with { type: "text" };
import { octets } from "../support/cases.ts";
import { verdictsAfter } from "../support/cut.ts";
import { contentOf, type Dialogue, dialogues, envelopeOf, settings, toScript, total } from "../support/dialogue.ts";
import { it } from "../support/it.ts";

const { daneEe, daneTa } = MockReport;
const another: Tlsa = { ...daneEe, data: new Uint8Array(32).fill(0xee) };

/** The levels that want a proof, and what the handshake needs for it. */
const proving: ReadonlyArray<readonly [level: TlsLevel.TlsLevel, tlsOptions: TlsOptions]> = [
  ["verified", {}],
  ["mta-sts", {}],
  ["dane", { tlsa: [daneEe] }],
];

const host = Result.getOrThrow(Domain.hostFromString("c.test"));
const envelope = Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] }));
const content = Result.getOrThrow(Content.make(octets("Subject: t\r\n\r\nhello\r\n")));

type Conversation = Partial<Options> & { readonly through?: (socket: Socket.Socket) => Socket.Socket };

/** Holds a conversation over the mock socket, with all the time in the world. */
const over = (
  script: Transcript.Script,
  { through = (socket) => socket, ...options }: Conversation,
  mock: MockSocket.Options = {},
) =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(script, mock);
    const fiber = yield* Effect.forkChild(
      converse({ host, envelope, content, ...options }).pipe(
        Effect.result,
        Effect.provideService(Socket.Socket, through(peer.socket)),
      ),
      { startImmediately: true },
    );
    yield* TestClock.adjust("1 hour");
    return { peer, result: yield* Fiber.join(fiber) };
  });

const parse = (text: string): Transcript.Script => Result.getOrThrow(Transcript.parse(text));

const failureOf = (result: Result.Result<Outcome.Outcome, unknown>): SessionError => {
  const error = Result.getOrThrow(Result.flip(result));
  assert(error instanceof SessionError);
  return error;
};

const tlsErrorOf = (result: Result.Result<Outcome.Outcome, unknown>): TlsError => {
  const { reason, cause } = failureOf(result);
  assertEquals(reason, "TlsFailed");
  assert(cause instanceof TlsError);
  return cause;
};

/** What the client said in clear. */
const inClear = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const at = lines.indexOf("STARTTLS");
  return at < 0 ? lines : lines.slice(0, at + 1);
};

/** A dialogue in which TLS is asked for, as it is at another level. */
const stricter: ReadonlyArray<Dialogue> = dialogues.filter(({ id, policy }) =>
  id === "dlg-tls-ok" || id === "dlg-tls-caps-dropped" || policy.tls === "required" || policy.tls === "verified"
);

for (const [tls, tlsOptions] of proving) {
  for (const dialogue of stricter) {
    it(`${dialogue.id} at the level ${tls}: the same, and cut after every octet of the server nothing goes in clear`, () =>
      Effect.gen(function* () {
        const verdicts = verdictsAfter(dialogue);
        const conversation = {
          ...settings(dialogue),
          envelope: envelopeOf(dialogue),
          content: contentOf(dialogue),
          tls,
          tlsOptions,
        };
        for (let cutAfter = 0; cutAfter <= total(dialogue); cutAfter++) {
          const { peer, result } = yield* over(toScript(dialogue), conversation, { cutAfter });
          const recipients = Result.match(result, {
            onSuccess: (outcome) => outcome.recipients,
            onFailure: (error) => error instanceof SessionError ? error.recipients : [],
          });
          const found = Object.fromEntries(recipients.map(({ address, verdict }) => [address, verdict]));
          assertEquals(found, verdicts(cutAfter), `cut after ${cutAfter} octets`);
          assert(Outcome.next(recipients, tls) !== "plaintext-retry");
          const heard = yield* peer.heard;
          assert(inClear(heard).every((line) => /^(?:EHLO|STARTTLS|QUIT)/.test(line)), heard.join(", "));
          if (Result.isSuccess(result)) assertEquals(result.success.protection.level, tls);
        }
      }));
  }

  it(`${tls}: a handshake that fails is not followed by anything in clear`, () =>
    Effect.gen(function* () {
      const script = parse(starttlsFails.replaceAll("client.test", "c.test"));
      const { peer, result } = yield* over(script, { tls, tlsOptions });
      assertEquals(tlsErrorOf(result).reason, "Alert");
      assertEquals(yield* peer.heard, ["EHLO c.test", "STARTTLS"]);
      assertEquals((yield* Effect.flip(peer.verify)).actual, "(nothing; the client never connected)");
    }));
}

const handshake = (direction: string, goesOn: boolean): string => `
  < 220 mx
  > EHLO c.test
  < 250-mx
  < 250 STARTTLS
  > STARTTLS
  < 220 go
  * ${direction}
  ${goesOn ? "> EHLO c.test\n< 250 mx\n> QUIT\n< 221 bye" : "* client closes"}
`;

/** What the server shows, what the records are, and what it comes to at the level `dane`. */
const shown: ReadonlyArray<readonly [direction: string, tlsa: ReadonlyArray<Tlsa>, verification: Verification]> = [
  ["tls starts", [daneEe], { verified: true, by: "dane-ee", record: daneEe }],
  ["tls starts", [another, daneEe], { verified: true, by: "dane-ee", record: daneEe }],
  ["tls starts", [daneTa], { verified: true, by: "dane-ta", record: daneTa }],
  ["tls starts", [another], { verified: false, fault: "tlsa-mismatch", detail: undefined }],
  ["tls starts, tlsa-mismatch", [daneEe, daneTa], { verified: false, fault: "tlsa-mismatch", detail: undefined }],
  ["tls starts, no-certificate", [daneEe], { verified: false, fault: "no-certificate", detail: undefined }],
  ["tls starts, invalid", [daneEe], { verified: false, fault: "invalid", detail: undefined }],
  ...["expired", "not-yet-valid", "wrong-name", "self-signed", "unknown-ca"].map((fault) =>
    [`tls starts, ${fault}`, [daneEe], { verified: true, by: "dane-ee", record: daneEe }] as const
  ),
  ...(["expired", "not-yet-valid", "wrong-name", "invalid"] as const).map((fault) =>
    [`tls starts, ${fault}`, [daneTa], { verified: false, fault, detail: undefined }] as const
  ),
  ...["self-signed", "unknown-ca"].map((fault) =>
    [`tls starts, ${fault}`, [daneTa], { verified: false, fault: "tlsa-mismatch", detail: undefined }] as const
  ),
];
for (const [direction, tlsa, verification] of shown) {
  const records = tlsa.map(({ usage, data }) => `${usage}:${data[0]}`).join(", ");
  const verdict = verification.verified ? verification.by : verification.fault;
  // The records make it so, whatever level was named; below it, they are no less of a demand.
  for (const tls of ["dane", "opportunistic", "required"] as const) {
    it(`${tls}, ${direction}, records ${records}: ${verdict}`, () =>
      Effect.gen(function* () {
        const options: Conversation = { tls, tlsOptions: { tlsa }, stopAfter: "ehlo-tls" };
        const { peer, result } = yield* over(parse(handshake(direction, verification.verified)), options);
        if (verification.verified) {
          const { protection } = Result.getOrThrow(result);
          assertEquals(protection.tls?.verification, verification);
          assertEquals(protection.level, tls === "required" ? "required" : "dane");
        } else {
          const error = tlsErrorOf(result);
          assertEquals([error.reason, error.report?.verification], ["CertificateRefused", verification]);
        }
        yield* peer.verify;
      }));
  }
}

it("mta-sts: what an authority vouches for will do, and every fault ends it", () =>
  Effect.gen(function* () {
    const settings: Conversation = { tls: "mta-sts", stopAfter: "ehlo-tls" };
    const sound = yield* over(parse(handshake("tls starts", true)), settings);
    const { level, tls } = Result.getOrThrow(sound.result).protection;
    assertEquals([level, tls?.verification], ["mta-sts", { verified: true, by: "pkix" }]);
    for (const fault of ["expired", "wrong-name", "self-signed", "unknown-ca"] as const) {
      const { result } = yield* over(parse(handshake(`tls starts, ${fault}`, false)), settings);
      assertEquals(tlsErrorOf(result).report?.verification, { verified: false, fault, detail: undefined });
    }
  }));

const unusable: ReadonlyArray<readonly [what: string, tlsOptions: TlsOptions, words: string]> = [
  ["no records", {}, "the level dane needs TLSA records"],
  ["an empty list of records", { tlsa: [] }, "the level dane needs TLSA records"],
  ["records that cannot be used", { tlsa: [{ ...daneEe, usage: 1 }] }, "none of the records in tlsa can be used"],
  ["records and pins", { tlsa: [daneEe], pins: ["5a".repeat(32)] }, "both decide alone"],
];
for (const [what, tlsOptions, words] of unusable) {
  it(`dane with ${what}: what an authority says does not stand in for them`, () =>
    Effect.gen(function* () {
      const { peer, result } = yield* over(parse(handshake("tls starts", false)), { tls: "dane", tlsOptions });
      const error = tlsErrorOf(result);
      assertEquals(error.reason, "BadOptions");
      assertStringIncludes(error.message, words);
      assertEquals(yield* peer.heard, ["EHLO c.test", "STARTTLS"]);
    }));
}

/** The socket without all that only our own sockets can. */
const plain = (socket: Socket.Socket): Socket.Socket => ({
  ...socket,
  reader: Effect.map(socket.reader, ({ pull, upgrade }) => ({ pull, upgrade })),
});

const demanding = ["opportunistic", "verified", "dane"] as const;

it("a socket that knows nothing of records and pins is not trusted with them", () =>
  Effect.gen(function* () {
    for (const tlsOptions of [{ tlsa: [daneEe] }, { pins: ["5a".repeat(32)] }, {}]) {
      for (const tls of Object.keys(tlsOptions).length === 0 ? ["dane"] as const : demanding) {
        const { peer, result } = yield* over(parse(handshake("tls starts", false)), {
          tls,
          tlsOptions,
          through: plain,
        });
        assertEquals(tlsErrorOf(result).reason, "BadOptions");
        assertEquals(yield* peer.heard, ["EHLO c.test", "STARTTLS"]);
      }
    }
    const { result } = yield* over(parse(handshake("tls starts", true)), {
      tls: "mta-sts",
      stopAfter: "ehlo-tls",
      through: plain,
    });
    assertEquals(Result.getOrThrow(result).protection, {
      level: "mta-sts",
      isEncrypted: true,
      tls: undefined,
      authenticated: undefined,
    });
  }));

/** A socket that takes the options of a handshake and does not look at the records. */
const careless = (socket: Socket.Socket): Socket.Socket => ({
  ...socket,
  reader: Effect.map(socket.reader, (reader) => {
    assert(isTlsReader(reader));
    return { ...reader, startTls: (options?: TlsOptions) => reader.startTls({ ...options, tlsa: undefined }) };
  }),
});

it("dane: a socket that says that an authority will do is not believed", () =>
  Effect.gen(function* () {
    const options: Conversation = { tls: "dane", tlsOptions: { tlsa: [daneEe] }, through: careless };
    const { result } = yield* over(parse(handshake("tls starts", false)), options);
    assertEquals(tlsErrorOf(result).reason, "BadOptions");
  }));

const fromTheStart = (direction: string): string => `
  * ${direction}
  < 220 mx
  > EHLO c.test
  < 250 mx
  > QUIT
  < 221 bye
`;

it("TLS from the first octet: the socket has the records, and the session looks at what it proved", () =>
  Effect.gen(function* () {
    const dane: Conversation = { tls: "dane", stopAfter: "ehlo" };
    const good = yield* over(parse(fromTheStart("tls starts, self-signed")), dane, { tls: { tlsa: [daneEe] } });
    const { level, tls } = Result.getOrThrow(good.result).protection;
    assertEquals([level, tls?.verification], ["dane", { verified: true, by: "dane-ee", record: daneEe }]);
    const mismatch = yield* over(parse(fromTheStart("tls starts")), dane, { tls: { tlsa: [another] } });
    assertEquals(tlsErrorOf(mismatch.result).report?.verification.verified, false);
    const pkix = yield* over(parse(fromTheStart("tls starts")), dane);
    assertEquals(tlsErrorOf(pkix.result).reason, "BadOptions");
    const lax = { tls: { rejectUnauthorized: false } };
    for (const tls of ["dane", "mta-sts", "verified"] as const) {
      const { peer, result } = yield* over(parse(fromTheStart("tls starts, expired")), { tls }, lax);
      assertEquals(tlsErrorOf(result).reason, "CertificateRefused");
      assertEquals(yield* peer.heard, []);
    }
  }));

it("an outcome tells the level that was asked for, however the conversation went", () =>
  Effect.gen(function* () {
    const levelOf = ({ result }: { readonly result: Result.Result<Outcome.Outcome, unknown> }) =>
      Result.getOrThrow(result).protection.level;
    const refused = parse("< 554 5.7.1 not you\n> QUIT\n< 221 bye\n");
    for (const level of TlsLevel.levels) {
      assertEquals(levelOf(yield* over(refused, { tls: level })), level);
      assertEquals(levelOf(yield* over(parse("< 220 mx\n"), { tls: level, dropAfter: "connect" })), level);
    }
    assertEquals(levelOf(yield* over(refused, {})), "opportunistic");
    assertEquals(levelOf(yield* over(refused, { tlsOptions: { pins: ["5a".repeat(32)] } })), "required");
    assertEquals(levelOf(yield* over(refused, { tlsOptions: { tlsa: [daneEe] } })), "dane");
    // Once more in clear: what was asked for is what was asked for.
    const retried = starttlsFails.replaceAll("client.test", "c.test").replaceAll("b@mx.test", "b@d.test");
    const outcome = yield* over(parse(retried), { tls: "opportunistic" });
    const { level, isEncrypted } = Result.getOrThrow(outcome.result).protection;
    assertEquals([level, isEncrypted], ["opportunistic", false]);
  }));

it("REQUIRETLS is said to whom a record or an authority has proven (RFC 8689)", () =>
  Effect.gen(function* () {
    const strict = Result.getOrThrow(
      Envelope.make({ from: "a@c.test", to: ["b@d.test"], parameters: { requireTls: true } }),
    );
    const text = `
      < 220 mx
      > EHLO c.test
      < 250-mx
      < 250 STARTTLS
      > STARTTLS
      < 220 go
      * tls starts
      > EHLO c.test
      < 250-mx
      < 250 REQUIRETLS
      > MAIL FROM:<a@c.test> REQUIRETLS
      < 550 no
      > QUIT
      < 221 bye
    `;
    for (const [tls, tlsOptions] of [...proving, ["dane", { tlsa: [daneTa] }]] as const) {
      for (const through of tls === "dane" ? [undefined] : [undefined, plain]) {
        const options: Conversation = {
          tls,
          tlsOptions,
          envelope: strict,
          ...(through === undefined ? {} : { through }),
        };
        const { peer, result } = yield* over(parse(text), options);
        assertEquals(Result.getOrThrow(result).recipients.map(({ code }) => code), [550]);
        yield* peer.verify;
      }
    }
  }));
