import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import { it } from "../support/it.ts";
import { wire } from "./_perfect_client.ts";

const script = (text: string): Transcript.Script => Result.getOrThrow(Transcript.parse(text));
const play = (text: string) => MockSocket.make(script(text));

/** The kind of a socket error, with its code where it has one. */
const kind = ({ reason }: Socket.SocketError): string =>
  reason._tag === "SocketCloseError" ? `${reason._tag} ${reason.code}` : reason._tag;

const causeCode = ({ reason }: Socket.SocketError): unknown =>
  "cause" in reason ? (reason.cause as { readonly code?: unknown }).code : undefined;

/** Lets other fibers run until they wait. */
const settle = Effect.gen(function* () {
  for (let i = 0; i < 10; i++) yield* Effect.yieldNow;
});

it("it is a Socket", () => Effect.map(play(""), ({ socket }) => assert(Socket.isSocket(socket))));

it("a pull gives octets, and never an empty batch", () =>
  Effect.gen(function* () {
    const peer = yield* play("< 220 mx\n> QUIT\n<\n");
    const { pull } = yield* peer.socket.reader;
    const { write } = yield* peer.socket.writer;
    const batches = [yield* pull];
    yield* write("QUIT\r\n");
    batches.push(yield* pull);
    for (const batch of batches) {
      assert(batch.length > 0);
      for (const chunk of batch) assert(chunk instanceof Uint8Array && chunk.length > 0);
    }
  }));

it("a turn of the server is one chunk, cut at the marks", () =>
  Effect.gen(function* () {
    const client = yield* wire((yield* play("< 250-a\\|b\n< \\|250 c\n")).socket);
    assertEquals([yield* client.read, yield* client.read, yield* client.read], ["250-a", "b\r\n", "250 c\r\n"]);
  }));

it("a good close is code 1000, again and again, after all octets", () =>
  Effect.gen(function* () {
    const client = yield* wire((yield* play("< 221 bye\n* server closes\n")).socket);
    assertEquals(yield* client.read, "221 bye\r\n");
    assertEquals(kind(yield* Effect.flip(client.read)), "SocketCloseError 1000");
    assertEquals(kind(yield* Effect.flip(client.read)), "SocketCloseError 1000");
  }));

it("a drop is a read error with ECONNRESET, again and again, after all octets", () =>
  Effect.gen(function* () {
    const client = yield* wire((yield* play("< 250 o\\\n* server drops\n")).socket);
    assertEquals(yield* client.read, "250 o");
    for (let i = 0; i < 2; i++) {
      const error = yield* Effect.flip(client.read);
      assertEquals([kind(error), causeCode(error)], ["SocketReadError", "ECONNRESET"]);
    }
  }));

it("behind its last line the server closes when the client reads on", () =>
  Effect.gen(function* () {
    const peer = yield* play("< 220 mx\n> QUIT\n< 221 bye\n");
    const client = yield* wire(peer.socket);
    yield* client.read;
    yield* client.say("QUIT");
    yield* client.read;
    yield* peer.verify;
    assertEquals(kind(yield* Effect.flip(client.read)), "SocketCloseError 1000");
    yield* peer.verify;
  }));

it("after the server's close a write fails, and nobody hears it", () =>
  Effect.gen(function* () {
    const peer = yield* play("< 421 bye\n* server closes\n");
    const client = yield* wire(peer.socket);
    yield* client.read;
    const error = yield* Effect.flip(client.say("QUIT"));
    assertEquals([kind(error), causeCode(error)], ["SocketWriteError", "EPIPE"]);
    assertEquals(kind(yield* Effect.flip(client.read)), "SocketCloseError 1000");
    assertEquals(kind(yield* Effect.flip(client.say("QUIT"))), "SocketWriteError");
    yield* peer.verify;
    assertEquals(yield* peer.transcript, "< 421 bye\n* server closes\n");
  }));

it("after a drop a write fails", () =>
  Effect.gen(function* () {
    const peer = yield* play("* server drops\n");
    const client = yield* wire(peer.socket);
    assertEquals(kind(yield* Effect.flip(client.say("QUIT"))), "SocketWriteError");
    yield* peer.verify;
  }));

it("closing the reader's scope fails a pull that waits", () =>
  Effect.gen(function* () {
    const peer = yield* play("* server never answers\n");
    const scope = yield* Scope.make();
    const { pull } = yield* Scope.provide(peer.socket.reader, scope);
    const waiting = yield* Effect.forkChild(Effect.flip(pull));
    yield* settle;
    yield* Scope.close(scope, Exit.void);
    assertEquals(kind(yield* Fiber.join(waiting)), "SocketCloseError 1006");
    assertEquals(kind(yield* Effect.flip(pull)), "SocketCloseError 1006");
    yield* peer.verify;
    assertEquals(yield* peer.transcript, "* client closes\n");
  }));

