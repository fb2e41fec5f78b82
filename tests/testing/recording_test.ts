import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Content from "@plausch/session/content";
import { converse, type Options } from "@plausch/session/converse";
import * as Envelope from "@plausch/session/envelope";
import * as Domain from "@plausch/smtp/domain";
import type { Credentials, Mechanism } from "@plausch/smtp/sasl";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Recorder from "@plausch/testing/recorder";
import * as Transcript from "@plausch/testing/transcript";
import { isTlsReader } from "@plausch/tls/tls-reader";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import { octets } from "../support/cases.ts";
import { it } from "../support/it.ts";
import { wire } from "./_perfect_client.ts";

const parse = (text: string): Transcript.Script => Result.getOrThrow(Transcript.parse(text));

const host = Result.getOrThrow(Domain.hostFromString("c.test"));
const envelope = Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@mx.test"] }));
const hello = Result.getOrThrow(Content.make(octets("Subject: t\r\n\r\nhello\r\n")));

/** Holds a conversation with a mock, through a recorder. */
const record = (
  text: string,
  options: Partial<Options>,
  mock: MockSocket.Options = {},
  recording: Recorder.Options = {},
) =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(parse(text), mock);
    const recorder = Recorder.wrap(peer.socket, recording);
    const fiber = yield* Effect.forkChild(
      converse({ host, envelope, content: hello, ...options }).pipe(
        Effect.result,
        Effect.provideService(Socket.Socket, recorder.socket),
      ),
      { startImmediately: true },
    );
    yield* TestClock.adjust("1 hour");
    const result = yield* Fiber.join(fiber);
    yield* peer.verify;
    return { result, text: yield* recorder.transcript };
  });

const password = "wonder land";
const bearer = "ya29.wonderland";
const forms = [password, bearer].flatMap((secret) => [
  secret,
  btoa(secret),
  btoa(secret).replaceAll("=", ""),
  btoa(`\0alice\0${secret}`),
  btoa(secret).slice(4, -4),
]);

const withSecret = (mechanism: Mechanism, secret: string): Credentials =>
  mechanism === "XOAUTH2" || mechanism === "OAUTHBEARER"
    ? { _tag: "Token", user: "alice", token: Redacted.make(secret) }
    : { _tag: "Password", user: "alice", password: Redacted.make(secret) };

const secretFor = (mechanism: Mechanism): string =>
  mechanism === "XOAUTH2" || mechanism === "OAUTHBEARER" ? bearer : password;

const isHidden = (text: string): boolean => forms.every((form) => !text.toLowerCase().includes(form.toLowerCase()));

const exchanges: ReadonlyArray<readonly [mechanism: Mechanism, hasInitial: boolean, challenges: number]> = [
  ["PLAIN", true, 0],
  ["PLAIN", false, 1],
  ["LOGIN", true, 2],
  ["CRAM-MD5", true, 1],
  ["SCRAM-SHA-1", true, 2],
  ["SCRAM-SHA-256", true, 2],
  ["SCRAM-SHA-256", false, 3],
  ["XOAUTH2", true, 0],
  ["OAUTHBEARER", true, 0],
  ["OAUTHBEARER", false, 1],
];

for (const [mechanism, initialResponse, challenges] of exchanges) {
  const what = `${mechanism}, ${initialResponse ? "with" : "without"} a first response`;
  it(`${what}: no credentials are recorded, and the recording works with others`, () =>
    Effect.gen(function* () {
      const secret = secretFor(mechanism);
      const said = initialResponse && mechanism !== "LOGIN" && mechanism !== "CRAM-MD5" ? " \\*" : "";
      const live = `* tls starts
        < 220 mx
        > EHLO c.test
        < 250-mx
        < 250 AUTH ${mechanism}
        > AUTH ${mechanism}${said}
        ${"< 334 \\*\n> \\*\n".repeat(challenges)}
        < 235-2.7.0 welcome, ${secret}
        < 235 2.7.0 that is ${btoa(secret)} or ${btoa(`\0alice\0${secret}`)}
        > QUIT
        < 221 bye ${secret}
      `;
      const use = (secret: string): Partial<Options> => ({
        stopAfter: "auth",
        auth: { credentials: withSecret(mechanism, secret), mechanisms: [mechanism], initialResponse },
      });
      const server = (secret: string): MockSocket.Options => ({ user: () => Redacted.make(secret) });

      // Where the password is never said, only the user knows what to hide.
      const isSaid = !/^(?:CRAM|SCRAM)/.test(mechanism);
      const recording = isSaid ? {} : { secrets: [Redacted.make(secret)] };
      const { result, text } = yield* record(live, use(secret), server(secret), recording);
      assert(Result.isSuccess(result), "the live login works");
      assert(isHidden(text), text);
      assertStringIncludes(text, `> AUTH ${mechanism}${said}\n`);
      assertStringIncludes(text, "< 221 bye ***\n");

      const replay = yield* record(text, use("something-else"), server("something-else"));
      assert(Result.isSuccess(replay.result), "the login from the recording works");
      assertEquals(replay.text, text);
    }));
}

