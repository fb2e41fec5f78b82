import { assert, assertEquals } from "@std/assert";
import { Resolver } from "@plausch/dns/resolver";
import * as Zone from "@plausch/dns/zone";
import * as Mx from "@plausch/mx/mx";
import * as RoutePlan from "@plausch/mx/route-plan";
import * as WebHost from "@plausch/mx/web-host";
import * as HttpsClient from "@plausch/net/https-client";
import * as Effect from "effect/Effect";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import type * as http from "node:http";
import * as https from "node:https";
import type * as net from "node:net";
import type * as tls from "node:tls";
import { live } from "../support/it.ts";
import { makeMtaSts } from "../support/policy_host.ts";
import ca from "./fixtures/ca.pem" with { type: "text" };
import commonName from "./fixtures/common-name.pem" with { type: "text" };
import expired from "./fixtures/expired.pem" with { type: "text" };
import selfSigned from "./fixtures/self-signed.pem" with { type: "text" };
import serverCert from "./fixtures/server.pem" with { type: "text" };
import serverKey from "./fixtures/server.key" with { type: "text" };
import { eventually, peer, soon } from "./support.ts";

interface Server {
  readonly port: number;
  /** The requests: method, path, Host, name said in SNI, body. */
  readonly seen: Array<string>;
  /** The names of the header fields of the last request, in order. */
  readonly fields: Array<string>;
  readonly sockets: Set<net.Socket>;
}

/** A real server over HTTPS, which lives until the scope closes. */
const server = (
  answer: (request: http.IncomingMessage, response: http.ServerResponse) => void,
  { cert = serverCert, host = "127.0.0.1" }: { readonly cert?: string; readonly host?: string } = {},
): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function* () {
    const seen: Array<string> = [];
    const fields: Array<string> = [];
    const sockets = new Set<net.Socket>();
    const it = https.createServer({ cert, key: serverKey }, (request, response) => {
      let body = "";
      request.on("data", (chunk) => body += chunk);
      request.on("end", () => {
        const { servername } = request.socket as tls.TLSSocket & { readonly servername?: string };
        fields.splice(0, Infinity, ...Object.keys(request.headers).sort());
        seen.push(`${request.method} ${request.url} ${request.headers.host} ${servername} ${body}`.trimEnd());
        answer(request, response);
      });
    });
    it.on("connection", (socket: net.Socket) => {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    });
    it.on("tlsClientError", () => {});
    yield* Effect.callback<void>((resume) => void it.listen(0, host, () => resume(Effect.void)));
    yield* Effect.addFinalizer(() =>
      Effect.callback<void>((resume) => {
        it.close(() => resume(Effect.void));
        for (const socket of sockets) socket.destroy();
      })
    );
    return { port: (it.address() as net.AddressInfo).port, seen, fields, sockets };
  });

const text =
  (body: string, headers: http.OutgoingHttpHeaders = {}, status = 200) =>
  (_request: http.IncomingMessage, response: http.ServerResponse): void => {
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers });
    response.end(body);
  };

const at = (...addresses: ReadonlyArray<string>) => () => Effect.succeed(addresses);

/** The code of the system beneath a failure. */
const codeOf = (error: unknown): unknown => {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return undefined;
};

const url = "https://mta-sts.wild.example.test/.well-known/mta-sts.txt";

live(
  "https: the address that was given is dialled, with the name in SNI, Host and certificate",
  () =>
    Effect.gen(function* () {
      const { port, seen } = yield* server(text("hello", { "x-y": "z" }));
      const client = HttpsClient.make({ addresses: at("127.0.0.1"), ca, port });
      const response = yield* client.get(`${url}?a=b%20c`);
      assertEquals([response.status, yield* response.text], [200, "hello"]);
      assertEquals([response.headers["content-type"], response.headers["x-y"]], ["text/plain; charset=utf-8", "z"]);
      const name = "mta-sts.wild.example.test";
      assertEquals(seen, [`GET /.well-known/mta-sts.txt?a=b%20c ${name} ${name}`]);
    }),
);

