import { assertEquals } from "@std/assert";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Sasl from "@plausch/smtp/sasl";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { it } from "../support/it.ts";
import { wire } from "./_perfect_client.ts";

const mock = (text: string, options?: MockSocket.Options) =>
  MockSocket.make(Result.getOrThrow(Transcript.parse(text)), options);

/** Whether a client that says these pieces keeps to the transcript. */
const keeps = (text: string, ...pieces: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const peer = yield* mock(text);
    const { write } = yield* wire(peer.socket);
    for (const piece of pieces) yield* Effect.ignore(write(piece));
    return Result.isSuccess(yield* Effect.result(peer.verify));
  });

const lines: ReadonlyArray<readonly [transcript: string, said: string, isRight: boolean]> = [
  ["> AUTH PLAIN \\*\n", "AUTH PLAIN AHUAcA==\r\n", true],
  ["> AUTH PLAIN \\*\n", "AUTH PLAIN \r\n", true],
  ["> AUTH PLAIN \\*\n", "AUTH LOGIN dQ==\r\n", false],
  ["> AUTH PLAIN \\*\n", "AUTH PLAIN\r\n", false],
  ["> AUTH PLAIN \\*\n", "AUTH PLAIN dQ==\n", false],
  ["> AUTH PLAIN \\*\n", "AUTH PLAIN dQ==\r\nQUIT\r\n", false],
  ["> AUTH PLAIN \\*\n> QUIT\n", "AUTH PLAIN dQ==\r\nQUIT\r\n", true],
  ["> EHLO c\n> AUTH PLAIN \\*\n> QUIT\n", "EHLO c\r\nAUTH PLAIN dQ==\r\nQUIT\r\n", true],
  ["> EHLO c\n> AUTH PLAIN \\*\n> QUIT\n", "EHLO d\r\nAUTH PLAIN dQ==\r\nQUIT\r\n", false],
  ["> \\*\n", "\r\n", true],
  ["> \\*\n", "*\r\n", true],
  ["> \\*\n> \\*\n", "one\r\ntwo\r\n", true],
  ["> \\*\n> \\*\n", "one\r\n", false],
  ["> XCLIENT LOGIN=\\* ADDR=\\*.1\n", "XCLIENT LOGIN=a ADDR=192.0.2.1\r\n", true],
  ["> XCLIENT LOGIN=\\* ADDR=\\*.1\n", "XCLIENT LOGIN= ADDR=.1\r\n", true],
  ["> XCLIENT LOGIN=\\* ADDR=\\*.1\n", "XCLIENT LOGIN=a ADDR=192.0.2.2\r\n", false],
  ["> XCLIENT LOGIN=\\* ADDR=\\*.1\n", "XCLIENT ADDR=192.0.2.1\r\n", false],
  ["> a\\*a\n", "a\r\n", false],
  ["> a\\*a\n", "aa\r\n", true],
];

for (const [transcript, said, isRight] of lines) {
  it(`${JSON.stringify(transcript)} is ${isRight ? "" : "not "}kept with ${JSON.stringify(said)}`, () =>
    Effect.gen(function* () {
      assertEquals(yield* keeps(transcript, said), isRight);
      assertEquals(yield* keeps(transcript, ...said), isRight);
      for (let at = 1; at < said.length; at++) {
        assertEquals(yield* keeps(transcript, said.slice(0, at), said.slice(at)), isRight);
      }
    }));
}

it("a line that cannot become the right one is a mismatch at once", () =>
  Effect.gen(function* () {
    const peer = yield* mock("> AUTH PLAIN \\*\n< 235 ok\n");
    const { write } = yield* wire(peer.socket);
    yield* write("AUTH P");
    yield* Effect.flip(write("X"));
    const error = yield* Effect.flip(peer.verify);
    assertEquals(error.message.split("\n").slice(2), [
      "  expected > AUTH PLAIN \\*",
      "  actual   > AUTH PX\\",
      "                   ^",
    ]);
  }));

