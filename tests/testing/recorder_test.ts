import { assertEquals } from "@std/assert";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Recorder from "@plausch/testing/recorder";
import * as Transcript from "@plausch/testing/transcript";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import chunks from "../transcripts/chunks.txt" with { type: "text" };
import deliver from "../transcripts/deliver.txt" with { type: "text" };
import implicitTls from "../transcripts/implicit_tls.txt" with { type: "text" };
import lmtp from "../transcripts/lmtp.txt" with { type: "text" };
import lostAfterTheDot from "../transcripts/lost_after_the_dot.txt" with { type: "text" };
import noSmtp from "../transcripts/no_smtp.txt" with { type: "text" };
import pipelining from "../transcripts/pipelining.txt" with { type: "text" };
import starttls from "../transcripts/starttls.txt" with { type: "text" };
import starttlsFails from "../transcripts/starttls_fails.txt" with { type: "text" };
import starttlsGlued from "../transcripts/starttls_glued.txt" with { type: "text" };
import wrongName from "../transcripts/wrong_name.txt" with { type: "text" };
import { dialogues, toScript } from "../support/dialogue.ts";
import { it } from "../support/it.ts";
import { perfectClient, wire } from "./_perfect_client.ts";

const parse = (text: string): Transcript.Script => Result.getOrThrow(Transcript.parse(text));

/** What a recorder writes while a client does all that a script expects. */
const recorded = (script: Transcript.Script, played = script, options?: MockSocket.Options) =>
  Effect.gen(function* () {
    const server = yield* MockSocket.make(played, options);
    const recorder = Recorder.wrap(server.socket);
    yield* perfectClient(recorder.socket, script);
    yield* server.verify;
    return yield* recorder.transcript;
  });

const conversations: ReadonlyArray<readonly [name: string, script: Transcript.Script]> = [
  ...Object.entries({
    chunks,
    deliver,
    implicitTls,
    lmtp,
    lostAfterTheDot,
    noSmtp,
    pipelining,
    starttls,
    starttlsFails,
    starttlsGlued,
    wrongName,
  }).map(([name, text]) => [name, parse(text)] as const),
  ...dialogues.map((dialogue) => [dialogue.id, toScript(dialogue)] as const),
];

for (const [name, script] of conversations) {
  it(`${name}: what is recorded can be replayed, and says the same`, () =>
    Effect.gen(function* () {
      const text = yield* recorded(script, script, { chunking: 5 });
      const replay = parse(text);
      yield* Effect.flatMap(MockSocket.make(replay), (server) =>
        Effect.andThen(perfectClient(server.socket, script), server.verify));
      assertEquals(yield* recorded(script, replay), text);
      const said = (script: Transcript.Script) =>
        script.filter(({ _tag }) => _tag === "Server" || _tag === "Client");
      if (!text.includes("> AUTH")) assertEquals(said(replay), said(script));
    }));
}

const record = (server: string, doing: (socket: Socket.Socket) => Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(parse(server));
    const recorder = Recorder.wrap(peer.socket);
    yield* doing(recorder.socket);
    return yield* recorder.transcript;
  });

const ends: ReadonlyArray<readonly [what: string, server: string, transcript: string]> = [
  ["the server closes", "< 421 bye\n* server closes\n", "< 421 bye\n* server closes\n"],
  ["the server drops", "< 421 bye\n* server drops\n", "< 421 bye\n* server drops\n"],
  ["the transcript ends", "< 221 bye\n", "< 221 bye\n* server closes\n"],
];

for (const [what, server, transcript] of ends) {
  it(`${what}: it is written down once, and not taken for the client's doing`, () =>
    Effect.gen(function* () {
      const text = yield* record(server, (socket) =>
        Effect.scoped(Effect.flatMap(wire(socket), ({ read }) =>
          Effect.andThen(Effect.flip(Effect.forever(read)), Effect.flip(read)))));
      assertEquals(text, transcript);
    }));
}

it("the client hangs up while it waits: that is not the server's doing", () =>
  Effect.gen(function* () {
    const text = yield* record("< 220 mx\n* server never answers\n", (socket) =>
      Effect.scoped(Effect.gen(function* () {
        const client = yield* wire(socket);
        yield* client.read;
        yield* Effect.forkScoped(client.read);
        yield* Effect.yieldNow;
      })));
    assertEquals(text, "< 220 mx\n* client closes\n");
  }));

it("a close event is the client's", () =>
  Effect.gen(function* () {
    const text = yield* record("< 220 mx\n", (socket) =>
      Effect.scoped(Effect.gen(function* () {
        const client = yield* wire(socket);
        yield* client.read;
        yield* client.write(new Socket.CloseEvent());
        yield* Effect.flip(client.read);
      })));
    assertEquals(text, "< 220 mx\n* client closes\n");
  }));

it("TLS that fails is written down", () =>
  Effect.gen(function* () {
    const text = yield* record("< 220 go\n* tls fails\n", (socket) =>
      Effect.scoped(Effect.flatMap(wire(socket), (client) =>
        Effect.andThen(client.read, Effect.flip(client.upgrade())))));
    assertEquals(text, "< 220 go\n* tls fails\n");
  }));

