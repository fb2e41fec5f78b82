import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import type * as net from "node:net";
import { Connect, ConnectionInfo, Listen, OpenFailure } from "@plausch/net";
import { it, live } from "../support/it.ts";
import { causeOf, closeOf, codeOf, drain, eventually, peer, readUntil, soon } from "./support.ts";

const encode = (text: string) => new TextEncoder().encode(text);

live("a clean close gives what was sent, then close code 1000, as often as it is asked", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.end("220 hello\r\n"));
    const reader = yield* Connect.make(server).reader;
    const { text, end } = yield* soon("draining", drain(reader));
    assertEquals(text, "220 hello\r\n");
    assertEquals(closeOf(end), "1000");
    assertEquals((yield* Effect.flip(reader.pull)).reason._tag, "SocketCloseError");
  }));

live("a reset is a read error with its cause, after the octets that came before it", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => {
      socket.write("220 hel", () => setTimeout(() => socket.resetAndDestroy(), 20));
    });
    const reader = yield* Connect.make(server).reader;
    const { text, end } = yield* soon("draining", drain(reader));
    assertEquals(text, "220 hel");
    assertEquals(end.reason._tag, "SocketReadError");
    assertEquals(codeOf(end), "ECONNRESET");
  }));

live("a write after a reset fails and keeps the cause", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => setTimeout(() => socket.resetAndDestroy(), 20));
    const socket = Connect.make(server);
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    yield* soon("draining", drain(reader));
    const error = yield* soon("writing", Effect.flip(writer.write("QUIT\r\n")));
    assertEquals(error.reason._tag, "SocketWriteError");
    assertEquals(codeOf(error), "ECONNRESET");
  }));

live("a write after the peer has closed fails at once", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.end("421 bye\r\n"));
    const socket = Connect.make(server);
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    yield* soon("draining", drain(reader));
    const error = yield* soon("writing", Effect.flip(writer.write("QUIT\r\n")));
    assertEquals(error.reason._tag, "SocketWriteError");
    assertEquals(codeOf(error), "EPIPE");
  }));

live("a write that waits for the peer fails when the peer says it is done", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => {
      socket.pause();
      setTimeout(() => socket.end("421 bye\r\n"), 50);
    });
    const socket = Connect.make(server);
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    const error = yield* soon("writing", Effect.flip(writer.write(new Uint8Array(32 << 20))));
    assertEquals(error.reason._tag, "SocketWriteError");
    assertEquals(yield* readUntil(reader, "\r\n"), "421 bye\r\n");
  }));

live("a write fails when the peer closes or resets without having read it", () =>
  Effect.gen(function* () {
    for (const leave of ["destroy", "resetAndDestroy"] as const) {
      const server = yield* peer((socket) => {
        socket.pause();
        setTimeout(() => socket[leave](), 50);
      });
      const socket = Connect.make(server);
      yield* socket.reader;
      const writer = yield* socket.writer;
      const error = yield* soon("writing", Effect.flip(writer.write(new Uint8Array(32 << 20))));
      assertEquals(error.reason._tag, "SocketWriteError");
      assertEquals(codeOf(error), "ECONNRESET");
    }
  }));

live(
  "a write to a peer that never reads waits, can be interrupted, and does not hold up the end",
  () =>
    Effect.gen(function* () {
      const server = yield* peer((socket) => socket.pause());
      const scope = yield* Scope.make();
      const socket = Connect.make(server);
      yield* Scope.provide(socket.reader, scope);
      const writer = yield* Scope.provide(socket.writer, scope);
      const write = yield* Effect.forkScoped(writer.write(new Uint8Array(8 << 20)));
      yield* Effect.sleep("100 millis");
      assertEquals(write.pollUnsafe(), undefined);
      yield* soon("interrupting", Fiber.interrupt(write));
      yield* soon("closing", Scope.close(scope, Exit.void));
    }),
);