live("https: the port of the URL is used where no other is set, and stands in Host", () =>
  Effect.gen(function* () {
    const { port, seen } = yield* server(text("hello"));
    const client = HttpsClient.make({ addresses: at("127.0.0.1"), ca });
    assertEquals((yield* client.get(`https://mx.example.test:${port}/`)).status, 200);
    assertEquals(seen, [`GET / mx.example.test:${port} mx.example.test`]);
  }));

live("https: a body is posted", () =>
  Effect.gen(function* () {
    const { port, seen } = yield* server(text("", {}, 201));
    const client = HttpsClient.make({ addresses: at("127.0.0.1"), ca, port });
    const request = HttpClientRequest.post("https://mx.example.test/r").pipe(HttpClientRequest.bodyText("{}"));
    assertEquals((yield* client.execute(request)).status, 201);
    assertEquals(seen, ["POST /r mx.example.test mx.example.test {}"]);
  }));

live("https: a redirect is an answer like others", () =>
  Effect.gen(function* () {
    const { port, seen } = yield* server(text("", { location: "https://mx.example.test/other" }, 302));
    const response = yield* HttpsClient.make({ addresses: at("127.0.0.1"), ca, port }).get(url);
    assertEquals([response.status, response.headers["location"]], [302, "https://mx.example.test/other"]);
    assertEquals(seen.length, 1);
  }));

live("https: an answer without a body", () =>
  Effect.gen(function* () {
    const { port } = yield* server(text("", {}, 204));
    const response = yield* HttpsClient.make({ addresses: at("127.0.0.1"), ca, port }).get(url);
    assertEquals([response.status, yield* response.text], [204, ""]);
  }));

