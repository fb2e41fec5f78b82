// TLS, AUTH, LMTP and Unix sockets on loopback, with plausch's own client, and with bare node:tls.
import * as Connect from "@plausch/net/connect";
import type { NetReader } from "@plausch/net/net-socket";
import * as ProxyProtocol from "@plausch/net/proxy-protocol";
import * as Authentication from "@plausch/sink/authentication";
import * as Certificate from "@plausch/sink/certificate";
import * as Extension from "@plausch/sink/extension";
import * as Fault from "@plausch/sink/fault";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Sasl from "@plausch/smtp/sasl";
import type { TlsError } from "@plausch/tls";
import type { TlsOptions } from "@plausch/tls/tls-options";
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import * as tls from "node:tls";
import { live } from "../support/it.ts";

/** A client of @plausch/net. */
interface Client {
  readonly reader: NetReader;
  /** The next reply, whole. */
  readonly hear: Effect.Effect<string, Socket.SocketError>;
  /** Says something, and gives the reply. */
  readonly say: (text: string) => Effect.Effect<string, Socket.SocketError>;
}

const isWhole = (text: string): boolean => /(?:^|\r\n)\d{3} [^\r]*\r\n$/.test(text);

const connect = (options: Connect.ConnectOptions): Effect.Effect<Client, Socket.SocketError, Scope.Scope> =>
  Effect.gen(function* () {
    const socket = Connect.make(options);
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    const hear = Effect.gen(function* () {
      let text = "";
      while (!isWhole(text)) {
        for (const chunk of yield* reader.pull) text += new TextDecoder().decode(chunk);
      }
      return text;
    });
    return { reader, hear, say: (text) => Effect.andThen(writer.write(`${text}\r\n`), hear) };
  });

const to = ({ address, port }: Sink.Sink) => ({ host: address, port });

const listen = (options: Partial<Sink.ListenOptions> = {}) =>
  Effect.gen(function* () {
    const certificate = yield* Certificate.make(["sink.test", "127.0.0.1"]);
    const store = Store.memory();
    const events: Array<Sink.SinkEvent> = [];
    const observe = (event: Sink.SinkEvent) => void events.push(event);
    const tls = { options: certificate };
    const sink = yield* Sink.listen({ store, host: "sink.test", tls, observe, ...options });
    return { sink, store, events, certificate };
  });

const deliver = ({ say }: Client) =>
  Effect.gen(function* () {
    for (const line of ["MAIL FROM:<a@c.test>", "RCPT TO:<b@d.test>", "DATA"]) yield* say(line);
    return yield* say("Subject: t\r\n\r\nhi\r\n.");
  });

const eventually = (holds: () => boolean): Effect.Effect<void> =>
  Effect.whileLoop({ while: () => !holds(), body: () => Effect.sleep("2 millis"), step: () => {} }).pipe(
    Effect.timeoutOrElse({ duration: "8 seconds", orElse: () => Effect.die(new Error("It never came true")) }),
  );

live(
  "STARTTLS: a client that trusts the certificate verifies the server, and its message is encrypted",
  () =>
    Effect.gen(function* () {
      const { sink, store, events, certificate } = yield* listen();
      const client = yield* connect(to(sink));
      yield* client.hear;
      assertMatch(yield* client.say("EHLO c.test"), /\r\n250-STARTTLS\r\n/);
      assertMatch(yield* client.say("STARTTLS"), /^220 /);
      const report = yield* client.reader.startTls({ servername: "sink.test", ca: certificate.cert });
      assertEquals([report.verification, report.chain[0]?.subject], [{ verified: true, by: "pkix" }, "CN=sink.test"]);
      const hello = yield* client.say("EHLO c.test");
      assert(!hello.includes("STARTTLS") && hello.includes("REQUIRETLS"));
      assertMatch(yield* deliver(client), /^250 2\.0\.0 Stored as /);
      assertEquals(store.messages[0]?.protocol, "ESMTPS");
      assertEquals(store.messages[0]?.tls?.protocol, report.protocol);
      assertEquals(events.filter(({ _tag }) => _tag === "Secured").length, 1);
    }),
);