live("closing the scope fails a pull and a write that wait", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.pause());
    const scope = yield* Scope.make();
    const socket = Connect.make(server);
    const reader = yield* Scope.provide(socket.reader, scope);
    const writer = yield* Effect.scoped(Effect.succeed(yield* Scope.provide(socket.writer, scope)));
    const pull = yield* Effect.forkScoped(Effect.flip(reader.pull));
    const write = yield* Effect.forkScoped(Effect.flip(writer.write(new Uint8Array(8 << 20))));
    yield* Effect.sleep("50 millis");
    yield* Scope.close(scope, Exit.void);
    assertEquals(closeOf(yield* soon("pulling", Fiber.join(pull))), "1006");
    assertEquals((yield* soon("writing", Fiber.join(write))).reason._tag, "SocketWriteError");
  }));

live("the peer sees the end when the writer is released, and its answer still arrives", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => {
      let heard = "";
      socket.on("data", (chunk) => heard += chunk);
      socket.on("end", () => socket.end(`heard ${heard}`));
    });
    const socket = Connect.make(server);
    const reader = yield* socket.reader;
    const writer = yield* Effect.scoped(Effect.tap(socket.writer, (writer) => writer.write("all of it")));
    const { text, end } = yield* soon("draining", drain(reader));
    assertEquals(text, "heard all of it");
    assertEquals(closeOf(end), "1000");
    assertEquals((yield* Effect.flip(writer.write("more"))).reason._tag, "SocketWriteError");
  }));

live("a close event closes the connection with its code", () =>
  Effect.gen(function* () {
    const server = yield* peer(() => {});
    const socket = Connect.make(server);
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    yield* writer.write(new Socket.CloseEvent(1001, "going away"));
    const error = yield* soon("pulling", Effect.flip(reader.pull));
    assertEquals(closeOf(error), "1001: going away");
    yield* eventually("the peer sees it", () => server.sockets.size === 0 || [...server.sockets][0]!.readableEnded);
  }));

live(
  "an early answer is heard although the peer closes while a message is being written",
  () =>
    Effect.gen(function* () {
      const server = yield* peer((socket) => {
        socket.once("data", () => {
          socket.pause();
          socket.write("552 5.3.4 Too big\r\n", () => socket.destroy());
        });
      });
      const socket = Connect.make(server);
      const reader = yield* socket.reader;
      const writer = yield* socket.writer;
      const error = yield* soon("writing", Effect.flip(Effect.forever(writer.write(new Uint8Array(1 << 20)))));
      assertEquals(error.reason._tag, "SocketWriteError");
      assertEquals((yield* soon("draining", drain(reader))).text, "552 5.3.4 Too big\r\n");
    }),
);

/** Answers the first octets and closes without reading the rest, in a thread of its own; then sets `signal[0]`. */
const hastyServer = `
  import * as net from "node:net";
  self.onmessage = ({ data: signal }) => {
    const server = net.createServer((socket) => {
      socket.on("error", () => {}).on("close", () => {
        server.close();
        Atomics.store(signal, 0, 1);
        Atomics.notify(signal, 0);
      });
      socket.once("data", () => {
        socket.pause();
        socket.write("552 5.3.4 Too big\\r\\n", () => setTimeout(() => socket.destroy(), 20));
      });
    });
    server.listen(0, "127.0.0.1", () => self.postMessage(server.address().port));
  };`;

live(
  "an early answer is heard although it waits unread in the system when a write fails",
  () =>
    Effect.gen(function* () {
      const signal = new Int32Array(new SharedArrayBuffer(4));
      const worker = yield* Effect.acquireRelease(
        Effect.sync(() => new Worker(`data:text/javascript,${encodeURIComponent(hastyServer)}`, { type: "module" })),
        (worker) => Effect.sync(() => worker.terminate()),
      );
      const port = yield* Effect.callback<number>((resume) => {
        worker.onmessage = (event) => resume(Effect.succeed(event.data));
        worker.postMessage(signal);
      });
      const socket = Connect.make({ host: "127.0.0.1", port });
      const reader = yield* socket.reader;
      const writer = yield* socket.writer;
      yield* writer.write(new Uint8Array(300_000));
      // This thread sleeps until the server is gone, so nothing of its answer can have been read.
      assertEquals(Atomics.wait(signal, 0, 0, 20_000), "ok");
      const error = yield* soon("writing", Effect.flip(writer.write(new Uint8Array(300_000))));
      assertEquals(error.reason._tag, "SocketWriteError");
      const { text, end } = yield* soon("draining", drain(reader));
      assertEquals(text, "552 5.3.4 Too big\r\n");
      assertEquals(end.reason._tag, "SocketReadError");
    }),
);

