/**
 * A stub resolver (RFC 1034 section 5.3.1): asks recursive name servers, one after the other, and says what came of it.
 * The logic is here; sockets come in as a `Transport`, time as effect's Clock.
 *
 * @example
 * ```ts
 * import * as StubResolver from "@plausch/dns/stub-resolver";
 * import type { Transport } from "@plausch/dns/transport";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * // A server that answers NXDOMAIN to everything: the query itself, with the response and the code set.
 * const negative: Transport["udp"] = (_server, query) =>
 *   Effect.succeed(Uint8Array.from(query, (octet, at) => at === 2 ? 0x81 : at === 3 ? 0x83 : octet));
 * const resolver = StubResolver.make({ id: Effect.succeed(1), udp: negative, tcp: negative }, {
 *   servers: [{ address: "192.0.2.53", port: 53, family: 4 }],
 * });
 * assertEquals((await Effect.runPromise(resolver.query("nowhere.example", "MX"))).status, "NoName");
 * ```
 *
 * @module
 */
import * as Clock from "effect/Clock";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { type Attempt, DnsError, type DnsErrorReason } from "./dns_error.ts";
import * as Message from "./message.ts";
import * as Name from "./name.ts";
import * as NameServer from "./name_server.ts";
import type { RecordType } from "./record.ts";
import type { Resolver } from "./resolver.ts";
import type { Transport } from "./transport.ts";

/** How to ask. */
export interface StubResolverOptions {
  /** The servers to ask, in this order. */
  readonly servers: ReadonlyArray<NameServer.NameServer>;
  /** The limit for one try at one server over one transport. 5 seconds by default. */
  readonly timeout?: Duration.Input | undefined;
  /** How many rounds to make over the servers that stay silent, at least 1. 2 by default. */
  readonly tries?: number | undefined;
  /**
   * The largest UDP answer to accept, in octets, at least 512. 1232 by default, which passes nearly every network in
   * one piece. `false`: no EDNS, for servers that choke on it.
   */
  readonly ednsSize?: number | false | undefined;
  /**
   * Whether to believe a server that says, by the AD bit, that DNSSEC proved an answer. By default only a server on this
   * machine is believed: on the way from any other, somebody may have set the bit (RFC 4035 section 4.9.3).
   */
  readonly trustAd?: boolean | undefined;
  /** `tcp` never sends a datagram. By default TCP is used only where an answer does not fit into a datagram. */
  readonly transport?: "udp" | "tcp" | undefined;
}

const defaultTimeout: Duration.Input = "5 seconds";
const defaultTries = 2;
const defaultEdnsSize = 1232;

/**
 * Makes a resolver that asks servers over a transport.
 *
 * A server that answers with a failure is done with; the next one is asked. A server that stays silent, cannot be
 * reached or talks nonsense is asked again in the next round. A truncated answer is asked for again over TCP, at the
 * same server. A server that cannot read EDNS is asked again without it (RFC 6891 section 7). When no server is left
 * the look-up fails; the error tells every try, and its reason is the most that any server said.
 *
 * @example
 * ```ts
 * import * as NameServer from "@plausch/dns/name-server";
 * import * as StubResolver from "@plausch/dns/stub-resolver";
 * import { DnsError } from "@plausch/dns/dns-error";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const offline = () => Effect.fail(new DnsError({ reason: "Unreachable" }));
 * const resolver = StubResolver.make({ id: Effect.succeed(1), udp: offline, tcp: offline }, {
 *   servers: [Result.getOrThrow(NameServer.fromString("192.0.2.53"))],
 * });
 * const error = await Effect.runPromise(Effect.flip(resolver.query("example.org", "MX")));
 * assertEquals(error.attempts?.length, 2);
 * ```
 */
