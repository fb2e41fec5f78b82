/**
 * Delivery over the real DNS and real sockets, with a pool of sessions: the one import for a program that sends mail.
 *
 * Under Deno it needs `--allow-net`, and `--allow-read=/etc/resolv.conf` where no name servers are given.
 *
 * @example
 * ```ts
 * import * as Delivery from "@plausch/delivery/delivery";
 * import * as Live from "@plausch/delivery/live";
 * import * as Content from "@plausch/session/content";
 * import * as Envelope from "@plausch/session/envelope";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 *
 * const mail = {
 *   envelope: Result.getOrThrow(Envelope.make({ from: "me@example.com", to: ["you@[127.0.0.1]"] })),
 *   content: Result.getOrThrow(Content.make(new TextEncoder().encode("Subject: hi\n\nNa, wie geht's?\n"))),
 * };
 * const program = Delivery.send(mail).pipe(Effect.provide(Live.layer({ host: "mail.example.com", servers: ["127.0.0.1:5353"] })));
 * const { recipients } = await Effect.runPromise(program);
 *
 * // Local addresses are not dialled unless `route` allows it.
 * assertEquals(recipients.map(({ verdict, reason }) => [verdict, reason]), [["deferred", "AddressRefused"]]);
 * ```
 *
 * @module
 */
import * as Cache from "@plausch/dns/cache";
import type { DnsError } from "@plausch/dns/dns-error";
import * as LiveDns from "@plausch/dns/live";
import { Resolver } from "@plausch/dns/resolver";
import * as Connect from "@plausch/net/connect";
import * as Domain from "@plausch/smtp/domain";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Delivery from "./delivery.ts";
import { Dialer } from "./dialer.ts";
import * as LiveMtaSts from "./live_mta_sts.ts";
import * as Pool from "./pool.ts";

/** How to deliver, and as whom. */
export interface Options extends Omit<Delivery.Options, "carrier"> {
  /** The name to say in EHLO: the domain of this machine, which should lead back to it, or an address literal. */
  readonly host: string;
  /** The name servers as `IP` or `IP:port`, in the order to ask them. Default: the system's. */
  readonly servers?: ReadonlyArray<string> | undefined;
  /** How sessions are held, how many of them, and what a host is to be spared. */
  readonly sessions?: Omit<Pool.Options, "host"> | undefined;
  /** How long one address of a host may take to answer. Default: 30 seconds. */
  readonly connectTimeout?: Duration.Input | undefined;
  /** How MTA-STS policies are found and kept (RFC 8461); false: nobody looks for them. */
  readonly mtaSts?: LiveMtaSts.LiveMtaStsOptions | false | undefined;
}

/**
 * Dials with `@plausch/net`: the address that it is given, and no other.
 *
 * @example
 * ```ts
 * import * as Live from "@plausch/delivery/live";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const endpoint = { host: "mx.example.org", address: "127.0.0.1", port: 1, tls: "none", tlsOptions: {} } as const;
 * const error = await Effect.runPromise(Effect.flip(Effect.scoped(Live.dialer().dial(endpoint).reader)));
 * assertEquals(error.reason._tag, "SocketOpenError");
 * ```
 */
export const dialer = (connectTimeout?: Duration.Input): Dialer => ({
  dial: ({ address, port }) => Connect.make({ host: address, port, connectTimeout }),
});

/**
 * Provides the {@linkcode Delivery.Delivery}. Its sessions and its knowledge of the DNS last as long as the layer does. Fails with a
 * `GrammarError` for a `host` that is none, and with a `DnsError` where no name server is known.
 *
 * @example A name that nobody has
 * ```ts
 * import * as Delivery from "@plausch/delivery/delivery";
 * import * as Live from "@plausch/delivery/live";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const service = Effect.service(Delivery.Delivery).pipe(Effect.provide(Live.layer({ host: "two words" })));
 * assertEquals((await Effect.runPromise(Effect.flip(service)))._tag, "GrammarError");
 * ```
 */
export const layer = (options: Options): Layer.Layer<Delivery.Delivery, DnsError | GrammarError> =>
  Layer.effect(
    Delivery.Delivery,
    Effect.gen(function* () {
      const { servers, sessions, connectTimeout, mtaSts, ...rest } = options;
      const host = yield* Effect.fromResult(Domain.hostFromString(options.host));
      const resolver = yield* Effect.flatMap(LiveDns.make({ servers }), Cache.make);
      const policies = mtaSts === false ? undefined : yield* LiveMtaSts.make(resolver, {
        allowLocal: options.route?.allowLocal,
        ...mtaSts,
      });
      const carrier = yield* Pool.make({ ...sessions, host });
      return yield* Delivery.make({ ...rest, carrier, route: { mtaSts: policies, ...rest.route } }).pipe(
        Effect.provideService(Resolver, resolver),
        Effect.provideService(Dialer, dialer(connectTimeout)),
      );
    }),
  );