const tlsErrorOf = (error: Socket.SocketError): TlsError | undefined =>
  error.reason._tag === "SocketUpgradeError" ? error.reason.cause as TlsError : undefined;

const distrust: ReadonlyArray<readonly [name: string, options: (cert: string) => TlsOptions, fault: string]> = [
  ["has never heard of it", () => ({ servername: "sink.test" }), "self-signed"],
  ["wants another name", (ca) => ({ servername: "other.test", ca }), "wrong-name"],
];
for (const [name, options, fault] of distrust) {
  live(`STARTTLS: a client that ${name} refuses the certificate, and the sink goes on`, () =>
    Effect.gen(function* () {
      const { sink, events, certificate } = yield* listen();
      const refused = Effect.scoped(Effect.gen(function* () {
        const client = yield* connect(to(sink));
        yield* client.hear;
        yield* client.say("EHLO c.test");
        yield* client.say("STARTTLS");
        return yield* Effect.flip(client.reader.startTls(options(certificate.cert)));
      }));
      const report = tlsErrorOf(yield* refused)?.report;
      assert(report?.verification.verified === false);
      assertEquals(report.verification.fault, fault);
      yield* eventually(() => events.some(({ _tag }) => _tag === "Disconnected"));
      const next = yield* connect(to(sink));
      assertMatch(yield* next.hear, /^220 /);
    }));
}

live("STARTTLS: a client that speaks no TLS ends its own connection only", () =>
  Effect.gen(function* () {
    const { sink, events } = yield* listen();
    const client = yield* connect(to(sink));
    yield* client.hear;
    yield* client.say("EHLO c.test");
    yield* client.say("STARTTLS");
    yield* Effect.flip(client.say("EHLO c.test\r\nMAIL FROM:<evil@x.test>"));
    yield* eventually(() => events.some(({ _tag }) => _tag === "NotSecured"));
    const failed = events.find(({ _tag }) => _tag === "NotSecured");
    assert(failed?._tag === "NotSecured");
    assertEquals(tlsErrorOf(failed.error)?._tag, "TlsError");
    assert(
      events.every((event) => event._tag !== "Chat" || event.event._tag !== "Heard" || !/evil/.test(event.event.line)),
    );
  }));

live("STARTTLS: commands behind it in one flight are refused on the wire, too", () =>
  Effect.gen(function* () {
    const { sink } = yield* listen();
    const client = yield* connect(to(sink));
    yield* client.hear;
    yield* client.say("EHLO c.test");
    assertMatch(yield* client.say("STARTTLS\r\nRSET"), /^554 5\.5\.1 /);
    const end = yield* Effect.flip(client.hear);
    assertEquals(end.reason._tag, "SocketCloseError");
  }));

live("implicit TLS: a client of bare node:tls is greeted after the handshake", () =>
  Effect.gen(function* () {
    const certificate = yield* Certificate.make(["sink.test"]);
    const { sink, store } = yield* listen({ tls: { options: certificate, implicit: true } });
    const said = yield* Effect.callback<string>((resume) => {
      let said = "";
      const socket = tls.connect({
        host: sink.address,
        port: sink.port,
        servername: "sink.test",
        ca: certificate.cert,
      });
      socket.on("data", (chunk: Uint8Array) => said += new TextDecoder().decode(chunk));
      socket.on("error", (error) => resume(Effect.die(error)));
      socket.on("close", () => resume(Effect.succeed(said)));
      socket.write("EHLO c.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@d.test>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n");
    });
    assertEquals(said.match(/^\d{3} /gm), ["220 ", "250 ", "250 ", "250 ", "354 ", "250 ", "221 "]);
    assertEquals(store.messages[0]?.protocol, "ESMTPS");
  }));

live("implicit TLS: a connection too many is closed without a word", () =>
  Effect.gen(function* () {
    const certificate = yield* Certificate.make(["sink.test"]);
    const { sink } = yield* listen({ tls: { options: certificate, implicit: true }, maxConnections: 1 });
    const tls = { servername: "sink.test", ca: certificate.cert };
    const first = yield* connect({ ...to(sink), tls });
    assertMatch(yield* first.hear, /^220 /);
    const second = yield* connect(to(sink));
    assertEquals((yield* Effect.flip(second.hear)).reason._tag, "SocketCloseError");
  }));

