import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import type * as net from "node:net";
import { createPrivateKey } from "node:crypto";
import * as tls from "node:tls";
import { inspect } from "node:util";
import { Connect, Listen, type NetSocket } from "@plausch/net";
import type { CertificateFault, TlsErrorReason, TlsOptions } from "@plausch/tls";
import { live } from "../support/it.ts";
import { closeOf, drain, eventually, peer, readUntil, soon, tlsErrorOf } from "./support.ts";
import ca from "./fixtures/ca.pem" with { type: "text" };
import clientCert from "./fixtures/client.pem" with { type: "text" };
import clientKey from "./fixtures/client.key" with { type: "text" };
import otherCa from "./fixtures/other-ca.pem" with { type: "text" };
import serverCert from "./fixtures/server.pem" with { type: "text" };
import serverKey from "./fixtures/server.key" with { type: "text" };

const servername = "mx.example.test";
const identity = { key: Redacted.make(serverKey), cert: serverCert };

/** A bare TLS server of node:tls behind a bare TCP server: it shares nothing with what is tested. */
const tlsPeer = (
  onSecure: (socket: tls.TLSSocket) => void,
  options: tls.TlsOptions = {},
): Effect.Effect<
  { readonly host: string; readonly port: number; readonly sockets: Set<net.Socket> },
  never,
  Scope.Scope
> => {
  const server = tls.createServer({ key: serverKey, cert: serverCert, ...options }, (socket) => {
    socket.on("error", () => {});
    onSecure(socket);
  });
  server.on("tlsClientError", () => {});
  return peer((socket) => void server.emit("connection", socket));
};

/** Says 220 in clear, upgrades after STARTTLS, and echoes from there on. */
const startTlsServer: Listen.Handler<unknown, Scope.Scope> = (socket) =>
  Effect.gen(function* () {
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    yield* writer.write("220 hello\r\n");
    assertEquals(yield* readUntil(reader, "\r\n"), "STARTTLS\r\n");
    yield* writer.write("220 go\r\n");
    yield* reader.startTls(identity);
    while (true) yield* writer.writeAll(yield* reader.pull);
  });

const startTlsClient = (port: number, options: TlsOptions) =>
  Effect.gen(function* () {
    const socket = Connect.make({ host: "127.0.0.1", port });
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    yield* readUntil(reader, "\r\n");
    yield* writer.write("STARTTLS\r\n");
    yield* readUntil(reader, "\r\n");
    yield* reader.startTls(options);
    return { socket, reader, writer };
  });

live("STARTTLS: the same reader and writer go on under TLS, on both sides", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    yield* Effect.forkScoped(listener.run(startTlsServer));
    const { reader, socket, writer } = yield* soon(
      "the upgrade",
      startTlsClient(listener.port, { servername, ca, minVersion: "TLSv1.3" }),
    );
    yield* writer.write("EHLO client.example.test\r\n");
    assertEquals(yield* soon("reading", readUntil(reader, "\r\n")), "EHLO client.example.test\r\n");
    const report = socket.tls()!;
    assertEquals(report.verification, { verified: true, by: "pkix" });
    assertEquals(report.protocol, "TLSv1.3");
    assertEquals(report.chain[0]!.commonName, servername);
  }));

live("effect's own upgrade does the same", () =>
  Effect.gen(function* () {
    const server = yield* tlsPeer((socket) => socket.pipe(socket));
    const socket = Connect.make(server);
    const reader = yield* socket.reader;
    yield* soon("the upgrade", reader.upgrade({ servername, ca }));
    const writer = yield* socket.writer;
    yield* writer.write("hi\n");
    assertEquals(yield* soon("reading", readUntil(reader, "\n")), "hi\n");
  }));