it("closing the reader's scope fails a pull that waits for a delay", () =>
  Effect.gen(function* () {
    const peer = yield* play("~ 1 day\n< 220 mx\n");
    const scope = yield* Scope.make();
    const { pull } = yield* Scope.provide(peer.socket.reader, scope);
    const waiting = yield* Effect.forkChild(Effect.flip(pull));
    yield* settle;
    yield* Scope.close(scope, Exit.void);
    assertEquals(kind(yield* Fiber.join(waiting)), "SocketCloseError 1006");
  }));

it("closing the scope of the mock ends the connection", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make();
    const peer = yield* Scope.provide(play("* server never answers\n"), scope);
    const client = yield* wire(peer.socket);
    const waiting = yield* Effect.forkChild(Effect.flip(client.read));
    yield* settle;
    yield* Scope.close(scope, Exit.void);
    assertEquals(kind(yield* Fiber.join(waiting)), "SocketCloseError 1006");
  }));

it("a write after the client's own close fails", () =>
  Effect.gen(function* () {
    const peer = yield* play("> QUIT\n");
    const { write } = yield* peer.socket.writer;
    yield* Effect.scoped(peer.socket.reader);
    assertEquals(kind(yield* Effect.flip(write("QUIT\r\n"))), "SocketWriteError");
  }));

it("a close event closes, and the reader gets its code", () =>
  Effect.gen(function* () {
    const peer = yield* play("* client closes\n");
    const client = yield* wire(peer.socket);
    const waiting = yield* Effect.forkChild(Effect.flip(client.read));
    yield* settle;
    yield* client.write(new Socket.CloseEvent(4000, "enough"));
    const { reason } = yield* Fiber.join(waiting);
    assert(reason._tag === "SocketCloseError");
    assertEquals([reason.code, reason.closeReason], [4000, "enough"]);
    assertEquals(kind(yield* Effect.flip(client.say("QUIT"))), "SocketWriteError");
    yield* peer.verify;
  }));

it("a write before the reader is acquired waits for it", () =>
  Effect.gen(function* () {
    const peer = yield* play("> QUIT\n< 221 bye\n");
    const { write } = yield* peer.socket.writer;
    const writing = yield* Effect.forkChild(write("QUIT\r\n"));
    yield* settle;
    assertEquals(yield* peer.heard, []);
    const { pull } = yield* peer.socket.reader;
    yield* Fiber.join(writing);
    yield* pull;
    yield* peer.verify;
  }));

it("releasing the writer says that the client will say no more; it can still read", () =>
  Effect.gen(function* () {
    const peer = yield* play("> QUIT\n< 221 bye\n* client closes\n");
    const { pull } = yield* peer.socket.reader;
    yield* Effect.scoped(Effect.flatMap(peer.socket.writer, ({ write }) => write("QUIT\r\n")));
    yield* pull;
    yield* peer.verify;
    assertEquals(kind(yield* Effect.flip(pull)), "SocketCloseError 1000");
    const late = yield* Effect.flip(
      Effect.scoped(Effect.flatMap(peer.socket.writer, ({ write }) => write("NOOP\r\n"))),
    );
    assertEquals(kind(late), "SocketWriteError");
  }));

it("a client that says no more is not waited for", () =>
  Effect.gen(function* () {
    const peer = yield* play("> QUIT\n");
    const { pull } = yield* peer.socket.reader;
    const waiting = yield* Effect.forkChild(Effect.flip(pull));
    yield* settle;
    yield* Effect.scoped(peer.socket.writer);
    assertEquals(kind(yield* Fiber.join(waiting)), "SocketCloseError 1000");
    assertStringIncludes((yield* Effect.flip(peer.verify)).message, "  actual   * client closes");
  }));

it("an interrupted pull loses nothing", () =>
  Effect.gen(function* () {
    const peer = yield* play("> NOOP\n< 250 ok\n");
    const client = yield* wire(peer.socket);
    const waiting = yield* Effect.forkChild(client.read);
    yield* settle;
    yield* Fiber.interrupt(waiting);
    yield* client.say("NOOP");
    assertEquals(yield* client.read, "250 ok\r\n");
  }));

it("a pull that waits wakes when the client's line is complete", () =>
  Effect.gen(function* () {
    const peer = yield* play("> NOOP\n< 250 ok\n");
    const client = yield* wire(peer.socket);
    const waiting = yield* Effect.forkChild(client.read);
    yield* client.write("NO");
    yield* settle;
    assertEquals(waiting.pollUnsafe(), undefined);
    yield* client.write("OP\r\n");
    assertEquals(yield* Fiber.join(waiting), "250 ok\r\n");
  }));