it("what a server says before and after, on other connections too, is hidden if the secret is given", () =>
  Effect.gen(function* () {
    const live = `
      < 220 ${password}
      > EHLO c.test
      < 250-mx
      < 250 X ${btoa(password)}
      > QUIT
      < 221 bye
      * new connection
      < 220 ${password}
      * server closes
    `;
    const peer = yield* MockSocket.make(parse(live));
    const recorder = Recorder.wrap(peer.socket, { secrets: [Redacted.make(password)] });
    yield* Effect.scoped(Effect.gen(function* () {
      const { read, say } = yield* wire(recorder.socket);
      for (const line of ["EHLO c.test", "QUIT"]) {
        yield* read;
        yield* say(line);
      }
      yield* read;
    }));
    yield* Effect.scoped(Effect.flatMap(wire(recorder.socket), ({ read }) => read));
    const text = yield* recorder.transcript;
    assertEquals(text.split("\n"), [
      "< 220 ***",
      "> EHLO c.test",
      "< 250-mx",
      "< 250 X ***",
      "> QUIT",
      "< 221 bye",
      "* client closes",
      "* new connection",
      "< 220 ***",
      "* client closes",
      "",
    ]);
  }));

it("a password that was said on one connection is hidden on the next", () =>
  Effect.gen(function* () {
    const plain = btoa(`\0alice\0${password}`);
    const peer = yield* MockSocket.make(
      parse(`> AUTH PLAIN ${plain}\n* new connection\n> NOOP ${password}\n< 250 ${password}\n`),
    );
    const recorder = Recorder.wrap(peer.socket);
    yield* Effect.scoped(Effect.flatMap(wire(recorder.socket), ({ say }) => say(`AUTH PLAIN ${plain}`)));
    // The first exchange never came to its end; the second connection begins anew.
    yield* Effect.scoped(
      Effect.flatMap(wire(recorder.socket), ({ say, read }) => Effect.andThen(say(`NOOP ${password}`), read)),
    );
    const text = yield* recorder.transcript;
    assert(isHidden(text), text);
    yield* MockSocket.make(parse(text));
  }));

it("half a line of a server that knows a secret is not written down", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(parse("> AUTH LOGIN\n< 535 wonder la\\\n* server drops\n"));
    const recorder = Recorder.wrap(peer.socket);
    yield* Effect.scoped(Effect.gen(function* () {
      const { read, say } = yield* wire(recorder.socket);
      yield* say("AUTH LOGIN");
      yield* read;
      yield* Effect.flip(read);
    }));
    assertEquals(yield* recorder.transcript, "> AUTH LOGIN\n< 535 ***\\\n* server drops\n");
  }));

it("half a line of a client that logs in is not written down", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(parse("> AUTH PLAIN AHdvbmRlcmxhbmQAd29u\\\n"));
    const recorder = Recorder.wrap(peer.socket);
    yield* Effect.scoped(
      Effect.flatMap(wire(recorder.socket), ({ write }) => write("AUTH PLAIN AHdvbmRlcmxhbmQAd29u")),
    );
    assertEquals(yield* recorder.transcript, "> AUTH PLAIN ***\\\n* client closes\n");
  }));

const message = (line: string) =>
  Result.getOrThrow(
    Content.make(octets(`Subject: t\r\n\r\nAUTH PLAIN is a line of the message\r\n${line}\r\n.\r\nMAIL\r\n`)),
  );

for (const chunking of [false, 30, 100] as const) {
  it(`a message with a secret in it (${chunking === false ? "DATA" : `chunks of ${chunking}`}) is hidden there, and no more`, () =>
    Effect.gen(function* () {
      const content = message(`my password is ${password}!`);
      const said = chunking === false
        ? [Transcript.client("DATA"), Transcript.server("354 go"), Transcript.message(content.octets), "250 queued"]
        : Array.from({ length: Math.ceil(content.size / chunking) }, (_, index) => [
          Transcript.chunk(
            content.octets.slice(index * chunking, (index + 1) * chunking),
            (index + 1) * chunking >= content.size,
          ),
          "250 ok",
        ]).flat();
      const live = Transcript.format([
        ...parse(`* tls starts
          < 220 mx
          > EHLO c.test
          < 250-mx
          < 250-CHUNKING
          < 250 AUTH LOGIN
          > AUTH LOGIN
          < 334 \\*
          > \\*
          < 334 \\*
          > \\*
          < 235 ok
          > MAIL FROM:<a@c.test>
          < 250 ok
          > RCPT TO:<b@mx.test>
          < 250 ok
        `),
        ...said.map((step) => typeof step === "string" ? Transcript.server(step) : step),
        ...parse("> QUIT\n< 221 bye\n"),
      ]);
      const options = (secret: string, content: Content.Content): Partial<Options> => ({
        chunking,
        content,
        auth: { credentials: withSecret("LOGIN", secret) },
      });
      const user = () => Redacted.make(password);
      const { result, text } = yield* record(live, options(password, content), { user });
      assertEquals(Result.getOrThrow(result).recipients.map(({ verdict }) => verdict), ["accepted"]);
      assert(isHidden(text) && !text.includes("land"), text);
      assertStringIncludes(text, "> QUIT\n< 221 bye\n");
      if (chunking === false) {
        assertStringIncludes(text, "> AUTH PLAIN is a line of the message\n> my password is \\*!\n> ..\n> MAIL\n> .\n");
      }
      if (chunking !== 30) {
        yield* record(text, options("another one", message("my password is another one!")), { user });
      }
    }));
}