const refused: ReadonlyArray<readonly [what: string, cert: string, url: string, ca: string | undefined, code: string]> =
  [
    ["a certificate for another name", serverCert, "https://other.test/", ca, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["a common name alone", commonName, "https://mx.example.test/", ca, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["an authority that is not known", serverCert, url, undefined, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["a certificate that is over", expired, "https://mx.example.test/", ca, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["a certificate by itself", selfSigned, "https://mx.example.test/", ca, "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ];

for (const [what, cert, url, ca, code] of refused) {
  live(`https: nothing is said to ${what}, and no other address is dialled`, () =>
    Effect.gen(function* () {
      const { port, seen } = yield* server(text("hello"), { cert });
      const client = HttpsClient.make({ addresses: at("127.0.0.1", "127.0.0.2"), ca, port });
      const error = yield* Effect.flip(client.get(url));
      assertEquals([error.reason._tag, codeOf(error)], ["TransportError", code]);
      assertEquals(seen, []);
    }));
}

live("https: where nobody answers, the next address is dialled", () =>
  Effect.gen(function* () {
    const { port } = yield* server(text("hello"));
    // The server listens at 127.0.0.1 only.
    const response = yield* HttpsClient.make({ addresses: at("::1", "127.0.0.2", "127.0.0.1"), ca, port }).get(url);
    assertEquals(response.status, 200);
  }));

live("https: an IPv6 address", () =>
  Effect.gen(function* () {
    const { port } = yield* server(text("hello"), { host: "::1" });
    assertEquals((yield* HttpsClient.make({ addresses: at("::1"), ca, port }).get(url)).status, 200);
  }));

live("https: nobody answers anywhere", () =>
  Effect.gen(function* () {
    const { port } = yield* Effect.scoped(server(text("hello")));
    const client = HttpsClient.make({ addresses: at("127.0.0.1", "127.0.0.2"), ca, port });
    assertEquals(codeOf(yield* Effect.flip(client.get(url))), "ECONNREFUSED");
    const nowhere = HttpsClient.make({ addresses: at(), ca, port });
    assertEquals(codeOf(yield* Effect.flip(nowhere.get(url))), "ENOTFOUND");
  }));

live("https: a server that never answers has its time, and the next address its own", () =>
  Effect.gen(function* () {
    const deaf = yield* peer(() => {});
    const { port } = deaf;
    const client = HttpsClient.make({ addresses: at("127.0.0.1", "127.0.0.1"), ca, port, timeout: "50 millis" });
    assertEquals(codeOf(yield* soon("giving up", Effect.flip(client.get(url)))), "ETIMEDOUT");
  }));

live("https: a server that speaks another language", () =>
  Effect.gen(function* () {
    const { port } = yield* peer((socket) => socket.end("220 mx.example.test ESMTP\r\n"));
    const client = HttpsClient.make({ addresses: at("127.0.0.1"), ca, port });
    const error = yield* soon("the handshake", Effect.flip(client.get(url)));
    assertEquals(codeOf(error), "ERR_SSL_WRONG_VERSION_NUMBER");
  }));

live("https: a status that is none", () =>
  Effect.gen(function* () {
    const { port } = yield* server((request) => request.socket.end("HTTP/1.1 999 what\r\ncontent-length: 0\r\n\r\n"));
    const error = yield* Effect.flip(HttpsClient.make({ addresses: at("127.0.0.1"), ca, port }).get(url));
    assertEquals(error.reason._tag, "TransportError");
  }));

live(
  "https: a body that is cut fails",
  () =>
    Effect.gen(function* () {
      const cut = yield* server((_request, response) => {
        response.writeHead(200, { "content-length": 100 });
        response.write("abc", () => response.socket?.destroy());
      });
      const half = yield* HttpsClient.make({ addresses: at("127.0.0.1"), ca, port: cut.port }).get(url);
      assertEquals((yield* Effect.flip(half.text)).reason._tag, "DecodeError");
    }),
);

live("https: a header field that is none", () =>
  Effect.gen(function* () {
    const client = HttpsClient.make({ addresses: at("127.0.0.1"), ca, port: 1 });
    const request = HttpClientRequest.get(url).pipe(HttpClientRequest.setHeader("x", "a\r\nb: c"));
    const error = yield* Effect.flip(client.execute(request));
    assertEquals([error.reason._tag, codeOf(error)], ["TransportError", "ERR_INVALID_CHAR"]);
  }));

live("https: who gives up closes the connection", () =>
  Effect.gen(function* () {
    const { port, seen, sockets } = yield* server(() => {});
    const client = HttpsClient.make({ addresses: at("127.0.0.1"), ca, port });
    const fiber = yield* Effect.forkChild(client.get(url), { startImmediately: true });
    while (seen.length === 0) yield* Effect.sleep("5 millis");
    yield* Fiber.interrupt(fiber);
    yield* soon(
      "closing",
      Effect.gen(function* () {
        while (sockets.size > 0) yield* Effect.sleep("5 millis");
      }),
    );
  }));

for (const bad of ["http://mx.example.test/", "https://127.0.0.1/", "https://[::1]/", "ftp://mx.example.test/"]) {
  live(`https: ${bad} is not fetched, and nobody is asked for its address`, () =>
    Effect.gen(function* () {
      const addresses = () => Effect.die(new Error("somebody was asked"));
      const error = yield* Effect.flip(HttpsClient.make({ addresses }).get(bad));
      assertEquals(error.reason._tag, "InvalidUrlError");
    }));
}

// ---- a policy of MTA-STS, from the record to the route

const policy = "version: STSv1\r\nmode: enforce\r\nmx: *.wild.example.test\r\nmax_age: 86400\r\n";
const records = {
  "wild.example.test": { MX: ["10 mx.wild.example.test", "20 mx.elsewhere.test"] },
  "mx.wild.example.test": { A: "127.0.0.1" },
  "mx.elsewhere.test": { A: "127.0.0.1" },
  "_mta-sts.wild.example.test": { TXT: "v=STSv1; id=1;" },
  "mta-sts.wild.example.test": { A: "127.0.0.1" },
};

const explain = (port: number, rules: { readonly allowLocal: boolean }, more: Zone.StaticZone["records"] = {}) =>
  Effect.gen(function* () {
    const resolver = yield* Resolver;
    const https = HttpsClient.layer({ addresses: WebHost.addresses(resolver, rules), ca, port });
    const mtaSts = yield* Effect.provide(makeMtaSts(), https);
    return RoutePlan.explain(yield* Mx.resolve("wild.example.test", { mtaSts, allowLocal: true }));
  }).pipe(Effect.provide(Zone.layer({ records: { ...records, ...more } })));

live("https: a policy is fetched, and decides on the route", () =>
  Effect.gen(function* () {
    const { port, seen, fields } = yield* server(text(policy));
    assertEquals(yield* explain(port, { allowLocal: true }), [
      "wild.example.test has 2 mail exchangers",
      "MTA-STS: enforce, for *.wild.example.test",
      "10 mx.wild.example.test: try 127.0.0.1; MTA-STS: TLS with a certificate for this host",
      "20 mx.elsewhere.test: skip, the MTA-STS policy of the domain does not name it",
    ]);
    const name = "mta-sts.wild.example.test";
    assertEquals(seen, [`GET /.well-known/mta-sts.txt ${name} ${name}`]);
    // Nothing of us, such as the ids of our traces.
    assertEquals(fields, ["accept", "connection", "host", "user-agent"]);
  }));

const without = (problem: string) => [
  "wild.example.test has 2 mail exchangers",
  `MTA-STS: none that is known, so mail goes without. Cannot fetch the MTA-STS policy of "wild.example.test": ${problem}`,
  "10 mx.wild.example.test: try 127.0.0.1",
  "20 mx.elsewhere.test: try 127.0.0.1",
];

live("https: a policy host at a local address is not dialled", () =>
  Effect.gen(function* () {
    const { port, sockets } = yield* server(text(policy));
    const lines = yield* explain(port, { allowLocal: false });
    const refusal = "it has no address on the Internet: 127.0.0.1 (loopback)";
    assertEquals(lines, without(`its host cannot be dialled: ${refusal}`));
    assertEquals(sockets.size, 0);
  }));

live("https: a policy without an end is not read to its end", () =>
  Effect.gen(function* () {
    const { port, sockets } = yield* server((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      const more = () => {
        while (!response.destroyed && response.write(policy));
      };
      response.on("drain", more);
      more();
    });
    assertEquals(yield* explain(port, { allowLocal: true }), without("it is larger than 65536 octets"));
    yield* eventually("the connection is closed", () => sockets.size === 0);
  }));

live("https: a policy host without an address", () =>
  Effect.gen(function* () {
    const more = { "mta-sts.wild.example.test": { TXT: "no address" } };
    const lines = yield* explain(443, { allowLocal: true }, more);
    assertEquals(lines, without("its host cannot be dialled: it has no address"));
  }));

live(
  "https: the certificate of a policy host is for somebody else: TLS-RPT has a word for it",
  () =>
    Effect.gen(function* () {
      const { port } = yield* server(text(policy), { cert: expired });
      const resolver = yield* Resolver;
      const https = HttpsClient.layer({ addresses: WebHost.addresses(resolver, { allowLocal: true }), ca, port });
      const finding = yield* Effect.flatMap(makeMtaSts(), (mtaSts) => mtaSts.discover("wild.example.test")).pipe(
        Effect.provide(https),
      );
      assert(finding._tag === "Failed");
      assertEquals([finding.problem.reason, finding.problem.resultType], ["CertificateRefused", "sts-webpki-invalid"]);
    }).pipe(Effect.provide(Zone.layer({ records }))),
);

live("https: a redirect of a policy host is not followed", () =>
  Effect.gen(function* () {
    const { port, seen } = yield* server(text("", { location: "https://mx.example.test/" }, 301));
    const lines = yield* explain(port, { allowLocal: true });
    assertEquals(lines, without('the server redirects to "https://mx.example.test/", which must not be followed'));
    assertEquals(seen.length, 1);
  }));