live(
  "implicit TLS speaks it from the first octet, and checks the host that was dialled",
  () =>
    Effect.gen(function* () {
      const server = yield* tlsPeer((socket) => socket.end("220 secret\r\n"));
      for (const options of [{ ca }, { ca, servername }, { ca, servername: "q.wild.example.test" }]) {
        const socket = Connect.make({ ...server, tls: options });
        const reader = yield* soon("dialling", socket.reader);
        const { text, end } = yield* soon("draining", drain(reader));
        assertEquals(text, "220 secret\r\n");
        assertEquals(closeOf(end), "1000");
        assertEquals(socket.tls()!.verification.verified, true);
      }
    }),
);

live(
  "certificates that do not fit fail the upgrade with their cause, and close the connection",
  () =>
    Effect.gen(function* () {
      const listener = yield* Listen.listen();
      yield* Effect.forkScoped(listener.run((socket) =>
        Effect.gen(function* () {
          yield* (yield* socket.reader).startTls(identity);
          yield* (yield* socket.writer).write("220 secret\r\n");
        })
      ));
      const server = { host: "127.0.0.1", port: listener.port };
      const cases: ReadonlyArray<readonly [TlsOptions, CertificateFault]> = [
        [{ ca: otherCa, servername }, "unknown-ca"],
        [{ servername }, "unknown-ca"],
        [{ ca, servername: "other.example.test" }, "wrong-name"],
        [{ ca, servername: "a.b.wild.example.test" }, "wrong-name"],
        [{ ca, servername: "127.0.0.2" }, "wrong-name"],
      ];
      for (const [options, fault] of cases) {
        const socket = Connect.make({ ...server, tls: options });
        const error = tlsErrorOf(yield* soon("dialling", Effect.flip(socket.reader)));
        assertEquals(error.reason, "CertificateRefused");
        const verification = error.report!.verification;
        assertEquals(!verification.verified && verification.fault, fault);
        assertEquals(socket.tls(), undefined);
      }
      yield* eventually("all are gone", () => listener.connections() === 0);
    }),
);

live(
  "without rejectUnauthorized the connection is encrypted, and says that nobody vouches for the peer",
  () =>
    Effect.gen(function* () {
      const server = yield* tlsPeer((socket) => socket.end("220 secret\r\n"));
      const socket = Connect.make({ ...server, tls: { servername: "other.example.test", rejectUnauthorized: false } });
      const reader = yield* soon("dialling", socket.reader);
      assertEquals((yield* soon("draining", drain(reader))).text, "220 secret\r\n");
      assertEquals(socket.tls()!.verification.verified, false);
    }),
);

live("a peer that speaks no TLS, or refuses, is told apart", () =>
  Effect.gen(function* () {
    const alert = (code: number) => Uint8Array.of(21, 3, 3, 0, 2, 2, code);
    const cases: ReadonlyArray<readonly [said: string | Uint8Array, reason: TlsErrorReason, words: string]> = [
      ["220 mx.example.test ESMTP\r\n", "NotTls", "begin in clear and use STARTTLS"],
      ["HTTP/1.1 400 Bad Request\r\n\r\n", "NotTls", "begin in clear and use STARTTLS"],
      [new Uint8Array(64), "NotTls", "what it says is no TLS"],
      [new Uint8Array(64).fill(255), "NotTls", "what it says is no TLS"],
      ["\u0016text that begins like TLS", "NotTls", "what it says is no TLS"],
      [alert(40), "Alert", "no cipher, in common"],
      [alert(70), "Alert", "no version of TLS in common"],
      [alert(112), "Alert", "does not know the name"],
      [alert(80), "Alert", "The TLS handshake with mx.example.test failed: "],
    ];
    for (const [said, reason, words] of cases) {
      const server = yield* peer((socket) => socket.write(said));
      const error = yield* soon("dialling", Effect.flip(Connect.make({ ...server, tls: { servername, ca } }).reader));
      assertEquals(tlsErrorOf(error).reason, reason, JSON.stringify(said));
      assertStringIncludes(tlsErrorOf(error).message, words);
    }
  }));

