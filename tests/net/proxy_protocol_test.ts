import { assert, assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { Connect, ConnectionInfo, Listen, OpenFailure, type ProxyError, ProxyProtocol } from "@plausch/net";
import { crc32c } from "../../packages/net/_crc32c.ts";
import { live } from "../support/it.ts";
import { property } from "../support/property.ts";
import { integer, octets } from "../tls/support.ts";
import { closeOf, drain, eventually, peer, pem, readUntil, soon } from "./support.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (octets: Uint8Array) => new TextDecoder().decode(octets);

const v4 = { source: { address: "192.0.2.1", port: 50000 }, destination: { address: "198.51.100.25", port: 25 } };
const v6 = { source: { address: "2001:db8::1", port: 1 }, destination: { address: "2001:db8::25", port: 65535 } };
const tcp4 = Result.getOrThrow(ProxyProtocol.tcp(v4.source, v4.destination));
const tcp6 = Result.getOrThrow(ProxyProtocol.tcp(v6.source, v6.destination));

const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

/** A header of version 2 from its parts. */
const version2 = (command: number, kind: number, body: ReadonlyArray<number>, length = body.length) =>
  Uint8Array.from([...signature, command, kind, length >> 8, length & 0xff, ...body]);

/** The octets in one piece: the header, or the reason; "more" if it is not complete. */
const parse = (octets: Uint8Array): ProxyProtocol.Header | ProxyError.ProxyErrorReason | "more" =>
  Result.match(ProxyProtocol.parser().push(octets), {
    onFailure: ({ reason }) => reason,
    onSuccess: (found) => found?.header ?? "more",
  });

Deno.test("the headers are as the specification has them", () => {
  assertEquals(
    decode(Result.getOrThrow(ProxyProtocol.encodeV1(tcp4))),
    "PROXY TCP4 192.0.2.1 198.51.100.25 50000 25\r\n",
  );
  assertEquals(
    decode(Result.getOrThrow(ProxyProtocol.encodeV1(tcp6))),
    "PROXY TCP6 2001:db8::1 2001:db8::25 1 65535\r\n",
  );
  assertEquals(
    Result.getOrThrow(ProxyProtocol.encodeV2(tcp4)),
    version2(0x21, 0x11, [192, 0, 2, 1, 198, 51, 100, 25, 0xc3, 0x50, 0, 25]),
  );
  const [one, other] = [[0x20, 1, 0x0d, 0xb8, ...new Uint8Array(11), 1], [
    0x20,
    1,
    0x0d,
    0xb8,
    ...new Uint8Array(11),
    0x25,
  ]];
  assertEquals(
    Result.getOrThrow(ProxyProtocol.encodeV2(tcp6)),
    version2(0x21, 0x21, [...one, ...other, 0, 1, 0xff, 0xff]),
  );
  const unix = { _tag: "Unix", transport: "stream", source: "/run/a", destination: "" } as const;
  assertEquals(
    Result.getOrThrow(ProxyProtocol.encodeV2(unix)),
    version2(0x21, 0x31, [...encode("/run/a"), ...new Uint8Array(102 + 108)]),
  );
  assertEquals(Result.getOrThrow(ProxyProtocol.encodeV2({ _tag: "Local" })), version2(0x20, 0, []));
  assertEquals(Result.getOrThrow(ProxyProtocol.encodeV2({ _tag: "Unknown" })), version2(0x21, 0, []));
  for (const origin of [unix, { _tag: "Local" }, { _tag: "Unknown" }, { ...tcp4, transport: "datagram" }] as const) {
    assertEquals(decode(Result.getOrThrow(ProxyProtocol.encodeV1(origin))), "PROXY UNKNOWN\r\n");
  }
});

Deno.test("the checksum is CRC32c of the header with zeros in its place", () => {
  assertEquals(crc32c(encode("123456789")), 0xe3069283);
  const header = Result.getOrThrow(
    ProxyProtocol.encodeV2(tcp4, { checksum: true, tlvs: [{ type: 2, value: encode("a") }] }),
  );
  assertEquals(parse(header), { version: 2, origin: tcp4, tlvs: [{ type: 2, value: encode("a") }] });
  // The octet that says that this is a checksum is the one that it cannot protect.
  const type = header.length - 7;
  for (let at = 16; at < header.length; at++) {
    if (at === type) continue;
    const other = header.slice();
    other[at]! ^= 1;
    assert(typeof parse(other) === "string", `a change of octet ${at} is not noticed`);
  }
});

const refused: ReadonlyArray<readonly [octets: Uint8Array | string, reason: ProxyError.ProxyErrorReason]> = [
  ["EHLO client.example.test\r\n", "NotProxy"],
  ["proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "NotProxy"],
  ["PROXYTCP4", "NotProxy"],
  ["\r\n\r\n\0\r\nQUIT\r", "NotProxy"],
  ["\x16\x03\x01", "NotProxy"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", "BadLine"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rx", "BadLine"],
  ["PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n", "BadLine"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", "BadLine"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", "BadLine"],
  ["PROXY TCP4\r\n", "BadLine"],
  ["PROXY \r\n", "BadLine"],
  ["PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "BadLine"],
  ["PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", "BadAddress"],
  ["PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n", "BadAddress"],
  ["PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", "BadAddress"],
  ["PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", "BadAddress"],
  ["PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "BadAddress"],
  ["PROXY TCP6 fe80::1%lo ::1 1 2\r\n", "BadAddress"],
  ["PROXY TCP6 1::2::3 ::1 1 2\r\n", "BadAddress"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", "BadPort"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n", "BadPort"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n", "BadPort"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 1 2x\r\n", "BadPort"],
  [`PROXY UNKNOWN ${"f".repeat(93)}`, "BadLine"],
  [`PROXY UNKNOWN ${"f".repeat(92)}\r\n`, "BadLine"],
  [version2(0x11, 0x11, new Array(12).fill(0)), "BadHeader"],
  [version2(0x31, 0x11, new Array(12).fill(0)), "BadHeader"],
  [version2(0x22, 0x11, new Array(12).fill(0)), "BadHeader"],
  [Uint8Array.from([...signature, 0x2f]), "BadHeader"],
  [version2(0x21, 0x41, []), "BadHeader"],
  [version2(0x21, 0x13, []), "BadHeader"],
  [version2(0x20, 0xff, []), "BadHeader"],
  [version2(0x21, 0x11, new Array(11).fill(0)), "BadHeader"],
  [version2(0x21, 0x21, new Array(35).fill(0)), "BadHeader"],
  [version2(0x21, 0x31, new Array(215).fill(0)), "BadHeader"],
  [version2(0x21, 0x11, [...new Array(12).fill(0), 4]), "BadTlv"],
  [version2(0x21, 0x11, [...new Array(12).fill(0), 4, 0, 1]), "BadTlv"],
  [version2(0x21, 0x11, [...new Array(12).fill(0), 3, 0, 1, 0]), "BadTlv"],
  [version2(0x21, 0x11, [...new Array(12).fill(0), 3, 0, 4, 0, 0, 0, 0]), "BadChecksum"],
];

Deno.test("what is no header, or a broken one, is refused with its reason", () => {
  for (const [octets, reason] of refused) {
    const all = typeof octets === "string" ? encode(octets) : octets;
    assertEquals(parse(all), reason, JSON.stringify(octets));
  }
});

Deno.test("what is allowed is taken, though plausch would not write it", () => {
  const unknown = { version: 1, origin: { _tag: "Unknown" }, tlvs: [] } as const;
  assertEquals(parse(encode("PROXY UNKNOWN\r\n")), unknown);
  assertEquals(parse(encode("PROXY UNKNOWN whatever 1  2 \0\r\n")), unknown);
  assertEquals(parse(encode(`PROXY UNKNOWN ${"f".repeat(91)}\r\n`)), unknown);
  assertEquals(parse(encode("PROXY TCP6 2001:DB8:0::1 2001:0db8:0000:0000:0000:0000:0000:0025 1 65535\r\n")), {
    version: 1,
    origin: tcp6,
    tlvs: [],
  });
  assertEquals(parse(encode("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n")), {
    version: 1,
    origin: Result.getOrThrow(
      ProxyProtocol.tcp({ address: "0.0.0.0", port: 0 }, { address: "255.255.255.255", port: 65535 }),
    ),
    tlvs: [],
  });
  const local = { version: 2, origin: { _tag: "Local" }, tlvs: [] } as const;
  assertEquals(parse(version2(0x20, 0x00, [1, 2, 3])), local);
  assertEquals(parse(version2(0x20, 0x11, [1, 2, 3])), local);
  for (const kind of [0x00, 0x01, 0x02, 0x10, 0x20, 0x30]) {
    assertEquals(parse(version2(0x21, kind, new Array(20).fill(9))), {
      version: 2,
      origin: { _tag: "Unknown" },
      tlvs: [],
    });
  }
  const datagram = parse(version2(0x21, 0x12, [192, 0, 2, 1, 198, 51, 100, 25, 0xc3, 0x50, 0, 25]));
  assertEquals(datagram, { version: 2, origin: { ...tcp4, transport: "datagram" }, tlvs: [] });
  // A path of all its 108 octets has no zero behind it.
  const full = parse(version2(0x21, 0x32, [...encode("/".repeat(108)), ...new Uint8Array(108)]));
  assertEquals(full, {
    version: 2,
    origin: { _tag: "Unix", transport: "datagram", source: "/".repeat(108), destination: "" },
    tlvs: [],
  });
});

Deno.test("what cannot be said is refused before it is sent", () => {
  const reasonOf = (result: Result.Result<unknown, ProxyError.ProxyError>) =>
    Result.match(result, { onFailure: ({ reason }) => reason, onSuccess: () => "none" });
  const end = (address: string, port = 25) => ({ address, port });
  for (const address of ["", "mx.example.test", "[::1]", "fe80::1%lo", "192.0.2.1\r\n", "192.0.2.1 "]) {
    assertEquals(reasonOf(ProxyProtocol.tcp(end(address), end("192.0.2.1"))), "BadAddress");
    assertEquals(reasonOf(ProxyProtocol.tcp(end("192.0.2.1"), end(address))), "BadAddress");
    const made = { ...tcp4, source: end(address) };
    assertEquals([ProxyProtocol.encodeV1(made), ProxyProtocol.encodeV2(made)].map(reasonOf), [
      "BadAddress",
      "BadAddress",
    ]);
  }
  assertEquals(reasonOf(ProxyProtocol.tcp(end("192.0.2.1"), end("::1"))), "BadAddress");
  assertEquals(reasonOf(ProxyProtocol.encodeV1({ ...tcp4, family: "IPv6" })), "BadAddress");
  for (const port of [-1, 65536, 1.5, NaN]) {
    assertEquals(reasonOf(ProxyProtocol.tcp(end("192.0.2.1", port), end("192.0.2.2"))), "BadPort");
    assertEquals(
      reasonOf(ProxyProtocol.encodeV2({ ...tcp4, destination: end("192.0.2.2", port) })),
      "BadPort",
    );
  }
  const unix = { _tag: "Unix", transport: "stream", destination: "" } as const;
  assertEquals(reasonOf(ProxyProtocol.encodeV2({ ...unix, source: "ü".repeat(55) })), "BadAddress");
  assertEquals(reasonOf(ProxyProtocol.encodeV2({ ...unix, source: "/a\0b" })), "BadAddress");
  const tlv = (type: number, octets: number) => ({ type, value: new Uint8Array(octets) });
  assertEquals(reasonOf(ProxyProtocol.encodeV2(tcp4, { tlvs: [tlv(2, 65535 - 12 - 3)] })), "none");
  assertEquals(reasonOf(ProxyProtocol.encodeV2(tcp4, { tlvs: [tlv(2, 65535 - 12 - 2)] })), "BadTlv");
  for (const type of [-1, 256, 1.5, 3]) {
    assertEquals(reasonOf(ProxyProtocol.encodeV2(tcp4, { tlvs: [tlv(type, 1)] })), "BadTlv");
  }
  assertEquals(reasonOf(ProxyProtocol.encodeV2({ _tag: "Local" }, { tlvs: [tlv(2, 1)] })), "BadTlv");
  assertEquals(reasonOf(ProxyProtocol.encodeV2({ _tag: "Unknown" }, { checksum: true })), "BadTlv");
});

const address4 = Arbitrary.map(octets(4, 4), (address) => address.join("."));
const address6 = Arbitrary.map(
  octets(16, 16),
  (address) =>
    Array.from(
      { length: 8 },
      (_, i) => (address[2 * i]! << 8 | address[2 * i + 1]! & (address[0]! > 99 ? 0 : 255)).toString(16),
    )
      .join(":"),
);
const port = integer(0, 65535);
const origin = Arbitrary.map(
  Arbitrary.all([integer(0, 1), address4, address4, address6, address6, port, port]),
  ([family, one, other, long, longOther, from, to]) =>
    Result.getOrThrow(
      family === 0
        ? ProxyProtocol.tcp({ address: one, port: from }, { address: other, port: to })
        : ProxyProtocol.tcp({ address: long, port: from }, { address: longOther, port: to }),
    ),
);
const tlvs = Arbitrary.array(
  Arbitrary.map(
    Arbitrary.all([Arbitrary.filter(integer(0, 255), (type) => type !== 3), octets(40)]),
    ([type, value]) => ({ type, value }),
  ),
  { maxLength: 4 },
);

/** Pushes the octets in pieces of this size; gives the header and all that is left, or the reason. */
const inPieces = (all: Uint8Array, size: number) => {
  const { push } = ProxyProtocol.parser();
  for (let at = 0; at < all.length; at += size) {
    const found = push(all.subarray(at, at + size));
    if (Result.isFailure(found)) return found.failure.reason;
    if (found.success === undefined) continue;
    return { header: found.success.header, rest: Uint8Array.from([...found.success.rest, ...all.subarray(at + size)]) };
  }
  return "more";
};

property(
  "what is written is read again, in pieces of any size, and nothing behind it is lost",
  Arbitrary.all([origin, tlvs, octets(50), integer(1, 60), integer(0, 2)]),
  ([origin, tlvs, rest, size, how]) => {
    const header = Result.getOrThrow(
      how === 0 ? ProxyProtocol.encodeV1(origin) : ProxyProtocol.encodeV2(origin, { tlvs, checksum: how === 2 }),
    );
    const found = inPieces(Uint8Array.from([...header, ...rest]), size);
    assertEquals(found, {
      header: { version: how === 0 ? 1 : 2, origin, tlvs: how === 0 ? [] : tlvs },
      rest: rest.slice(),
    });
    // One octet less, and it waits.
    return how !== 0 || header.length <= 107 ? inPieces(header.subarray(0, -1), size) === "more" : false;
  },
  { runs: 300, seed: "plausch" },
);

property(
  "no octets at all make it throw, and the verdict does not depend on where they are cut",
  Arbitrary.all([
    integer(0, 3),
    origin,
    octets(40),
    Arbitrary.array(Arbitrary.all([integer(0, 120), integer(0, 255)]), { maxLength: 3 }),
    integer(1, 9),
  ]),
  ([how, origin, noise, changes, size]) => {
    const base = how === 0
      ? noise
      : how === 1
      ? Result.getOrThrow(ProxyProtocol.encodeV1(origin))
      : Result.getOrThrow(ProxyProtocol.encodeV2(origin, { checksum: how === 3, tlvs: [{ type: 5, value: noise }] }));
    const all = base.slice();
    for (const [at, octet] of changes) if (at < all.length) all[at] = octet;
    const whole = inPieces(all, Math.max(all.length, 1));
    const cut = inPieces(all, size);
    assertEquals(cut, whole);
    return true;
  },
  { runs: 500, seed: "plausch" },
);

const preface = Result.getOrThrow(ProxyProtocol.encodeV2(tcp4));

/** Says who is there, then echoes. */
const echoing: Listen.Handler<unknown, never> = (socket, info) =>
  Effect.scoped(Effect.gen(function* () {
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    assertEquals(socket.connection(), info);
    const ends = `${ConnectionInfo.formatRemote(info)} ${ConnectionInfo.formatLocal(info)} ${info.via !== undefined}`;
    yield* writer.write(`${ends}\n`);
    while (true) yield* writer.writeAll(yield* reader.pull);
  }));

live(
  "a listener learns the ends from the header, and its handler gets every octet behind it",
  () =>
    Effect.gen(function* () {
      const listener = yield* Listen.listen({ proxyProtocol: true });
      yield* Effect.forkScoped(listener.run(echoing));
      const dial = (preface: Uint8Array) => Connect.make({ host: "127.0.0.1", port: listener.port, preface });
      const heads: ReadonlyArray<readonly [Uint8Array, RegExp]> = [
        [Result.getOrThrow(ProxyProtocol.encodeV1(tcp4)), /^192\.0\.2\.1:50000 198\.51\.100\.25:25 true\n$/],
        [Result.getOrThrow(ProxyProtocol.encodeV2(tcp6)), /^\[2001:db8::1\]:1 \[2001:db8::25\]:65535 true\n$/],
        [
          Result.getOrThrow(
            ProxyProtocol.encodeV2({ _tag: "Unix", transport: "stream", source: "/a", destination: "/b" }),
          ),
          /^\/a \/b true\n$/,
        ],
        [Result.getOrThrow(ProxyProtocol.encodeV2({ _tag: "Local" })), /^127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+ false\n$/],
        [encode("PROXY UNKNOWN\r\n"), /^127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+ false\n$/],
      ];
      for (const [head, expected] of heads) {
        const socket = dial(Uint8Array.from([...head, ...encode("at once\n")]));
        const reader = yield* socket.reader;
        const text = yield* soon("reading", readUntil(reader, "at once\n"));
        assert(expected.test(text.replace("at once\n", "")), text);
        yield* (yield* socket.writer).write("later\n");
        assertEquals(yield* soon("reading", readUntil(reader, "later\n")), "later\n");
      }
    }),
);

live("a header that comes octet by octet is read as well", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen({ proxyProtocol: true });
    yield* Effect.forkScoped(listener.run(echoing));
    const socket = Connect.make({ host: "127.0.0.1", port: listener.port });
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    for (const octet of [...preface, ...encode("x\n")]) {
      yield* writer.write(Uint8Array.of(octet));
      yield* Effect.sleep("1 millis");
    }
    assertEquals(yield* soon("reading", readUntil(reader, "x\n")), "192.0.2.1:50000 198.51.100.25:25 true\nx\n");
  }));

live("a connection without a header, or with half of one, is closed without a word", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen({ proxyProtocol: true, proxyTimeout: "100 millis" });
    let served = 0;
    yield* Effect.forkScoped(listener.run(() => Effect.sync(() => served++)));
    const starts = [encode("EHLO client.example.test\r\n"), preface.subarray(0, 20), undefined];
    for (const start of starts) {
      const options = { host: "127.0.0.1", port: listener.port };
      const socket = Connect.make(start === undefined ? options : { ...options, preface: start });
      const reader = yield* socket.reader;
      const { end, text } = yield* soon("draining", drain(reader));
      assertEquals([text, closeOf(end)], ["", "1000"]);
    }
    // Nobody knows what to make of a client that sends half of a header and ends.
    yield* Effect.scoped(Effect.gen(function* () {
      const socket = Connect.make({ host: "127.0.0.1", port: listener.port, preface: preface.subarray(0, 20) });
      yield* socket.reader;
    }));
    yield* eventually("all are gone", () => listener.connections() === 0);
    assertEquals(served, 0);
  }));