it("nothing is answered before a flight is complete", () =>
  Effect.gen(function* () {
    const peer = yield* play("> MAIL\n> RCPT\n> DATA\n< 250 ok\n< 250 ok\n< 354 go\n");
    const client = yield* wire(peer.socket);
    const waiting = yield* Effect.forkChild(client.read);
    for (const piece of ["MAIL\r\nRC", "PT\r\n", "DATA\r"]) {
      yield* client.write(piece);
      yield* settle;
      assertEquals(waiting.pollUnsafe(), undefined);
    }
    yield* client.write("\n");
    assertEquals(yield* Fiber.join(waiting), "250 ok\r\n250 ok\r\n354 go\r\n");
  }));

it("a batch is written as one flight, in strings and octets", () =>
  Effect.gen(function* () {
    const peer = yield* play("> MAIL\n> RCPT\n< 250 ok\n< 250 ok\n");
    yield* peer.socket.reader;
    const { writeAll } = yield* peer.socket.writer;
    yield* writeAll(["MAIL\r\n", new TextEncoder().encode("RCPT\r\n"), ""]);
    yield* peer.verify;
    assertEquals(yield* peer.heard, ["MAIL", "RCPT"]);
  }));

it("dialling again is refused: the transcript is for one connection", () =>
  Effect.gen(function* () {
    const peer = yield* play("< 220 mx\n");
    yield* Effect.scoped(peer.socket.reader);
    const error = yield* Effect.flip(Effect.scoped(peer.socket.reader));
    assertEquals([kind(error), causeCode(error)], ["SocketOpenError", "ECONNREFUSED"]);
    yield* peer.verify;
  }));

it("TLS starts where the transcript has it, and the conversation goes on", () =>
  Effect.gen(function* () {
    const peer = yield* play("> STARTTLS\n< 220 go\n* tls starts\n> EHLO c\n< 250 mx\n");
    const client = yield* wire(peer.socket);
    yield* client.say("STARTTLS");
    yield* client.read;
    yield* client.upgrade();
    yield* client.say("EHLO c");
    yield* client.read;
    yield* peer.verify;
    assertEquals(yield* peer.transcript, "> STARTTLS\n< 220 go\n* tls starts\n> EHLO c\n< 250 mx\n");
  }));

it("TLS that fails is an upgrade error, and the end of the connection", () =>
  Effect.gen(function* () {
    const peer = yield* play("< 220 go\n* tls fails\n");
    const client = yield* wire(peer.socket);
    yield* client.read;
    assertEquals(kind(yield* Effect.flip(client.upgrade())), "SocketUpgradeError");
    assertEquals(kind(yield* Effect.flip(client.read)), "SocketReadError");
    assertEquals(kind(yield* Effect.flip(client.say("QUIT"))), "SocketWriteError");
    assertEquals(kind(yield* Effect.flip(client.upgrade())), "SocketUpgradeError");
    yield* peer.verify;
  }));

it("TLS before the server's answer is read is too early", () =>
  Effect.gen(function* () {
    const peer = yield* play("< 220 go\n* tls starts\n");
    const client = yield* wire(peer.socket);
    assertEquals(kind(yield* Effect.flip(client.upgrade())), "SocketUpgradeError");
    assertEquals((yield* Effect.flip(peer.verify)).reason, "TooEarly");
  }));

const early = "> DATA\n< 354 go\n> Subject: t\n* server stops listening\n< 552 5.3.4 too big\n* server closes\n";

it("a server that has stopped listening answers in the middle of a message, and closes", () =>
  Effect.gen(function* () {
    const peer = yield* play(early);
    const client = yield* wire(peer.socket);
    yield* client.say("DATA");
    yield* client.read;
    yield* client.write("Subject: t\r\n\r\nfirst");
    assertEquals(kind(yield* Effect.flip(client.write("second"))), "SocketWriteError");
    assertEquals(yield* client.read, "552 5.3.4 too big\r\n");
    assertEquals(kind(yield* Effect.flip(client.read)), "SocketCloseError 1000");
    yield* peer.verify;
    assertEquals(
      yield* peer.transcript,
      "> DATA\n< 354 go\n> Subject: t\n* server stops listening\n>\n> first\\\n< 552 5.3.4 too big\n* server closes\n",
    );
  }));

it("a server that has stopped listening, but is there, lets everything pass", () =>
  Effect.gen(function* () {
    const peer = yield* play("< 220 mx\n* server stops listening\n* client closes\n");
    yield* Effect.scoped(Effect.gen(function* () {
      const client = yield* wire(peer.socket);
      yield* client.read;
      yield* client.say("anything");
      yield* client.say("else");
    }));
    yield* peer.verify;
  }));