live("a peer that closes or resets during the handshake fails the upgrade", () =>
  Effect.gen(function* () {
    for (const leave of ["end", "destroy", "resetAndDestroy"] as const) {
      const server = yield* peer((socket) => socket.once("data", () => void socket[leave]()));
      const error = yield* soon("dialling", Effect.flip(Connect.make({ ...server, tls: { servername, ca } }).reader));
      assertEquals(tlsErrorOf(error).reason, "ConnectionClosed");
    }
  }));

live("a handshake that is never answered times out, and the connection is closed", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.resume());
    const socket = Connect.make(server);
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    const error = yield* soon("the upgrade", Effect.flip(reader.startTls({ servername, ca, timeout: "50 millis" })));
    assertEquals(tlsErrorOf(error).reason, "Timeout");
    assertStringIncludes(tlsErrorOf(error).message, "it was not finished after 50ms");
    yield* soon("pulling", Effect.flip(reader.pull));
    yield* soon("writing", Effect.flip(writer.write("in clear")));
    yield* eventually("the peer has seen us off", () => [...server.sockets].every((socket) => socket.readableEnded));
  }));

live("a handshake can be interrupted", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.resume());
    const reader = yield* Connect.make(server).reader;
    const upgrade = yield* Effect.forkScoped(reader.startTls({ servername, ca }));
    yield* Effect.sleep("20 millis");
    yield* soon("interrupting", Fiber.interrupt(upgrade));
    assertEquals(closeOf(yield* soon("pulling", Effect.flip(reader.pull))), "1006");
  }));

live("closing the scope ends a handshake under way, and a pull that waits for it", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.resume());
    const scope = yield* Scope.make();
    const socket = Connect.make(server);
    const reader = yield* Scope.provide(socket.reader, scope);
    const writer = yield* socket.writer;
    const pull = yield* Effect.forkScoped(Effect.flip(reader.pull));
    const upgrade = yield* Effect.forkScoped(Effect.flip(reader.startTls({ servername, ca })));
    yield* Effect.sleep("20 millis");
    assertEquals((yield* Effect.flip(writer.write("in clear"))).reason._tag, "SocketWriteError");
    yield* Scope.close(scope, Exit.void);
    assertEquals((yield* soon("upgrading", Fiber.join(upgrade))).reason._tag, "SocketUpgradeError");
    assertEquals(closeOf(yield* soon("pulling", Fiber.join(pull))), "1006");
  }));

live(
  "clear octets before the handshake are counted, and never come out as if they were encrypted",
  () =>
    Effect.gen(function* () {
      const server = tls.createServer({ key: serverKey, cert: serverCert }, (socket) => socket.on("error", () => {}));
      server.on("tlsClientError", () => {});
      const { host, port } = yield* peer((socket) => {
        socket.write("220 go\r\n250 injected\r\n");
        socket.once("data", (hello) => {
          socket.pause();
          socket.unshift(hello);
          server.emit("connection", socket);
        });
      });
      const reader = yield* Connect.make({ host, port }).reader;
      yield* eventually("the octets are there", () => reader.buffered() === 22);
      const error = yield* soon("the upgrade", Effect.flip(reader.startTls({ servername, ca })));
      assertEquals(error.reason._tag, "SocketUpgradeError");
      const { text } = yield* soon("draining", drain(reader));
      assertEquals(text, "");
    }),
);

