/**
 * The system's resolver settings, as text (`/etc/resolv.conf`, see resolv.conf(5)). Reading the file is for `Live`.
 *
 * @example
 * ```ts
 * import * as ResolvConf from "@plausch/dns/resolv-conf";
 * import { assertEquals } from "@std/assert";
 *
 * const settings = ResolvConf.parse("nameserver 192.0.2.53\nnameserver 2001:db8::53\noptions timeout:2 attempts:3\n");
 * assertEquals(settings.servers.map((server) => server.address), ["192.0.2.53", "2001:db8::53"]);
 * assertEquals(settings.timeoutSeconds, 2);
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import * as NameServer from "./name_server.ts";
import type { StubResolverOptions } from "./stub_resolver.ts";

/** What the file says that matters here. Search lists do not: mail domains are always whole. */
export interface ResolvConf {
  /** The name servers in order, each once. Where the file names none, that is the one on this machine. */
  readonly servers: ReadonlyArray<NameServer.NameServer>;
  /** The limit for one try, from `options timeout:n`, 1 to 30. */
  readonly timeoutSeconds: number | undefined;
  /** How many rounds, from `options attempts:n`, 1 to 5. */
  readonly attempts: number | undefined;
  /** Whether the system trusts these servers, and the way to them, with the AD bit (`options trust-ad`). */
  readonly trustAd: boolean;
}

/**
 * Reads the settings. Lines that it does not know and addresses that it cannot read are passed over, as the system's
 * own resolver does. Values beyond the limits of resolv.conf(5) are brought within them.
 *
 * @example
 * ```ts
 * import * as ResolvConf from "@plausch/dns/resolv-conf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ResolvConf.parse("# nothing here\n").servers, [{ address: "127.0.0.1", port: 53, family: 4 }]);
 * assertEquals(ResolvConf.parse("nameserver 127.0.0.53\noptions edns0 trust-ad").trustAd, true);
 * ```
 */
export const parse = (text: string): ResolvConf => {
  const servers = new Map<string, NameServer.NameServer>();
  const options = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [keyword, ...values] = line.replace(/[#;].*$/, "").trim().split(/\s+/);
    if (keyword === "nameserver") {
      const server = NameServer.fromString(values[0] ?? "");
      if (Result.isSuccess(server)) servers.set(NameServer.format(server.success), server.success);
    } else if (keyword === "options") {
      for (const option of values) options.set(option.split(":", 1)[0] ?? "", option.split(":")[1] ?? "");
    }
  }
  const limited = (option: string, most: number): number | undefined => {
    const value = options.get(option);
    return value !== undefined && /^\d+$/.test(value) ? Math.min(most, Math.max(1, Number(value))) : undefined;
  };
  return {
    servers: servers.size > 0 ? [...servers.values()] : [{ address: "127.0.0.1", port: 53, family: 4 }],
    timeoutSeconds: limited("timeout", 30),
    attempts: limited("attempts", 5),
    trustAd: options.has("trust-ad"),
  };
};

/**
 * The options of a resolver, with the system's time-out, number of tries and trust in the AD bit where they have none. That
 * the system says nothing of `trust-ad` is no distrust: a server on this machine is believed all the same.
 *
 * @example
 * ```ts
 * import * as ResolvConf from "@plausch/dns/resolv-conf";
 * import { assertEquals } from "@std/assert";
 *
 * const settings = ResolvConf.parse("nameserver 192.0.2.53\noptions timeout:2 trust-ad");
 * const options = ResolvConf.complete(settings, { servers: settings.servers, tries: 3 });
 * assertEquals([options.timeout, options.tries, options.trustAd], ["2 seconds", 3, true]);
 * ```
 */
export const complete = (settings: ResolvConf, options: StubResolverOptions): StubResolverOptions => ({
  ...options,
  timeout: options.timeout ??
    (settings.timeoutSeconds === undefined ? undefined : `${settings.timeoutSeconds} seconds`),
  tries: options.tries ?? settings.attempts,
  trustAd: options.trustAd ?? (settings.trustAd ? true : undefined),
});