live("the preface goes in clear before TLS, and before anything is read", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen({ proxyProtocol: true });
    const identity = { key: Redacted.make(pem("server.key")), cert: pem("server.pem") };
    yield* Effect.forkScoped(listener.run((socket, info) =>
      Effect.gen(function* () {
        yield* (yield* socket.reader).startTls(identity);
        yield* (yield* socket.writer).write(`220 ${ConnectionInfo.formatRemote(info)}`);
      })
    ));
    const tls = { ca: pem("ca.pem"), servername: "mx.example.test" };
    const socket = Connect.make({ host: "127.0.0.1", port: listener.port, preface, tls });
    const reader = yield* soon("dialling", socket.reader);
    assertEquals((yield* soon("draining", drain(reader))).text, "220 192.0.2.1:50000");
    assertEquals(socket.tls()?.verification, { verified: true, by: "pkix" });
  }));

live("a peer that does not take the preface keeps the connection from opening", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => socket.pause());
    const socket = Connect.make({ ...server, preface: new Uint8Array(32 << 20), connectTimeout: "100 millis" });
    const error = yield* soon("dialling", Effect.flip(socket.reader));
    assertEquals(error.reason._tag, "SocketOpenError");
    assertEquals(OpenFailure.explain(error).code, "ETIMEDOUT");
  }));

live("a peer that closes while the preface is sent keeps the connection from opening", () =>
  Effect.gen(function* () {
    const server = yield* peer((socket) => {
      socket.pause();
      socket.resetAndDestroy();
    });
    const socket = Connect.make({ ...server, preface: new Uint8Array(32 << 20) });
    const error = yield* soon("dialling", Effect.flip(socket.reader));
    assertEquals(error.reason._tag, "SocketOpenError");
  }));