live(
  "a client certificate is shown when the server asks, and a server that insists refuses those without",
  () =>
    Effect.gen(function* () {
      const listener = yield* Listen.listen();
      const ends: Array<string> = [];
      yield* Effect.forkScoped(listener.run((socket) =>
        Effect.gen(function* () {
          const reader = yield* socket.reader;
          const upgrade = reader.startTls({ ...identity, ca, requestCert: true, timeout: "2 seconds" });
          const secure = yield* Effect.tapError(upgrade, (error) => Effect.sync(() => ends.push(error.reason._tag)));
          ends.push(secure.chain[0]!.commonName!);
          yield* (yield* socket.writer).write("welcome\n");
        })
      ));
      const dial = (options: TlsOptions) =>
        Effect.flatMap(
          Connect.make({ host: "127.0.0.1", port: listener.port, tls: { servername, ca, ...options } }).reader,
          drain,
        );
      const known = yield* soon("dialling", dial({ key: Redacted.make(clientKey), cert: clientCert }));
      assertEquals(known.text, "welcome\n");
      // In TLS 1.3 the client learns of the refusal only after its own side of the handshake.
      assertEquals(yield* soon("dialling", Effect.map(dial({}), ({ text }) => text)), "");
      const stranger = dial({ key: Redacted.make(serverKey), cert: serverCert });
      yield* soon("dialling", stranger);
      assertEquals(ends.slice(0, 2), ["client.example.test", "SocketUpgradeError"]);
    }),
);

live("a server refuses a client certificate of an unknown authority", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    const ends: Array<string> = [];
    yield* Effect.forkScoped(listener.run((socket) =>
      Effect.gen(function* () {
        const reader = yield* socket.reader;
        const error = yield* Effect.flip(reader.startTls({ ...identity, ca: otherCa, requestCert: true }));
        ends.push(error.reason._tag);
      })
    ));
    const tlsOptions = { servername, ca, key: Redacted.make(clientKey), cert: clientCert };
    const reader = Connect.make({ host: "127.0.0.1", port: listener.port, tls: tlsOptions }).reader;
    yield* soon("dialling", Effect.exit(Effect.flatMap(reader, drain)));
    yield* eventually("the server has decided", () => ends.length === 1);
    assertEquals(ends, ["SocketUpgradeError"]);
  }));

live("an old protocol version is refused", () =>
  Effect.gen(function* () {
    const server = yield* tlsPeer((socket) => socket.end("220 secret\r\n"), { maxVersion: "TLSv1.2" });
    const reader = yield* soon("dialling", Connect.make({ ...server, tls: { servername, ca } }).reader);
    assertEquals((yield* soon("draining", drain(reader))).text, "220 secret\r\n");
    const strict = Connect.make({ ...server, tls: { servername, ca, minVersion: "TLSv1.3" } });
    const error = yield* soon("dialling", Effect.flip(strict.reader));
    assertEquals(error.reason._tag, "SocketUpgradeError");
  }));

live(
  "options that make no sense fail before an octet is sent, and the connection stays as it was",
  () =>
    Effect.gen(function* () {
      const server = yield* peer((socket) => socket.pipe(socket));
      const socket = Connect.make(server);
      const reader = yield* socket.reader;
      const writer = yield* socket.writer;
      const encrypted = createPrivateKey(serverKey)
        .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "sesame" });
      const locked = Redacted.make(String(encrypted));
      const { cert, key } = identity;
      const wrong: ReadonlyArray<readonly [options: TlsOptions, words: string]> = [
        [{ key }, "an identity needs both key and cert"],
        [{ cert }, "an identity needs both key and cert"],
        [{ key: [key, key], cert: [cert] }, "there is not one key for each cert"],
        [{ key: Redacted.make(clientKey), cert }, "the key is not that of the cert"],
        [{ key: Redacted.make("nonsense"), cert }, "the key or the cert cannot be read"],
        [{ key, cert: "nonsense" }, "the key or the cert cannot be read"],
        [{ key: locked, cert }, "an encrypted key needs its passphrase"],
        [{ key: locked, cert, passphrase: Redacted.make("wrong") }, "an encrypted key needs its passphrase"],
        [{ ca: "" }, "ca has no certificate; it is PEM"],
        [{ ca: [] }, "ca has no certificate; it is PEM"],
        [{ ca: serverKey }, "ca has no certificate; it is PEM"],
        [{ ca: [ca, ca.replace(/M/g, "N")] }, "ca has a certificate that cannot be read"],
        [{ pins: ["da39a3ee"] }, 'the pin "da39a3ee" is no SHA-256 digest'],
      ];
      for (const [options, words] of wrong) {
        const error = tlsErrorOf(yield* Effect.flip(reader.startTls({ servername, ...options })));
        assertEquals(error.reason, "BadOptions");
        assertStringIncludes(error.message, words);
        // Not even in what a debugger shows of the causes.
        assert(!inspect(error, { depth: 9 }).includes("sesame"));
      }
      yield* writer.write("still in clear\n");
      assertEquals(yield* soon("reading", readUntil(reader, "\n")), "still in clear\n");
    }),
);

