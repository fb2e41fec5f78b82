import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as Live from "@plausch/dns/live";
import * as Record from "@plausch/dns/record";
import * as Resolver from "@plausch/dns/resolver";
import * as TcpFrames from "@plausch/dns/tcp-frames";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import * as dgram from "node:dgram";
import * as net from "node:net";
import { live } from "../support/it.ts";

// ---- a name server that does what a test tells it

interface Script {
  /** Called for each datagram; `reply` sends one back from the server's own port. */
  readonly udp?: (query: Uint8Array, reply: (octets: Uint8Array) => void, from: dgram.RemoteInfo) => void;
  /** Called for each message on a connection. */
  readonly tcp?: (query: Uint8Array, socket: net.Socket) => void;
}

const nameServer = (script: Script, host = "127.0.0.1"): Effect.Effect<number, Error, Scope.Scope> =>
  Effect.gen(function* () {
    const sockets = new Set<net.Socket>();
    const listener = net.createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      const frames = TcpFrames.make();
      socket.on("data", (chunk: Uint8Array) => {
        frames.push(chunk);
        for (let query = frames.next(); query !== undefined; query = frames.next()) script.tcp?.(query, socket);
      });
    });
    const datagrams = dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
    datagrams.on("message", (query, from) => {
      script.udp?.(query, (octets) => datagrams.send(octets, from.port, from.address), from);
    });
    yield* Effect.addFinalizer(() =>
      Effect.callback<void>((resume) => {
        for (const socket of sockets) socket.destroy();
        datagrams.close(() => listener.close(() => resume(Effect.void)));
      })
    );
    const port = yield* Effect.callback<number, Error>((resume) => {
      listener.once("error", (error) => resume(Effect.fail(error)));
      listener.listen({ port: 0, host }, () => resume(Effect.succeed((listener.address() as net.AddressInfo).port)));
    });
    return yield* Effect.callback<number, Error>((resume) => {
      datagrams.once("error", (error) => resume(Effect.fail(error)));
      datagrams.bind({ port, address: host }, () => resume(Effect.succeed(port)));
    });
  });

/** A reply to a query with one A record, or to be cut (TC) and with none. */
const answer = (query: Uint8Array, address: string | "cut"): Uint8Array => {
  const end = query.length - (query[11] === 1 ? 11 : 0);
  const reply = Uint8Array.from(query.subarray(0, end));
  const records = address === "cut" ? [] : [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split(".").map(Number)];
  reply.set([address === "cut" ? 0x83 : 0x81, 0x80, 0, 1, 0, address === "cut" ? 0 : 1, 0, 0, 0, 0], 2);
  return Uint8Array.from([...reply, ...records]);
};

const changed = (octets: Uint8Array, at: number): Uint8Array =>
  octets.map((octet, index) => index === at ? octet ^ 1 : octet);

const ask = (port: number, options: Live.LiveOptions = {}, name = "a.example") =>
  Effect.provide(
    Resolver.query(name, "A"),
    Live.layer({ servers: [`127.0.0.1:${port}`], timeout: "5 seconds", tries: 1, ...options }),
  );

const addresses = (found: { readonly records: ReadonlyArray<Record.ResourceRecord> }) =>
  found.records.map(Record.formatData);

// ---- datagrams

live("a datagram there and one back", () =>
  Effect.gen(function* () {
    const port = yield* nameServer({ udp: (query, reply) => reply(answer(query, "192.0.2.1")) });
    const found = yield* ask(port);
    assertEquals([addresses(found), found.transport, found.server], [["192.0.2.1"], "udp", `127.0.0.1:${port}`]);
    assert(found.elapsed >= 0 && found.elapsed < 5000);
  }));

live("each query has an id and a port of its own", () =>
  Effect.gen(function* () {
    const seen: Array<readonly [id: number, port: number]> = [];
    const port = yield* nameServer({
      udp: (query, reply, from) => {
        seen.push([query[0]! * 256 + query[1]!, from.port]);
        reply(answer(query, "192.0.2.1"));
      },
    });
    yield* Effect.forEach(Array.from({ length: 16 }), () => ask(port), { concurrency: 16 });
    assertEquals(seen.length, 16);
    // Two of 16 ids are equal by chance in one run of 546; three pairs never in practice.
    assert(new Set(seen.map(([id]) => id)).size >= 14, `ids ${seen.map(([id]) => id)}`);
    assert(new Set(seen.map(([, from]) => from)).size >= 14, `ports ${seen.map(([, from]) => from)}`);
  }));