live("an interrupted pull loses nothing", () =>
  Effect.gen(function* () {
    const sent = Array.from({ length: 400 }, (_, line) => `line ${line}\r\n`);
    const server = yield* peer((socket) => {
      let at = 0;
      const next = () => {
        if (at === sent.length) return void socket.end();
        socket.write(sent[at++]!);
        setImmediate(next);
      };
      next();
    });
    const reader = yield* Connect.make(server).reader;
    let text = "";
    let interruptions = 0;
    const decoder = new TextDecoder();
    const one = Effect.map(reader.pull, (chunks) => {
      for (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
    });
    const racing = Effect.flatMap(Effect.timeoutOption(one, Duration.zero), (result) =>
      Effect.sync(() => {
        if (result._tag === "None") interruptions++;
      }));
    yield* soon("draining", Effect.flip(Effect.forever(racing)));
    assertEquals(text, sent.join(""));
    assert(interruptions > 0);
  }));

live("two pulls at one time: each octet goes to one of them, and both end", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => {
      socket.write("one");
      setTimeout(() => socket.end("two"), 20);
    });
    const reader = yield* Connect.make(server).reader;
    const both = yield* soon("draining", Effect.all([drain(reader), drain(reader)], { concurrency: 2 }));
    assertEquals(both.map(({ text }) => text).sort().join(""), "onetwo");
  }));

live(
  "octets received and not pulled are counted, and a peer that sends on and on is made to wait",
  () =>
    Effect.gen(function* () {
      let accepted = 0;
      const server = yield* peer((socket) => {
        const chunk = new Uint8Array(65536);
        const more = () => {
          if (accepted >= 64 << 20) return void socket.end();
          accepted += chunk.length;
          socket.write(chunk, more);
        };
        socket.write("hi", () => socket.once("data", more));
      });
      const socket = Connect.make(server);
      const reader = yield* socket.reader;
      const writer = yield* socket.writer;
      yield* eventually("the octets are there", () => reader.buffered() === 2);
      yield* reader.pull;
      assertEquals(reader.buffered(), 0);
      yield* writer.write("go");
      yield* Effect.sleep("200 millis");
      const held = reader.buffered();
      assert(held >= 65536 && held <= 1 << 20, `${held} octets are held`);
      assert(accepted < 64 << 20, "the peer was never made to wait");
      let octets = 0;
      const end = yield* soon(
        "draining",
        Effect.flip(Effect.forever(Effect.map(reader.pull, (chunks) => {
          for (const chunk of chunks) octets += chunk.length;
        }))),
      );
      assertEquals(closeOf(end), "1000");
      assertEquals(octets, 64 << 20);
    }),
);

live("chunks written together arrive together and in order", () =>
  Effect.gen(function* () {
    const pieces: Array<string> = [];
    let octets = 0;
    const server = yield* peer((socket) => {
      socket.on("data", (chunk) => {
        octets += chunk.length;
        if (pieces.length < 1) pieces.push(chunk.toString());
      });
    });
    const socket = Connect.make(server);
    yield* socket.reader;
    const writer = yield* socket.writer;
    yield* writer.writeAll(["MAIL FROM:<>\r\n", encode("RCPT TO:<ä@b.test>\r\n"), "", "DATA\r\n"]);
    yield* eventually("they arrive", () => pieces.length > 0);
    assertEquals(pieces[0], "MAIL FROM:<>\r\nRCPT TO:<ä@b.test>\r\nDATA\r\n");
    octets = 0;
    const large = new Uint8Array(1 << 20);
    yield* writer.writeAll(["a", large, "b", large, "c"]);
    yield* eventually("all of it arrives", () => octets === (2 << 20) + 3);
    yield* writer.write("");
  }));