live("a server without an identity is told so, and can begin with one afterwards", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    const ends: Array<string> = [];
    yield* Effect.forkScoped(listener.run((socket) =>
      Effect.gen(function* () {
        const reader = yield* socket.reader;
        const tlsa = [{ usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(32) }];
        for (const options of [{}, { key: identity.key }, { ...identity, tlsa }]) {
          ends.push(tlsErrorOf(yield* Effect.flip(reader.startTls(options))).message);
        }
        ends.push((yield* reader.startTls(identity)).protocol);
      })
    ));
    const socket = Connect.make({ host: "127.0.0.1", port: listener.port });
    const reader = yield* socket.reader;
    yield* soon("the upgrade", reader.startTls({ servername, ca }));
    yield* eventually("the server is through", () => ends.length === 4);
    assertEquals(ends, [
      "Cannot begin TLS: a server needs key and cert",
      "Cannot begin TLS: an identity needs both key and cert",
      "Cannot begin TLS: tlsa is for clients: it tells of a server",
      "TLSv1.3",
    ]);
  }));

live("an encrypted key opens with its passphrase", () =>
  Effect.gen(function* () {
    const encrypted = createPrivateKey(serverKey)
      .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "sesame" });
    const key = Redacted.make(new TextEncoder().encode(String(encrypted)));
    const listener = yield* Listen.listen();
    yield* Effect.forkScoped(listener.run((socket) =>
      Effect.gen(function* () {
        const passphrase = Redacted.make("sesame");
        const cert = new TextEncoder().encode(serverCert);
        yield* (yield* socket.reader).startTls({ key: [key], cert: [cert], passphrase });
        yield* (yield* socket.writer).write("220 secret\r\n");
      })
    ));
    const reader = yield* soon(
      "dialling",
      Connect.make({ host: "127.0.0.1", port: listener.port, tls: { servername, ca } }).reader,
    );
    assertEquals((yield* soon("draining", drain(reader))).text, "220 secret\r\n");
  }));

live("ALPN is agreed on, or there is no TLS", () =>
  Effect.gen(function* () {
    const server = yield* tlsPeer((socket) => socket.end("220 secret\r\n"), { ALPNProtocols: ["smtp"] });
    const socket = Connect.make({ ...server, tls: { servername, ca, alpnProtocols: ["other", "smtp"] } });
    yield* soon("dialling", socket.reader);
    assertEquals(socket.tls()?.alpnProtocol, "smtp");
    const strange = Connect.make({ ...server, tls: { servername, ca, alpnProtocols: ["other"] } });
    const error = tlsErrorOf(yield* soon("dialling", Effect.flip(strange.reader)));
    assertEquals(error.reason, "Alert");
  }));

live("a server that insists on a certificate is understood", () =>
  Effect.gen(function* () {
    const insists = { requestCert: true, rejectUnauthorized: true, ca, maxVersion: "TLSv1.2" } as const;
    const server = yield* tlsPeer((socket) => socket.end("220 secret\r\n"), insists);
    const error = tlsErrorOf(
      yield* soon("dialling", Effect.flip(Connect.make({ ...server, tls: { servername, ca } }).reader)),
    );
    assertEquals(error.reason, "Alert");
    const shows = { key: Redacted.make(clientKey), cert: clientCert };
    const reader = yield* soon("dialling", Connect.make({ ...server, tls: { servername, ca, ...shows } }).reader);
    assertEquals((yield* soon("draining", drain(reader))).text, "220 secret\r\n");
  }));