live(
  "a key and a certificate that do not belong together are the server's misfortune, not its end",
  () =>
    Effect.gen(function* () {
      const [one, other] = [yield* Certificate.make(), yield* Certificate.make()];
      const { sink, events } = yield* listen({ tls: { options: { cert: one.cert, key: other.key } } });
      const client = yield* connect(to(sink));
      yield* client.hear;
      yield* client.say("EHLO c.test");
      yield* client.say("STARTTLS");
      yield* Effect.flip(client.reader.startTls({ rejectUnauthorized: false }));
      yield* eventually(() => events.some(({ _tag }) => _tag === "NotSecured"));
    }),
);

const password = Redacted.make("tanstaaftanstaaf");
const authentication = { users: Authentication.users({ tim: password }), required: true };

for (const mechanism of ["SCRAM-SHA-256", "PLAIN", "XOAUTH2"] as const) {
  live(`AUTH ${mechanism} under TLS: whoever has the secret may send`, () =>
    Effect.gen(function* () {
      const { sink, store, certificate } = yield* listen({ authentication });
      const client = yield* connect({ ...to(sink) });
      yield* client.hear;
      yield* client.say("EHLO c.test");
      assertMatch(yield* client.say("MAIL FROM:<a@c.test>"), /^530 5\.7\.0 /);
      yield* client.say("STARTTLS");
      yield* client.reader.startTls({ servername: "sink.test", ca: certificate.cert });
      assertMatch(yield* client.say("EHLO c.test"), new RegExp(`\\r\\n250-AUTH [^\\r]*\\b${mechanism}\\b`));
      const credentials: Sasl.Credentials = mechanism === "XOAUTH2"
        ? { _tag: "Token", user: "tim", token: password }
        : { _tag: "Password", user: "tim", password };
      const exchange = Result.getOrThrow(Sasl.client(mechanism, credentials, { nonce: crypto.randomUUID() }));
      let reply = yield* client.say(`AUTH ${mechanism} ${Redacted.value(exchange.initial!)}`);
      while (reply.startsWith("334 ")) {
        reply = yield* client.say(Redacted.value(Result.getOrThrow(exchange.respond(reply.slice(4, -2)))));
      }
      assertMatch(reply, /^235 2\.7\.0 /);
      assertMatch(yield* deliver(client), /^250 2\.0\.0 Stored as /);
      assertEquals([store.messages[0]?.user, store.messages[0]?.protocol], ["tim", "ESMTPSA"]);
    }));
}

live("a client certificate lets a client in by EXTERNAL", () =>
  Effect.gen(function* () {
    const certificate = yield* Certificate.make(["sink.test"]);
    const fixture = (name: string) =>
      Effect.promise(() => fs.readFile(new URL(`../net/fixtures/${name}`, import.meta.url), "utf8"));
    const [ca, cert, key] = [yield* fixture("ca.pem"), yield* fixture("client.pem"), yield* fixture("client.key")];
    const { sink, store } = yield* listen({
      authentication: { users: () => undefined, mechanisms: ["EXTERNAL"], required: true },
      tls: { options: { ...certificate, ca, requestCert: true }, implicit: true },
    });
    const client = yield* connect({
      ...to(sink),
      tls: { servername: "sink.test", ca: certificate.cert, cert, key: Redacted.make(key) },
    });
    yield* client.hear;
    assertMatch(yield* client.say("EHLO c.test"), /\r\n250-AUTH EXTERNAL\r\n/);
    assertMatch(yield* client.say("AUTH EXTERNAL ="), /^235 /);
    yield* deliver(client);
    assertEquals(store.messages[0]?.user, store.messages[0]?.tls?.chain[0]?.commonName);
  }));

const aPath: Effect.Effect<string, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.promise(() => fs.mkdtemp(path.join(os.tmpdir(), "plausch-sink-"))),
    (directory) => Effect.promise(() => fs.rm(directory, { recursive: true })),
  ),
  (directory) => path.join(directory, "lmtp.sock"),
);