live(
  "datagrams that do not answer the question are passed over, and the waiting goes on",
  () =>
    Effect.gen(function* () {
      const forger = dgram.createSocket("udp4");
      yield* Effect.addFinalizer(() => Effect.callback<void>((resume) => void forger.close(() => resume(Effect.void))));
      const port = yield* nameServer({
        udp: (query, reply, from) => {
          const forged = answer(query, "192.0.2.66");
          reply(changed(forged, 1)); // another id
          reply(changed(forged, 13)); // another name
          reply(query); // no response at all
          reply(Uint8Array.of()); // nothing
          reply(forged.subarray(0, 5));
          // The right answer, from another port of the same address.
          forger.send(forged, from.port, from.address, () => reply(answer(query, "192.0.2.1")));
        },
      });
      assertEquals(addresses(yield* ask(port)), ["192.0.2.1"]);
    }),
);

live("a server that only forges answers is silent", () =>
  Effect.gen(function* () {
    const port = yield* nameServer({ udp: (query, reply) => reply(changed(answer(query, "192.0.2.66"), 0)) });
    const error = yield* Effect.flip(ask(port, { timeout: "100 millis" }));
    assertEquals([error.reason, error.isTemporary], ["Timeout", true]);
  }));

live("the server gets EDNS with the size we take, or none", () =>
  Effect.gen(function* () {
    const sizes: Array<number | undefined> = [];
    const port = yield* nameServer({
      udp: (query, reply) => {
        sizes.push(query[11] === 1 ? query[query.length - 8]! * 256 + query[query.length - 7]! : undefined);
        reply(answer(query, "192.0.2.1"));
      },
    });
    yield* ask(port);
    yield* ask(port, { ednsSize: 4096 });
    yield* ask(port, { ednsSize: false });
    assertEquals(sizes, [1232, 4096, undefined]);
  }));

live("the next server is asked when the first is silent", () =>
  Effect.gen(function* () {
    const deaf = yield* nameServer({});
    const port = yield* nameServer({ udp: (query, reply) => reply(answer(query, "192.0.2.2")) });
    const servers = [`127.0.0.1:${deaf}`, `127.0.0.1:${port}`];
    const found = yield* ask(0, { servers, timeout: "200 millis" });
    assertEquals([addresses(found), found.server], [["192.0.2.2"], `127.0.0.1:${port}`]);
    assert(found.elapsed >= 190, `after ${found.elapsed} ms`);
  }));

live("interrupting a look-up closes its socket", () =>
  Effect.gen(function* () {
    const port = yield* nameServer({});
    for (const transport of ["udp", "tcp"] as const) {
      const fiber = yield* Effect.forkChild(ask(port, { transport }));
      yield* Effect.sleep("20 millis");
      yield* Fiber.interrupt(fiber);
      // At once, too: before the socket is bound or connected. The sanitizers of the test find what stays open.
      yield* Fiber.interrupt(yield* Effect.forkChild(ask(port, { transport }), { startImmediately: true }));
    }
  }));

// ---- connections

live("a cut answer comes whole over TCP, in any pieces", () =>
  Effect.gen(function* () {
    const port = yield* nameServer({
      udp: (query, reply) => reply(answer(query, "cut")),
      tcp: (query, socket) => {
        const wire = TcpFrames.encode(answer(query, "192.0.2.1"));
        let at = 0;
        const drip = () => {
          if (at < wire.length) socket.write(wire.subarray(at, ++at), () => setTimeout(drip, 0));
        };
        drip();
      },
    });
    const found = yield* ask(port);
    assertEquals([addresses(found), found.transport], [["192.0.2.1"], "tcp"]);
  }));

live("a message of 64 KiB passes", () =>
  Effect.gen(function* () {
    const count = 4090;
    const port = yield* nameServer({
      tcp: (query, socket) => {
        const one = answer(query, "192.0.2.1");
        const record = one.subarray(one.length - 16);
        const reply = Uint8Array.from([...one, ...Array.from({ length: count - 1 }, () => [...record]).flat()]);
        reply.set([count >> 8, count & 0xff], 6);
        socket.write(TcpFrames.encode(reply));
      },
    });
    assertEquals((yield* ask(port, { transport: "tcp" })).records.length, count);
  }));