const handshakes: ReadonlyArray<readonly [what: string, text: string, recorded?: string]> = [
  ["one that goes through", "< 220 go\n* tls starts\n> NOOP\n< 250 ok\n* client closes\n"],
  ["one that is refused", "< 220 go\n* tls starts, expired\n* client closes\n"],
  ["an alert", "< 220 go\n* tls fails\n"],
  ["a server that closes", "< 220 go\n* server closes\n"],
  ["a server that does not answer", "< 220 go\n* tls never answers\n* client closes\n"],
  ["something that is no TLS", "< 220 go\n~ 1 second\n< evil\n* tls fails\n", "< 220 go\n* tls fails\n"],
];

for (const [what, text, recorded = text] of handshakes) {
  it(`the recorder tells of a handshake: ${what}`, () =>
    Effect.gen(function* () {
      for (const script of [text, recorded]) {
        const peer = yield* MockSocket.make(parse(script));
        const recorder = Recorder.wrap(peer.socket);
        const client = Effect.scoped(Effect.gen(function* () {
          const reader = yield* recorder.socket.reader;
          const { write } = yield* recorder.socket.writer;
          assert(isTlsReader(reader));
          yield* reader.pull;
          assertEquals(reader.buffered(), 0);
          yield* reader.startTls();
          assertEquals(reader.tls()?.verification.verified, true);
          yield* write("NOOP\r\n");
          yield* reader.pull;
        }));
        const fiber = yield* Effect.forkChild(Effect.exit(client), { startImmediately: true });
        yield* TestClock.adjust("1 minute");
        yield* Fiber.join(fiber);
        assertEquals(yield* recorder.transcript, recorded);
      }
    }));
}

it("a handshake that is interrupted was not answered", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(parse("* tls never answers\n* new connection\n> NOOP\n* tls never answers\n"));
    const recorder = Recorder.wrap(peer.socket);
    const dialling = yield* Effect.forkChild(Effect.scoped(recorder.socket.reader), { startImmediately: true });
    yield* Fiber.interrupt(dialling);
    const talking = yield* Effect.forkChild(
      Effect.scoped(Effect.gen(function* () {
        const { say, upgrade } = yield* wire(recorder.socket);
        yield* say("NOOP");
        yield* upgrade();
      })),
      { startImmediately: true },
    );
    yield* Fiber.interrupt(talking);
    assertEquals(yield* recorder.transcript, "> NOOP\n* tls never answers\n* client closes\n");
  }));

it("options that make no sense are no handshake", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(parse("< 220 go\n* tls starts\n"));
    const recorder = Recorder.wrap(peer.socket);
    const reader = yield* recorder.socket.reader;
    assert(isTlsReader(reader));
    yield* reader.pull;
    yield* Effect.flip(reader.startTls({ pins: ["x"] }));
    assertEquals(yield* recorder.transcript, "< 220 go\n");
    yield* reader.startTls();
    assertEquals(yield* recorder.transcript, "< 220 go\n* tls starts\n");
  }));

it("TLS from the first octet is written down, and its failure too", () =>
  Effect.gen(function* () {
    const text =
      "* tls starts, self-signed\n* client closes\n* new connection\n* tls starts\n< 220 mx\n* client closes\n";
    const peer = yield* MockSocket.make(parse(text));
    const recorder = Recorder.wrap(peer.socket);
    yield* Effect.flip(Effect.scoped(recorder.socket.reader));
    yield* Effect.scoped(Effect.flatMap(wire(recorder.socket), ({ read }) => read));
    assertEquals(yield* recorder.transcript, text);
  }));

it("a socket that knows no more than upgrade can be recorded, and a dial that fails is nothing", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(parse("< 220 go\n* tls starts\n> NOOP\n"));
    const plain = Socket.make({
      reader: Effect.map(peer.socket.reader, ({ pull, upgrade }) => ({ pull, upgrade })),
      writer: peer.socket.writer,
    });
    const recorder = Recorder.wrap(plain);
    yield* Effect.scoped(Effect.gen(function* () {
      assertEquals(isTlsReader(yield* recorder.socket.reader), false);
    }));
    assertEquals(yield* recorder.transcript, "* client closes\n");
    yield* Effect.flip(Effect.scoped(recorder.socket.reader));
    assertEquals(yield* recorder.transcript, "* client closes\n");
    const again = Recorder.wrap(Socket.make({
      reader: Effect.map((yield* MockSocket.make(parse("* tls starts\n"))).socket.reader, ({ pull, upgrade }) => ({
        pull,
        upgrade,
      })),
      writer: peer.socket.writer,
    }));
    yield* Effect.scoped(again.socket.reader);
    assertEquals(yield* again.transcript, "* client closes\n");
  }));