it("a line that has not come to its end is missing", () =>
  Effect.gen(function* () {
    const peer = yield* mock("> AUTH PLAIN \\*\n< 235 ok\n");
    const { write } = yield* wire(peer.socket);
    yield* write("AUTH PLAIN dQ");
    const error = yield* Effect.flip(peer.verify);
    assertEquals([error.reason, error.actual, error.before], ["Missing", "> AUTH PLAIN dQ\\", ""]);
    assertEquals(yield* peer.transcript, "> AUTH PLAIN dQ\\\n");
  }));

const alice = { _tag: "Password", user: "alice", password: Redacted.make("wonderland") } as const;
const user = (name: string) => name === "alice" ? alice.password : undefined;

/** Logs in, following the mock's challenges; gives what it heard. */
const logIn = (mechanism: Sasl.Mechanism, options: MockSocket.Options, hasInitial = true) =>
  Effect.gen(function* () {
    const client = Result.getOrThrow(Sasl.client(mechanism, alice, { nonce: "client" }));
    const initial = client.initial === undefined ? undefined : Redacted.value(client.initial);
    const isFirst = hasInitial && initial !== undefined;
    const count = { "CRAM-MD5": 1, LOGIN: 2, PLAIN: 0 }[mechanism as string] ?? 2;
    const challenges = count + (hasInitial || initial === undefined ? 0 : 1);
    const peer = yield* mock(`> \\*\n${"< 334 \\*\n> \\*\n".repeat(challenges)}< 235 ok\n> QUIT\n`, options);
    const { read, say } = yield* wire(peer.socket);
    yield* say(isFirst ? `AUTH ${mechanism} ${initial}` : `AUTH ${mechanism}`);
    const heard: Array<string> = [];
    let isAsked = isFirst || initial === undefined;
    for (;;) {
      const reply = (yield* read).replace("\r\n", "");
      heard.push(reply);
      if (!reply.startsWith("334 ")) break;
      yield* say(isAsked ? Redacted.value(Result.getOrThrow(client.respond(reply.slice(4)))) : initial!);
      isAsked = true;
    }
    yield* say("QUIT");
    yield* peer.verify;
    return { heard, isProven: Result.isSuccess(client.finish()) };
  });

for (const mechanism of ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "LOGIN", "PLAIN"] as const) {
  for (const hasInitial of [true, false]) {
    it(`${mechanism}, ${hasInitial ? "with" : "without"} a first response: open challenges are those of a server`, () =>
      Effect.gen(function* () {
        const { heard, isProven } = yield* logIn(mechanism, { user }, hasInitial);
        assertEquals([heard.at(-1), isProven], ["235 ok", true]);
        assertEquals((yield* logIn(mechanism, { user }, hasInitial)).heard, heard, "the same each time");
      }));
  }
}

it("a second exchange begins anew, whatever became of the first", () =>
  Effect.gen(function* () {
    const peer = yield* mock("> AUTH LOGIN\n< 334 \\*\n> *\n< 501 ok\n> AUTH \\*\n< 334-\n< 334 \\|\\*!\n> QUIT\n", {
      user,
    });
    const { read, say } = yield* wire(peer.socket);
    yield* say("AUTH LOGIN");
    assertEquals(yield* read, "334 VXNlcm5hbWU6\r\n");
    yield* say("*");
    yield* read;
    yield* say(`AUTH login ${btoa("alice")}`);
    assertEquals([yield* read, yield* read], ["334-\r\n334 ", "UGFzc3dvcmQ6!\r\n"]);
  }));

it("without users, and where nothing was asked for, an open challenge is empty or refuses in vain", () =>
  Effect.gen(function* () {
    const peer = yield* mock("> NOOP\n< 334 \\*\n> AUTH GSSAPI\n< 334 \\*\n");
    const { read, say } = yield* wire(peer.socket);
    yield* say("NOOP");
    assertEquals(yield* read, "334 \r\n");
    yield* say("AUTH GSSAPI");
    assertEquals(yield* read, "334 \r\n");
    yield* peer.verify;
  }));

it("an open challenge counts as what it becomes when the connection is cut", () =>
  Effect.gen(function* () {
    const peer = yield* mock("> AUTH LOGIN\n< 334 \\*\n", { cutAfter: 9 });
    const { read, say } = yield* wire(peer.socket);
    yield* say("AUTH LOGIN");
    assertEquals(yield* read, "334 VXNlc");
  }));