live("a large message arrives octet by octet as it was written", () =>
  Effect.gen(function* () {
    const chunks: Array<Uint8Array> = [];
    const server = yield* peer((socket) => socket.on("data", (chunk) => chunks.push(chunk)));
    const socket = Connect.make(server);
    yield* socket.reader;
    const writer = yield* socket.writer;
    const parts = [3, 70_000, 5, 1, 400_000, 65_536, 65_535, 2].map((length, index) =>
      new Uint8Array(length).fill(65 + index)
    );
    yield* writer.writeAll(parts as [Uint8Array, ...Array<Uint8Array>]);
    const expected = parts.map((part) => new TextDecoder().decode(part)).join("");
    yield* eventually("it arrives", () => chunks.reduce((sum, chunk) => sum + chunk.length, 0) === expected.length);
    const decoder = new TextDecoder();
    assertEquals(chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") === expected, true);
  }));

live("small writes do not wait for one another's acknowledgement", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => {
      let octets = 0;
      socket.on("data", (chunk) => {
        octets += chunk.length;
        if (octets % 2 === 0) socket.write(".");
      });
    });
    const socket = Connect.make(server);
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    const started = performance.now();
    for (let round = 0; round < 100; round++) {
      yield* writer.write("a");
      yield* writer.write("b");
      yield* readUntil(reader, ".");
    }
    // Each round would take 40 ms with Nagle's algorithm and delayed acknowledgements: 4 s in all.
    const elapsed = performance.now() - started;
    assert(elapsed < 3000, `it took ${elapsed} ms`);
  }));

live("a write before the dial waits for the connection", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.pipe(socket));
    const socket = Connect.make(server);
    const writer = yield* socket.writer;
    const write = yield* Effect.forkScoped(Effect.andThen(writer.write("early "), writer.writeAll(["bird"])));
    yield* Effect.sleep("10 millis");
    assertEquals(write.pollUnsafe(), undefined);
    const reader = yield* socket.reader;
    assertEquals(yield* soon("reading", readUntil(reader, "bird")), "early bird");
  }));

live("each acquisition of the reader is a new connection", () =>
  Effect.gen(function* () {
    let count = 0;
    const server = yield* peer((socket) => socket.write(`${++count}\n`));
    const socket = Connect.make(server);
    const ports = new Set<number>();
    for (const expected of ["1\n", "2\n", "3\n"]) {
      const text = yield* Effect.scoped(Effect.flatMap(socket.reader, (reader) => readUntil(reader, "\n")));
      assertEquals(text, expected);
      ports.add(socket.connection()!.localPort);
    }
    assertEquals(ports.size, 3);
  }));

live("many connections one after the other leave nothing behind", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.pipe(socket));
    const once = Effect.scoped(Effect.gen(function* () {
      const socket = Connect.make(server);
      const reader = yield* socket.reader;
      const writer = yield* socket.writer;
      yield* writer.write("ping\n");
      return yield* readUntil(reader, "\n");
    }));
    for (let i = 0; i < 300; i++) assertEquals(yield* soon("a round trip", once), "ping\n");
    yield* eventually("the peer has seen all of them off", () => server.sockets.size === 0);
  }));

live("a refused connection keeps its cause and has words for it", () =>
  Effect.gen(function* () {
    const port = yield* Effect.scoped(Effect.map(peer(() => {}), (server) => server.port));
    const error = yield* soon("dialling", Effect.flip(Connect.make({ host: "127.0.0.1", port }).reader));
    assertEquals(error.reason._tag, "SocketOpenError");
    assertEquals(error.reason._tag === "SocketOpenError" && error.reason.kind, "Unknown");
    assertEquals(codeOf(error), "ECONNREFUSED");
    assertEquals(OpenFailure.explain(error).what, "Nothing listens there");
  }));