live("a second upgrade is refused", () =>
  Effect.gen(function* () {
    const server = yield* tlsPeer((socket) => socket.pipe(socket));
    const reader = yield* Connect.make({ ...server, tls: { servername, ca } }).reader;
    const error = yield* soon("the upgrade", Effect.flip(reader.startTls({ servername, ca })));
    assertStringIncludes(tlsErrorOf(error).message, "the connection speaks TLS already");
  }));

live("an upgrade of a connection that is over is refused", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.end());
    const reader = yield* Connect.make(server).reader;
    yield* soon("draining", drain(reader));
    const error = yield* soon("the upgrade", Effect.flip(reader.startTls({ servername, ca })));
    assertEquals(error.reason._tag, "SocketUpgradeError");
  }));

live("large messages survive both ways, in pieces of any size", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    yield* Effect.forkScoped(listener.run(startTlsServer));
    const { reader, writer } = yield* startTlsClient(listener.port, { servername, ca });
    const message = new Uint8Array(4 << 20).map((_, index) => (index * 31 + (index >> 8)) & 0xff);
    const parts: Array<Uint8Array> = [];
    let size = 1;
    for (let from = 0; from < message.length; from += parts.at(-1)!.length) {
      parts.push(message.subarray(from, from + size));
      size = size * 3 % 300_007;
    }
    yield* Effect.forkScoped(writer.writeAll(parts as [Uint8Array, ...Array<Uint8Array>]));
    const back = new Uint8Array(message.length);
    let at = 0;
    yield* soon(
      "reading",
      Effect.gen(function* () {
        while (at < back.length) {
          for (const chunk of yield* reader.pull) {
            back.set(chunk, at);
            at += chunk.length;
          }
        }
      }),
    );
    assertEquals(back.every((octet, index) => octet === message[index]), true);
  }));

live(
  "a peer that resets under TLS fails pulls and writes, and an early answer is still heard",
  () =>
    Effect.gen(function* () {
      const server = yield* tlsPeer((socket) => {
        socket.once("data", () => {
          socket.pause();
          socket.write("552 5.3.4 Too big\r\n", () => setTimeout(() => socket.destroy(), 20));
        });
      });
      const socket = Connect.make({ ...server, tls: { servername, ca } });
      const reader = yield* socket.reader;
      const writer = yield* socket.writer;
      const error = yield* soon("writing", Effect.flip(Effect.forever(writer.write(new Uint8Array(1 << 20)))));
      assertEquals(error.reason._tag, "SocketWriteError");
      assertEquals((yield* soon("draining", drain(reader))).text, "552 5.3.4 Too big\r\n");
    }),
);

/** Upgrades, then reads no more: a `TLSSocket` of Deno would read on. */
const deafTlsServer: Listen.Handler<unknown, Scope.Scope> = (socket) =>
  Effect.andThen(Effect.flatMap(socket.reader, (reader) => reader.startTls(identity)), Effect.never);

live(
  "a write under TLS to a peer that never reads can be interrupted, and the scope closes",
  () =>
    Effect.gen(function* () {
      const listener = yield* Listen.listen();
      yield* Effect.forkScoped(listener.run(deafTlsServer));
      const scope = yield* Scope.make();
      const socket = Connect.make({ host: "127.0.0.1", port: listener.port, tls: { servername, ca } });
      yield* Scope.provide(socket.reader, scope);
      const writer = yield* Scope.provide(socket.writer, scope);
      const first = yield* Effect.forkScoped(writer.write(new Uint8Array(32 << 20)));
      yield* Effect.sleep("200 millis");
      assertEquals(first.pollUnsafe(), undefined);
      yield* soon("interrupting", Fiber.interrupt(first));
      const second = yield* Effect.forkScoped(Effect.flip(writer.write(new Uint8Array(1024))));
      yield* Effect.sleep("10 millis");
      yield* soon("closing", Scope.close(scope, Exit.void));
      assertEquals((yield* soon("writing", Fiber.join(second))).reason._tag, "SocketWriteError");
    }),
);