live(
  "LMTP on a Unix socket: a message comes from nowhere, and each recipient has a reply",
  () =>
    Effect.gen(function* () {
      const file = yield* aPath;
      const { sink, store } = yield* listen({ path: file, protocol: "lmtp", tls: undefined });
      assertEquals([sink.address, sink.port], [file, 0]);
      const client = yield* connect({ path: file });
      assertMatch(yield* client.hear, /^220 sink\.test LMTP /);
      for (const line of ["LHLO c.test", "MAIL FROM:<>", "RCPT TO:<b@d.test>", "RCPT TO:<c@d.test>"]) {
        yield* client.say(line);
      }
      yield* client.say("DATA");
      const verdicts = yield* client.say("hi\r\n.");
      assertEquals(verdicts.match(/^250 2\.0\.0 Stored as /gm)?.length, 2);
      assertEquals([store.messages[0]?.peer, store.messages[0]?.protocol], ["", "LMTP"]);
    }),
);

live("a path where nobody can listen is an error, not a crash", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Sink.listen({ store: Store.discard, path: "/dev/null/lmtp.sock" }));
    assertEquals(error._tag, "ListenError");
  }));

/** A header that names this client. */
const proxied = (address: string, version: "v1" | "v2"): Uint8Array => {
  const origin = ProxyProtocol.tcp({ address, port: 50000 }, { address: "192.0.2.25", port: 25 });
  const { encodeV1, encodeV2 } = ProxyProtocol;
  return Result.getOrThrow(Result.flatMap(origin, version === "v1" ? encodeV1 : encodeV2));
};

for (const version of ["v1", "v2"] as const) {
  for (const implicit of [false, true]) {
    live(
      `PROXY ${version}${implicit ? " before implicit TLS" : ""}: a message comes from whom the header names`,
      () =>
        Effect.gen(function* () {
          const certificate = yield* Certificate.make(["sink.test"]);
          const { sink, store } = yield* listen({ proxyProtocol: true, tls: { options: certificate, implicit } });
          const encryption = implicit ? { tls: { servername: "sink.test", ca: certificate.cert } } : {};
          const client = yield* connect({ ...to(sink), preface: proxied("192.0.2.7", version), ...encryption });
          assertMatch(yield* client.hear, /^220 /);
          yield* client.say("EHLO c.test");
          yield* deliver(client);
          assertEquals([store.messages[0]?.peer, store.messages[0]?.protocol], [
            "192.0.2.7",
            implicit ? "ESMTPS" : "ESMTP",
          ]);
        }),
    );
  }
}

live("PROXY: a client without a header is not served, and no command of it is heard", () =>
  Effect.gen(function* () {
    const { sink, events } = yield* listen({ proxyProtocol: true });
    const client = yield* connect(to(sink));
    const end = yield* Effect.flip(client.say("EHLO c.test"));
    assertEquals(end.reason._tag, "SocketCloseError");
    assertEquals(events, []);
  }));

const faults = (...texts: ReadonlyArray<string>) => texts.map((text) => Result.getOrThrow(Fault.fromString(text)));

const broken: ReadonlyArray<readonly [fault: string, reason: string]> = [
  ["tls:alert", "Alert"],
  ["tls:drop", "ConnectionClosed"],
  ["tls:garbage", "NotTls"],
];
for (const [fault, reason] of broken) {
  live(`fault ${fault}: the client's handshake fails, as ${reason}`, () =>
    Effect.gen(function* () {
      const { sink } = yield* listen({ faults: faults(fault) });
      const client = yield* connect(to(sink));
      yield* client.hear;
      yield* client.say("EHLO c.test");
      yield* client.say("STARTTLS");
      const error = yield* Effect.flip(client.reader.startTls({ rejectUnauthorized: false }));
      assertEquals(tlsErrorOf(error)?.reason, reason);
    }));
}

live("fault connect@1:drop: the first client is dropped, the second is served", () =>
  Effect.gen(function* () {
    const { sink } = yield* listen({ faults: faults("connect@1:drop"), offers: Extension.without("DSN") });
    const first = yield* connect(to(sink));
    assertEquals((yield* Effect.flip(first.hear)).reason._tag, "SocketCloseError");
    const second = yield* connect(to(sink));
    assertMatch(yield* second.hear, /^220 /);
    assert(!(yield* second.say("EHLO c.test")).includes("DSN"));
  }));