live("options that make no sense fail to open, they do not throw", () =>
  Effect.gen(function* () {
    const cases = [
      [{ host: "127.0.0.1", port: 70000 }, "ERR_SOCKET_BAD_PORT"],
      [{ host: "127.0.0.1", port: 1, localAddress: "nonsense" }, "ERR_INVALID_IP_ADDRESS"],
    ] as const;
    for (const [options, code] of cases) {
      const error = yield* Effect.flip(Connect.make(options).reader);
      assertEquals(error.reason._tag, "SocketOpenError");
      assertEquals(codeOf(error), code);
    }
  }));

/** A listener of one place whose thread sleeps: the system completes no further connection. */
const sleepingServer = `
  import * as net from "node:net";
  const server = net.createServer(() => {});
  server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
    self.postMessage(server.address().port);
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30_000), 0);
  });`;

live("a connection that is not answered times out", () =>
  Effect.gen(function* () {
    const worker = yield* Effect.acquireRelease(
      Effect.sync(() => new Worker(`data:text/javascript,${encodeURIComponent(sleepingServer)}`, { type: "module" })),
      (worker) => Effect.sync(() => worker.terminate()),
    );
    const port = yield* Effect.callback<number>((resume) => {
      worker.onmessage = (event) => resume(Effect.succeed(event.data));
    });
    yield* Effect.sleep("50 millis");
    const dial = Effect.flip(Effect.andThen(
      Connect.make({ host: "127.0.0.1", port, connectTimeout: "200 millis" }).reader,
      Effect.fail("connected" as const),
    ));
    // The first connections take the places that there are.
    const results = yield* soon("dialling", Effect.all(Array.from({ length: 6 }, () => dial)));
    const error = results[5]!;
    assert(error !== "connected", "the connection was completed");
    assertEquals(error.reason._tag === "SocketOpenError" && error.reason.kind, "Timeout");
    assertEquals(OpenFailure.explain(error).what, "There was no answer in time");
    assertStringIncludes(String(causeOf(error)), "No connection after 200ms");
  }));

it("the connect time-out runs on effect's clock, 30 seconds by default, and gives up the socket", () =>
  Effect.gen(function* () {
    let arrived = false;
    const server = yield* peer(() => {
      arrived = true;
    });
    // No octet moves while this fiber does not yield to the event loop, so the dial is still under way.
    const dial = yield* Effect.forkScoped(Effect.flip(Connect.make(server).reader), { startImmediately: true });
    yield* TestClock.adjust("30 seconds");
    const error = yield* Fiber.join(dial);
    assertEquals(error.reason._tag === "SocketOpenError" && error.reason.kind, "Timeout");
    yield* TestClock.withLive(Effect.sleep("50 millis"));
    assert(
      !arrived || [...server.sockets].every((socket) => socket.readableEnded || !socket.readable),
      "it is still open",
    );
  }));

live("a dial can be interrupted", () =>
  Effect.gen(function* () {
    const server = yield* peer(() => {});
    const dial = yield* Effect.forkChild(Effect.scoped(Effect.andThen(Connect.make(server).reader, Effect.never)), {
      startImmediately: true,
    });
    yield* soon("interrupting", Fiber.interrupt(dial));
    yield* Effect.sleep("20 millis");
    yield* eventually("no connection is left", () => server.sockets.size === 0);
  }));

live("the connection tells both ends, for IPv4 and IPv6", () =>
  Effect.gen(function* () {
    for (const [host, family, remote] of [["127.0.0.1", "IPv4", "127.0.0.1:"], ["::1", "IPv6", "[::1]:"]] as const) {
      let seen: net.Socket | undefined;
      const server = yield* peer((socket) => seen = socket, host);
      const socket = Connect.make({ ...server, localAddress: host });
      assertEquals(socket.connection(), undefined);
      yield* socket.reader;
      const info = socket.connection()!;
      assertEquals(info.family, family);
      assertEquals(ConnectionInfo.formatRemote(info), `${remote}${server.port}`);
      yield* eventually("the peer sees us", () => seen !== undefined);
      assertEquals(info.localPort, seen!.remotePort);
      assertEquals(info.localAddress, host);
    }
  }));