it("what is written before the dial belongs to that connection", () =>
  Effect.gen(function* () {
    const text = yield* record("> NOOP\n< 250 ok\n", (socket) =>
      Effect.scoped(Effect.gen(function* () {
        const { write } = yield* socket.writer;
        const writing = yield* Effect.forkChild(write("NOOP\r\n"));
        yield* Effect.yieldNow;
        const { pull } = yield* socket.reader;
        yield* Fiber.join(writing);
        yield* pull;
      })));
    assertEquals(text, "> NOOP\n< 250 ok\n* client closes\n");
  }));

it("each dial adds a connection", () =>
  Effect.gen(function* () {
    const first = yield* MockSocket.make(parse("< 220 one\n"));
    const second = yield* MockSocket.make(parse("< 220 two\n> QUIT\n"));
    let dials = 0;
    const pick = () => dials === 0 ? first.socket : second.socket;
    const live = Socket.make({
      reader: Effect.suspend(() => Effect.tap(pick().reader, () => Effect.sync(() => void dials++))),
      writer: Effect.suspend(() => dials > 1 ? second.socket.writer : first.socket.writer),
    });
    const recorder = Recorder.wrap(live);
    assertEquals(yield* recorder.transcript, "");
    yield* Effect.scoped(Effect.flatMap(wire(recorder.socket), ({ read }) => read));
    assertEquals(yield* recorder.transcript, "< 220 one\n* client closes\n");
    const client = yield* wire(recorder.socket);
    assertEquals(yield* recorder.transcript, "< 220 one\n* client closes\n");
    yield* client.read;
    yield* client.say("QUIT");
    assertEquals(yield* recorder.transcript, "< 220 one\n* client closes\n* new connection\n< 220 two\n> QUIT\n");
  }));

it("a batch and strings are recorded as octets; the recording does not follow later changes of a buffer", () =>
  Effect.gen(function* () {
    const buffer = new TextEncoder().encode("QUIT\r\n");
    const text = yield* record("> NOOP\n> QUIT\n", (socket) =>
      Effect.gen(function* () {
        yield* socket.reader;
        const { writeAll } = yield* socket.writer;
        yield* writeAll(["NOOP\r\n", buffer]);
        buffer.fill(0);
      }).pipe(Effect.scoped));
    assertEquals(text, "> NOOP\n> QUIT\n* client closes\n");
  }));

const login = `
  < 220 mx
  > AUTH LOGIN
  < 334 VXNlcm5hbWU6
  > dQ==
  < 334 UGFzc3dvcmQ6
  > c2VjcmV0
  < 235 hello secret
  > MAIL FROM:<alice@c.test>
  < 250 hello alice
`;

it("a mask hides lines by what they answer and by what they say, on both sides, and sees no secrets", () =>
  Effect.gen(function* () {
    const server = yield* MockSocket.make(parse(login), { chunking: 4 });
    const lines: Array<Recorder.Line> = [];
    const recorder = Recorder.wrap(server.socket, {
      mask: (line) => {
        lines.push(line);
        if (line.answers?.startsWith("MAIL")) return "250 hello";
        return line.text.replace("alice", "somebody");
      },
    });
    yield* perfectClient(recorder.socket, parse(login));
    const text = yield* recorder.transcript;
    assertEquals(text.split("\n"), [
      "< 220 mx",
      "> AUTH LOGIN",
      "< 334 VXNlcm5hbWU6",
      "> \\*",
      "< 334 UGFzc3dvcmQ6",
      "> \\*",
      "< 235 hello ***",
      "> MAIL FROM:<somebody@c.test>",
      "< 250 hello",
      "* client closes",
      "",
    ]);
    assertEquals(lines.slice(2, 6), [
      { from: "server", text: "334 VXNlcm5hbWU6", answers: "AUTH LOGIN" },
      { from: "client", text: "***", answers: "334 VXNlcm5hbWU6" },
      { from: "server", text: "334 UGFzc3dvcmQ6", answers: "***" },
      { from: "client", text: "***", answers: "334 UGFzc3dvcmQ6" },
    ]);
    assertEquals(yield* recorder.transcript, text);
  }));

it("a mask that changes nothing changes no octet, and one that writes a line end forges no line", () =>
  Effect.gen(function* () {
    const server = yield* MockSocket.make(parse("< 220 \\xff\\n\\\n< x\n> QUI\\\n"));
    const keep = Recorder.wrap(server.socket, { mask: ({ text }) => text });
    yield* perfectClient(keep.socket, parse("< 220 \\xff\\n\\\n< x\n> QUI\\\n"));
    assertEquals(yield* keep.transcript, "< 220 \\xff\\n\\\n< x\n> QUI\\\n* client closes\n");

    const other = yield* MockSocket.make(parse("< 220 mx\n"));
    const forge = Recorder.wrap(other.socket, { mask: () => "a\n> b\x1b" });
    yield* perfectClient(forge.socket, parse("< 220 mx\n"));
    assertEquals(yield* forge.transcript, "< a\\n\\\n< > b\\x1b\n* client closes\n");
  }));
