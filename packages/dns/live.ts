/**
 * The real DNS: datagrams and connections to name servers, by `node:dgram` and `node:net`, which Deno, Node and Bun
 * have. All input and output of this package is in this file.
 *
 * Permissions under Deno: `--allow-net` for the server (`127.0.0.1:53`), and for datagrams also for the local address
 * they are sent from, `0.0.0.0:0` or `[::]:0` (a server on this machine is asked from the loopback address instead);
 * `--allow-read=/etc/resolv.conf` where the system names the servers.
 *
 * @example Ask a server of your choice
 * ```ts
 * import * as Live from "@plausch/dns/live";
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const ask = (server: string) =>
 *   Effect.provide(Resolver.query("example.org", "MX"), Live.layer({ servers: [server], timeout: "2 seconds" }));
 *
 * // `Effect.runPromise(ask("192.0.2.53:53"))` gives the answer. A name cannot be asked for its own address:
 * const error = await Effect.runPromise(Effect.flip(ask("dns.example")));
 * assertEquals(error.reason, "BadServer");
 * ```
 *
 * @module
 */
import * as crypto from "node:crypto";
import * as dgram from "node:dgram";
import * as dns from "node:dns";
import * as fs from "node:fs/promises";
import * as net from "node:net";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { DnsError } from "./dns_error.ts";
import * as NameServer from "./name_server.ts";
import * as ResolvConf from "./resolv_conf.ts";
import { Resolver } from "./resolver.ts";
import * as StubResolver from "./stub_resolver.ts";
import * as TcpFrames from "./tcp_frames.ts";
import type { Exchange, Transport } from "./transport.ts";

/** How to ask, and whom. */
export interface LiveOptions extends Omit<StubResolver.StubResolverOptions, "servers"> {
  /** The servers as `IP` or `IP:port`, in the order to ask them. The system's by default. */
  readonly servers?: ReadonlyArray<string> | undefined;
}

/**
 * Makes a resolver over the network. Without `servers` it reads the system's settings once, now, with their time-out,
 * number of tries and trust in the AD bit (`options trust-ad`) where the options have none. Fails with `BadServer` or `NoServer`.
 *
 * @example
 * ```ts
 * import * as Live from "@plausch/dns/live";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const resolver = await Effect.runPromise(Live.make({ servers: ["127.0.0.1:5353", "[::1]:5353"] }));
 * const error = await Effect.runPromise(Effect.flip(resolver.query("a..b", "MX")));
 * assertEquals(error.reason, "BadName");
 * ```
 */
export const make = (options: LiveOptions = {}): Effect.Effect<Resolver, DnsError> =>
  Effect.gen(function* () {
    if (options.servers !== undefined) {
      const servers = yield* Effect.forEach(options.servers, (text) => Effect.fromResult(NameServer.fromString(text)));
      return StubResolver.make(transport, { ...options, servers });
    }
    const settings = yield* systemSettings;
    return StubResolver.make(transport, ResolvConf.complete(settings, { ...options, servers: settings.servers }));
  });

/**
 * Provides the resolver over the network. Fails like {@linkcode make}.
 *
 * @example
 * ```ts
 * import * as Live from "@plausch/dns/live";
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const live = Live.layer({ servers: ["127.0.0.1:5353"], timeout: "1 seconds", tries: 1 });
 * const error = await Effect.runPromise(Effect.flip(Effect.provide(Resolver.query("", "MX"), live)));
 * assertEquals(error.reason, "BadName");
 * ```
 */
export const layer = (options: LiveOptions = {}): Layer.Layer<Resolver, DnsError> =>
  Layer.effect(Resolver, make(options));

/**
 * The name servers of the system: from `/etc/resolv.conf`, or, where that cannot be read, from the runtime. The file
 * comes first because asking Deno's runtime needs a permission that tells about all network interfaces.
 */