live("a name is dialled at addresses of one IP version, if that is asked for", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.end("hi\n"));
    const dial = (family: 4 | 6) => Connect.make({ host: "localhost", port: server.port, family });
    const socket = dial(4);
    yield* socket.reader;
    assertEquals(socket.connection()!.family, "IPv4");
    // Whether localhost has an IPv6 address here or not: nobody listens there.
    assertEquals((yield* Effect.flip(dial(6).reader)).reason._tag, "SocketOpenError");
  }));

live("a name is looked up", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.end("hi\n"));
    const reader = yield* Connect.make({ host: "localhost", port: server.port }).reader;
    assertEquals(yield* soon("reading", readUntil(reader, "\n")), "hi\n");
  }));

live("a Unix socket serves as well", () =>
  Effect.gen(function* () {
    const directory = yield* Effect.acquireRelease(
      Effect.promise(() => Deno.makeTempDir()),
      (path) => Effect.promise(() => Deno.remove(path, { recursive: true })),
    );
    const path = `${directory}/lmtp.sock`;
    // In a process of its own: the permission for a Unix socket names its path, which is not known before.
    const args = [
      "run",
      "-q",
      "--no-prompt",
      `--allow-net=unix:${path},unix:${path}.no/lmtp.sock,unix:${path}.${"x".repeat(120)}`,
      `--allow-read=${directory}`,
      `--allow-write=${directory}`,
    ];
    const output = yield* Effect.promise(() =>
      new Deno.Command(Deno.execPath(), {
        args: [...args, new URL("fixtures/unix_socket.ts", import.meta.url).pathname, path],
      }).output()
    );
    assertEquals(new TextDecoder().decode(output.stderr), "");
    assertEquals(new TextDecoder().decode(output.stdout).split("\n"), [
      `listening on ${path}, port 0`,
      "There is something at that path already",
      `connected to ${path}`,
      `< 220 ${path} LMTP`,
      "TlsError: Cannot begin TLS: a client needs servername, to check the server's certificate",
      "> LHLO client.example.test",
      "< 250 PIPELINING",
      "> MAIL FROM:<> RCPT TO:<a> RCPT TO:<b> DATA",
      "< 250 ok 250 ok 250 ok 354 go",
      "> hi .",
      "< 250 a has it 452 b is full",
      "> QUIT",
      "< 221 bye",
      "There is no socket file at that path",
      "the file is gone",
      "There is something at that path already",
      "There is no directory for the socket file",
      "That is no path for a socket",
      "That is no path for a socket",
      "",
    ]);
  }));

Deno.test({
  name: "without Deno's permission a connection fails with the flag to add, and nothing is uncaught",
  permissions: { net: ["127.0.0.1:1"], read: true, write: false },
  fn: () =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const hints: ReadonlyArray<readonly [Connect.ConnectOptions, string]> = [
        [{ host: "127.0.0.2", port: 25 }, "Add --allow-net=127.0.0.2:25 to the deno command"],
        [{ host: "::1", port: 25 }, "Add --allow-net=[::1]:25 to the deno command"],
        [{ host: "mx.example.test", port: 25 }, "Add --allow-net=mx.example.test:25 to the deno command"],
        [{ host: "127.0.0.1", port: 1, localAddress: "127.0.0.3" }, "Add --allow-net=127.0.0.3:0 to the deno command"],
        [{ path: "/nowhere/lmtp.sock" }, "Add --allow-write=/nowhere/lmtp.sock to the deno command"],
      ];
      for (const [options, hint] of hints) {
        const error = yield* soon("dialling", Effect.flip(Connect.make(options).reader));
        const target = options.host === undefined ? undefined : options;
        assertEquals(OpenFailure.explain(error, target), {
          code: "NotCapable",
          what: OpenFailure.explain(error).what,
          hint,
        });
      }
      const error = yield* soon("listening", Effect.flip(Listen.listen({ host: "127.0.0.1", port: 0 })));
      assertEquals(OpenFailure.explain(error).hint, "Add --allow-net=127.0.0.1:0 to the deno command");
    }))),
});
