/**
 * Our resolver as effect's own `Dns` service, for everything that is built on that: `AddressResolver`, sockets that
 * look names up. It says less: effect's `Dns` has no TTL and no AD, and calls both "no such name" and "none of this
 * type" `NotFound`.
 *
 * @example
 * ```ts
 * import * as EffectDns from "@plausch/dns/effect-dns";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import * as Layer from "effect/Layer";
 * import * as Dns from "effect/net/Dns";
 * import * as NetAddress from "effect/net/NetAddress";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "a.example": { A: "192.0.2.1", AAAA: "2001:db8::1" } } });
 * const addresses = await Effect.runPromise(
 *   Dns.Dns.use((dns) => dns.lookup("a.example")).pipe(Effect.provide(Layer.provide(EffectDns.layer, zone))),
 * );
 * assertEquals(addresses.map(NetAddress.formatIp), ["2001:db8::1", "192.0.2.1"]);
 * ```
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Dns from "effect/net/Dns";
import * as Host from "effect/net/Host";
import * as NetAddress from "effect/net/NetAddress";
import * as Result from "effect/Result";
import * as Answer from "./answer.ts";
import type { DnsError, DnsErrorReason } from "./dns_error.ts";
import * as Name from "./name.ts";
import * as Record from "./record.ts";
import { Resolver } from "./resolver.ts";

/**
 * Makes effect's service from a resolver. `lookup` asks for both families at once, gives IPv6 first, and is content
 * with one where the other fails. `resolve` knows the types of this package; others fail with `Unsupported`. Records
 * whose names effect cannot hold are left out; where no other is left, that is `InvalidResponse`.
 *
 * @example
 * ```ts
 * import * as EffectDns from "@plausch/dns/effect-dns";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import * as Dns from "effect/net/Dns";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const resolver = Result.getOrThrow(Zone.make({ records: { "example.org": { MX: "10 mx1.example.org" } } }));
 * const records = await Effect.runPromise(EffectDns.make(resolver).resolve("example.org", "MX"));
 * assertEquals(records.map(Dns.formatRecord), ["MX 10 mx1.example.org."]);
 * ```
 */
export const make = (resolver: Resolver): Dns.Dns["Service"] =>
  Dns.make({
    lookup: (host, family) => {
      const types = family === "IPv4" ? ["A"] as const : family === "IPv6" ? ["AAAA"] as const : ["AAAA", "A"] as const;
      const ask = (type: "A" | "AAAA") => Effect.result(resolver.query(host, type));
      return Effect.flatMap(Effect.forEach(types, ask, { concurrency: "unbounded" }), (results) => {
        const addresses = results.flatMap((result) => Result.isSuccess(result) ? addressesOf(result.success) : []);
        const failed = results.find(Result.isFailure);
        return addresses.length === 0 && failed !== undefined
          ? Effect.fail(toEffectError(failed.failure, "lookup", host))
          : Effect.succeed(addresses);
      });
    },
    resolve: (name, type) => {
      const known = Record.types.find((one) => one === type);
      if (known === undefined) {
        return Effect.fail(
          new Dns.DnsError({ reason: "Unsupported", method: "resolve", hostname: name, recordType: type }),
        );
      }
      return resolver.query(name, known).pipe(
        Effect.mapError((error) => toEffectError(error, "resolve", name, known)),
        Effect.flatMap((answer) => {
          const records = Answer.records(answer, known);
          const converted = records.flatMap((record) => Result.match(toEffectRecord(record), single));
          return converted.length === 0 && records.length > 0
            ? Effect.fail(
              new Dns.DnsError({ reason: "InvalidResponse", method: "resolve", hostname: name, recordType: known }),
            )
            : Effect.succeed(converted);
        }),
      );
    },
  });

/** Provides effect's `Dns` over the {@linkcode Resolver} of the context. */
export const layer: Layer.Layer<Dns.Dns, never, Resolver> = Layer.effect(Dns.Dns, Effect.map(Resolver, make));

const single = { onFailure: () => [], onSuccess: (record: Dns.DnsRecord) => [record] };

const addressesOf = (answer: Answer.Answer): ReadonlyArray<NetAddress.IpAddress> =>
  [...Answer.records(answer, "A"), ...Answer.records(answer, "AAAA")].map((record) =>
    NetAddress.ipFromStringUnsafe(record.address)
  );

const domainName = (name: string) => Host.domainNameFromString(Name.absolute(name));

const toEffectRecord = (
  record: Record.RecordFor<Record.RecordType>,
): Result.Result<Dns.DnsRecord, NetAddress.NetAddressError> => {
  switch (record._tag) {
    case "A":
      return Result.flatMap(NetAddress.ipv4FromString(record.address), (address) => Dns.makeRecord("A", { address }));
    case "AAAA":
      return Result.flatMap(
        NetAddress.ipv6FromString(record.address),
        (address) => Dns.makeRecord("AAAA", { address }),
      );
    case "CNAME":
      return Result.flatMap(domainName(record.target), (target) => Dns.makeRecord("CNAME", { target }));
    case "MX":
      return Result.flatMap(
        domainName(record.exchange),
        (exchange) => Dns.makeRecord("MX", { exchange, priority: record.preference }),
      );
    case "TLSA": {
      const { usage, selector, matchingType, data } = record;
      return Dns.makeRecord("TLSA", { certUsage: usage, selector, matchingType, data });
    }
    case "TXT": {
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      const [first = "", ...others] = record.strings.map((string) => decoder.decode(string));
      return Dns.makeRecord("TXT", { chunks: [first, ...others] });
    }
  }
};

const effectReasons: { readonly [R in DnsErrorReason]: Dns.DnsErrorReason } = {
  AliasLoop: "ServerFailure",
  BadName: "BadName",
  BadRecord: "InvalidResponse",
  BadServer: "Unknown",
  FormatError: "ServerFailure",
  Malformed: "InvalidResponse",
  NoServer: "Refused",
  NotImplemented: "ServerFailure",
  NotRecursive: "ServerFailure",
  Refused: "Refused",
  ServerFailure: "ServerFailure",
  Timeout: "Timeout",
  Unreachable: "Refused",
};

const toEffectError = (
  error: DnsError,
  method: "lookup" | "resolve",
  hostname: string,
  recordType?: Record.RecordType,
): Dns.DnsError =>
  new Dns.DnsError({ reason: effectReasons[error.reason], method, hostname, recordType, cause: error });