export const systemSettings: Effect.Effect<ResolvConf.ResolvConf, DnsError> = Effect.tryPromise(() =>
  fs.readFile("/etc/resolv.conf", "utf8")
).pipe(
  Effect.map(ResolvConf.parse),
  Effect.catch((unreadable) =>
    Effect.try({
      try: () => ResolvConf.parse(dns.getServers().map((server) => `nameserver ${server}`).join("\n")),
      catch: () =>
        new DnsError({
          reason: "NoServer",
          detail: "cannot read /etc/resolv.conf; name a server, or allow the file to be read",
          cause: unreadable.cause,
        }),
    })
  ),
);

const unreachable = (cause: unknown, what?: string): DnsError =>
  new DnsError({
    reason: "Unreachable",
    detail: `the server could not be reached: ${what ?? (cause instanceof Error ? cause.message : String(cause))}`,
    cause,
  });

const udp: Exchange = (server, query, accept) =>
  Effect.callback((resume) => {
    // A socket for each query, so that each has a port that nobody can guess (RFC 5452 section 9.2). A server on this
    // machine is asked from a loopback address: then nothing outside can even send a forged answer.
    const socket = dgram.createSocket({
      type: server.family === 6 ? "udp6" : "udp4",
      // All addresses are numeric. Handing them back at once also keeps a missing permission out of a later turn of the
      // event loop, where nobody could catch it.
      lookup: (address, _options, callback) => callback(null, address, server.family),
    });
    let open = true;
    const close = () => {
      if (!open) return;
      open = false;
      // The listener for errors stays: one that comes late must not be uncaught.
      socket.removeAllListeners("message");
      socket.close();
    };
    const finish = (effect: Effect.Effect<Uint8Array, DnsError>) => {
      if (!open) return;
      close();
      resume(effect);
    };
    const fail = (cause: unknown) => finish(Effect.fail(unreachable(cause)));
    socket.on("error", fail);
    socket.on("message", (datagram, from) => {
      if (NameServer.isFrom(server, from.address, from.port) && accept(datagram)) {
        finish(Effect.succeed(Uint8Array.from(datagram)));
      }
    });
    const attempt = (step: () => void) => {
      try {
        step();
      } catch (cause) {
        fail(cause);
      }
    };
    const send = () =>
      socket.send(query, server.port, server.address, (cause) => {
        if (cause) finish(Effect.fail(unreachable(cause, `${cause.message}; may this program send to it?`)));
      });
    const [any, loopback] = server.family === 6 ? ["::", "::1"] : ["0.0.0.0", "127.0.0.1"];
    const address = NameServer.isLoopback(server) ? loopback : any;
    attempt(() => socket.bind({ port: 0, address }, () => open && attempt(send)));
    return Effect.sync(close);
  });

const tcp: Exchange = (server, query, accept) =>
  Effect.callback((resume) => {
    let socket: net.Socket;
    try {
      socket = net.createConnection({ host: server.address, port: server.port, noDelay: true });
    } catch (cause) {
      return resume(Effect.fail(unreachable(cause)));
    }
    const frames = TcpFrames.make();
    const finish = (effect: Effect.Effect<Uint8Array, DnsError>) => {
      socket.destroy();
      resume(effect);
    };
    const early = () => finish(Effect.fail(unreachable(undefined, "it closed the connection without an answer")));
    socket.on("error", (cause) => finish(Effect.fail(unreachable(cause))));
    socket.on("end", early);
    socket.on("close", early);
    socket.on("connect", () => socket.write(TcpFrames.encode(query)));
    socket.on("data", (chunk: Uint8Array) => {
      frames.push(chunk);
      for (let reply = frames.next(); reply !== undefined; reply = frames.next()) {
        if (accept(reply)) return finish(Effect.succeed(reply));
      }
    });
    return Effect.sync(() => {
      socket.destroy();
    });
  });

/** The real sockets. Ids come from the system's source of randomness for secrets. */
export const transport: Transport = { id: Effect.sync(() => crypto.randomInt(0x10000)), udp, tcp };