live("a peer that sends on and on under TLS is made to wait, whichever side it is", () =>
  Effect.gen(function* () {
    const total = 48 << 20;
    const flood = (writer: Socket.Writer, sent: (octets: number) => void) =>
      Effect.gen(function* () {
        for (let octets = 0; octets < total; octets += 1 << 20) {
          yield* writer.write(new Uint8Array(1 << 20));
          sent(octets);
        }
      });
    const swallow = (reader: NetSocket.NetReader) =>
      Effect.gen(function* () {
        let octets = 0;
        while (octets < total) {
          for (const chunk of yield* reader.pull) octets += chunk.length;
        }
      });
    for (const sender of ["client", "server"] as const) {
      let sent = 0;
      const count = (octets: number) => void (sent = octets);
      const ready = Promise.withResolvers<NetSocket.NetReader>();
      const swallowed = Promise.withResolvers<void>();
      const listener = yield* Listen.listen();
      yield* Effect.forkScoped(listener.run((socket) =>
        Effect.gen(function* () {
          const reader = yield* socket.reader;
          yield* reader.startTls(identity);
          if (sender === "server") return yield* flood(yield* socket.writer, count);
          ready.resolve(reader);
          return yield* Effect.promise(() => swallowed.promise);
        })
      ));
      const socket = Connect.make({ host: "127.0.0.1", port: listener.port, tls: { servername, ca } });
      const reader = yield* socket.reader;
      if (sender === "client") yield* Effect.forkScoped(flood(yield* socket.writer, count));
      const receiver = sender === "client" ? yield* Effect.promise(() => ready.promise) : reader;
      yield* Effect.sleep("300 millis");
      assert(sent < total / 2, `the ${sender} was never made to wait`);
      assert(receiver.buffered() <= 1 << 20, `${receiver.buffered()} octets are held`);
      yield* soon("swallowing", swallow(receiver));
      swallowed.resolve();
    }
  }));

live("a client that leaves during the handshake does not hold up the server", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    const ends: Array<unknown> = [];
    yield* Effect.forkScoped(listener.run((socket) =>
      Effect.gen(function* () {
        const reader = yield* socket.reader;
        yield* reader.pull;
        ends.push(tlsErrorOf(yield* Effect.flip(reader.startTls(identity))).reason);
      })
    ));
    yield* Effect.scoped(Effect.gen(function* () {
      const socket = Connect.make({ host: "127.0.0.1", port: listener.port });
      yield* socket.reader;
      yield* (yield* socket.writer).write("STARTTLS\r\n");
      yield* Effect.sleep("20 millis");
    }));
    yield* eventually("the server has noticed", () => ends.length === 1);
    assertEquals(ends, ["ConnectionClosed"]);
  }));

live("closing under TLS leaves nothing uncaught, in whatever order and however often", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    yield* Effect.forkScoped(listener.run(startTlsServer));
    const talk = (how: number) =>
      Effect.scoped(Effect.gen(function* () {
        const socket = Connect.make({ host: "127.0.0.1", port: listener.port });
        // The writer before the reader, or after it: the finalizers run the other way round.
        if (how % 2 === 0) yield* socket.writer;
        const { reader, writer } = yield* startTlsClient(listener.port, { servername, ca });
        yield* writer.write("QUIT\r\n");
        if (how % 3 === 0) yield* readUntil(reader, "\r\n");
      }));
    for (let how = 0; how < 24; how++) yield* soon("talking", talk(how));
    yield* eventually("all are gone", () => listener.connections() === 0);
    // An error that nobody catches would come within a few turns of the event loop.
    yield* Effect.sleep("50 millis");
  }));