export const make = (transport: Transport, options: StubResolverOptions): Resolver => ({
  query: Effect.fnUntraced(function* (input: string, type: RecordType) {
    const name = yield* Effect.fromResult(Name.fromString(input));
    if (options.servers.length === 0) return yield* new DnsError({ reason: "NoServer", domain: name, type });
    const started = yield* Clock.currentTimeMillis;
    const failures: Array<DnsError> = [];
    let servers = options.servers;
    for (let round = Math.max(1, options.tries ?? defaultTries); round > 0 && servers.length > 0; round--) {
      const again: Array<NameServer.NameServer> = [];
      for (const server of servers) {
        const result = yield* Effect.result(ask(transport, options, server, name, type));
        if (Result.isSuccess(result)) {
          return { ...result.success, elapsed: (yield* Clock.currentTimeMillis) - started };
        }
        failures.push(result.failure);
        if (wordless.includes(result.failure.reason)) again.push(server);
      }
      servers = again;
    }
    return yield* worst(failures, name, type);
  }),
});

// Where no word came from the server itself. What a server says counts for more, and is not asked for twice.
const wordless: ReadonlyArray<DnsErrorReason> = ["Timeout", "Unreachable", "Malformed"];

const worst = (failures: ReadonlyArray<DnsError>, name: string, type: RecordType): DnsError => {
  const attempts = failures.map((failure): Attempt => ({ server: failure.server ?? "", reason: failure.reason }));
  const rank = ({ reason }: DnsError) => wordless.includes(reason) ? wordless.indexOf(reason) : wordless.length;
  const [first, ...others] = failures;
  const { reason, server, rcode, detail, cause } = others.reduce(
    (most, failure) => rank(failure) > rank(most) ? failure : most,
    first ?? new DnsError({ reason: "NoServer" }),
  );
  return new DnsError({ reason, domain: name, type, server, rcode, detail, cause, attempts });
};

/** Asks one server, over TCP too where the answer is long, and without EDNS where the server cannot read that. */
const ask = Effect.fnUntraced(
  function* (
    transport: Transport,
    options: StubResolverOptions,
    server: NameServer.NameServer,
    name: string,
    type: RecordType,
  ) {
    const ednsSize = options.ednsSize === false ? undefined : Math.max(512, options.ednsSize ?? defaultEdnsSize);
    const first = yield* exchange(transport, options, server, { name, type, ednsSize });
    const withoutEdns = first.message.rcode === "FORMERR" || first.message.rcode === "BADVERS";
    const { message, over } = withoutEdns && ednsSize !== undefined
      ? yield* exchange(transport, options, server, { name, type })
      : first;
    const trustAd = options.trustAd ?? NameServer.isLoopback(server);
    const asked = { name, type, server: NameServer.format(server), transport: over, elapsed: 0, trustAd };
    return yield* Effect.fromResult(Message.toAnswer(message, asked));
  },
);

const exchange = Effect.fnUntraced(
  function* (
    transport: Transport,
    options: StubResolverOptions,
    server: NameServer.NameServer,
    question: Omit<Message.Query, "id">,
  ) {
    const send = Effect.fnUntraced(function* (over: "udp" | "tcp") {
      const id = yield* transport.id;
      const query = yield* Effect.fromResult(Message.encodeQuery({ ...question, id }));
      return yield* transport[over](server, query, (reply) => Message.isReplyTo(query, reply)).pipe(
        Effect.timeoutOrElse({
          duration: options.timeout ?? defaultTimeout,
          orElse: () => Effect.fail(new DnsError({ reason: "Timeout" })),
        }),
      );
    });
    let over = options.transport ?? "udp";
    let reply = yield* send(over);
    if (over === "udp" && Message.isTruncated(reply)) {
      over = "tcp";
      reply = yield* send(over);
    }
    if (Message.isTruncated(reply)) {
      return yield* new DnsError({ reason: "Malformed", detail: "the answer is cut, though it came over TCP" });
    }
    return { message: yield* Effect.fromResult(Message.decode(reply)), over };
  },
  (effect, _transport, _options, server) =>
    Effect.mapError(effect, (error) =>
      new DnsError({
        reason: error.reason,
        server: NameServer.format(server),
        detail: error.detail,
        cause: error.cause,
      })),
);