it("a line of the server may cross one of the client that has stopped being heard", () =>
  Effect.gen(function* () {
    const peer = yield* play("< 250 ok\n* server stops listening\n< 421 bye\n~ 1 second\n* server closes\n");
    const client = yield* wire(peer.socket);
    yield* client.read;
    yield* client.say("MAIL");
    yield* client.read;
    yield* client.say("QUIT");
    yield* peer.verify;
    assertEquals(
      yield* peer.transcript,
      "< 250 ok\n* server stops listening\n> MAIL\n< 421 bye\n> QUIT\n",
    );
  }));

it("what was heard and said can be seen at any time", () =>
  Effect.gen(function* () {
    const peer = yield* play("< 220 mx\n> EHLO c\n>\n> \\\\x\n< 250 mx\n");
    assertEquals([yield* peer.heard, yield* peer.transcript], [[], ""]);
    const client = yield* wire(peer.socket);
    yield* client.read;
    yield* client.write("EHLO c\r\n\r\n\\");
    assertEquals(yield* peer.heard, ["EHLO c", "", "\\\\\\"]);
    assertEquals(yield* peer.transcript, "< 220 mx\n> EHLO c\n>\n> \\\\\\\n");
  }));

it("a client may use its buffer again after a write", () =>
  Effect.gen(function* () {
    const peer = yield* play("> NOOP\n* server stops listening\n");
    const client = yield* wire(peer.socket);
    const buffer = new TextEncoder().encode("NOOP\r\n");
    yield* client.write(buffer);
    yield* client.write(buffer);
    buffer.fill(0);
    assertEquals(yield* peer.heard, ["NOOP", "NOOP"]);
  }));

it("only who hangs up first is seen to do it", () =>
  Effect.gen(function* () {
    const peer = yield* play("< 221 bye\n* server closes\n");
    yield* Effect.scoped(Effect.flatMap(wire(peer.socket), ({ read }) => Effect.flip(Effect.forever(read))));
    assertEquals(yield* peer.transcript, "< 221 bye\n* server closes\n");
    const other = yield* play("< 221 bye\n* server closes\n");
    yield* Effect.scoped(Effect.flatMap(wire(other.socket), ({ read }) => read));
    assertEquals(yield* other.transcript, "< 221 bye\n* client closes\n");
  }));

it("the layer provides the socket and its peer", () =>
  Effect.gen(function* () {
    const socket = yield* Socket.Socket;
    const peer = yield* MockSocket.MockPeer;
    const client = yield* wire(socket);
    yield* client.say("QUIT");
    assertEquals(yield* peer.heard, ["QUIT"]);
  }).pipe(Effect.scoped, Effect.provide(MockSocket.layer(script("> QUIT\n")))));

it("effect's own consumers work on it", () =>
  Effect.gen(function* () {
    const peer = yield* play("< grü\\|ß\n* server closes\n");
    const pull = yield* Socket.readerString(peer.socket);
    assertEquals((yield* pull).join("") + (yield* pull).join(""), "grüß\r\n");
    assertEquals(kind(yield* Effect.flip(pull)), "SocketCloseError 1000");
  }));

const dies = (name: string, steps: Transcript.Script, options: MockSocket.Options, message: string): void =>
  it(name, () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(MockSocket.make(steps, options));
      assert(Exit.isFailure(exit) && Cause.hasDies(exit.cause));
      assertStringIncludes((Cause.squash(exit.cause) as Error).message, message);
    }));

dies(
  "steps that make no conversation are a defect",
  [Transcript.stage("server closes"), Transcript.client("QUIT")],
  {},
  'line 2 of the transcript, "> QUIT": nothing can follow "* server closes"',
);
dies("so is an endless delay", [Transcript.delay("Infinity"), Transcript.server("x")], {}, '"~ Infinity"');
dies("so are chunks of nothing", [], { chunking: 0 }, "Cannot cut into chunks of 0 octets");
dies("so are chunks of half an octet", [], { chunking: 0.5 }, "Cannot cut into chunks of 0.5 octets");
dies("so is a cut before the start", [], { cutAfter: -1 }, "Cannot cut after -1 octets");

it("a script that a program built in small steps plays as one in turns", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make([
      Transcript.server("250-a"),
      Transcript.server("250 b"),
      Transcript.client("MAIL"),
      Transcript.client("RCPT"),
      Transcript.server("250 ok"),
    ]);
    const client = yield* wire(peer.socket);
    assertEquals(yield* client.read, "250-a\r\n250 b\r\n");
    yield* client.write("MAIL\r\nRCPT\r\n");
    assertEquals(yield* client.read, "250 ok\r\n");
  }));