live("a message on the connection that does not answer the question is passed over", () =>
  Effect.gen(function* () {
    const port = yield* nameServer({
      tcp: (query, socket) => {
        socket.write(TcpFrames.encode(changed(answer(query, "192.0.2.66"), 1)));
        socket.write(TcpFrames.encode(answer(query, "192.0.2.1")));
      },
    });
    assertEquals(addresses(yield* ask(port, { transport: "tcp" })), ["192.0.2.1"]);
  }));

for (
  const [how, tcp] of [
    ["closes without a word", (_query, socket) => socket.end()],
    [
      "closes in the middle of the answer",
      (query, socket) => socket.end(TcpFrames.encode(answer(query, "192.0.2.1")).subarray(0, 20)),
    ],
    ["resets the connection", (_query, socket) => socket.resetAndDestroy()],
  ] as ReadonlyArray<[string, NonNullable<Script["tcp"]>]>
) {
  live(`over TCP, a server that ${how} is a failure at once`, () =>
    Effect.gen(function* () {
      const port = yield* nameServer({ tcp });
      const error = yield* Effect.flip(ask(port, { transport: "tcp" }));
      assertEquals([error.reason, error.isTemporary], ["Unreachable", true]);
      assertStringIncludes(error.message, "the server could not be reached: ");
    }));
}

live("over TCP, a server that accepts and stays silent costs the time-out", () =>
  Effect.gen(function* () {
    const port = yield* nameServer({});
    assertEquals((yield* Effect.flip(ask(port, { transport: "tcp", timeout: "100 millis" }))).reason, "Timeout");
  }));

live("a port where nobody listens: refused over TCP, silent or refused over UDP", () =>
  Effect.gen(function* () {
    const port = yield* Effect.scoped(nameServer({}));
    const refused = yield* Effect.flip(ask(port, { transport: "tcp" }));
    assertEquals(refused.reason, "Unreachable");
    assertEquals((refused.cause as NodeJS.ErrnoException).code, "ECONNREFUSED");
    assertMatch((yield* Effect.flip(ask(port, { timeout: "100 millis" }))).reason, /^(Timeout|Unreachable)$/);
  }));

// ---- what the machine or its user does not allow

for (const transport of ["udp", "tcp"] as const) {
  Deno.test({
    name: `without the permission for ${transport}, the error says which one is missing`,
    permissions: { net: false },
    fn: async () => {
      const error = await Effect.runPromise(Effect.flip(ask(53, { transport })));
      assertEquals(error.reason, "Unreachable");
      assertStringIncludes(error.message, "Requires net access to");
    },
  });
}

Deno.test({
  name: "with the permission to bind but not to send, the error says what to look for",
  permissions: { net: ["127.0.0.1:0"] },
  fn: async () => {
    const error = await Effect.runPromise(Effect.flip(ask(53)));
    assertEquals(error.reason, "Unreachable");
    assertStringIncludes(error.message, "may this program send to it?");
  },
});

Deno.test({
  name: "when the system's servers cannot be found out, the error says what to do",
  permissions: { read: false, sys: false },
  fn: async () => {
    const error = await Effect.runPromise(Effect.flip(Live.make()));
    assertEquals(
      error.message,
      "Cannot use the DNS: cannot read /etc/resolv.conf; name a server, or allow the file to be read",
    );
    assert(error.cause !== undefined);
  },
});

live("a server that is no address is refused before anything is sent", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Live.make({ servers: ["127.0.0.1", "localhost:53"] }));
    assertEquals([error.reason, error.domain], ["BadServer", "localhost:53"]);
  }));

// ---- IPv6, where the machine has it and the permission covers it

const hasIpv6 = (() => {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
})();

Deno.test({
  name: "a server with an IPv6 address is asked over both transports",
  ignore: !hasIpv6,
  fn: () =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const port = yield* nameServer({
        udp: (query, reply) => reply(answer(query, "cut")),
        tcp: (query, socket) => socket.write(TcpFrames.encode(answer(query, "192.0.2.1"))),
      }, "::1");
      const found = yield* ask(0, { servers: [`[::1]:${port}`] });
      assertEquals([addresses(found), found.server, found.transport], [["192.0.2.1"], `[::1]:${port}`, "tcp"]);
    }))),
});
