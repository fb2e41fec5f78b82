/**
 * The PROXY protocol: what a proxy tells a server, before everything, about whose connection it passes on.
 *
 * @module
 */
import type * as ProxyProtocol from "@plausch/net/proxy-protocol";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Given, Option, UsageError } from "../options.ts";
import * as Target from "../target.ts";
import * as Values from "../values.ts";

/** The options of the PROXY protocol. */
export const options: ReadonlyArray<Option> = [
  { name: "proxy", value: "v1|v2", help: "Begin as a proxy does, with the PROXY protocol" },
  { name: "proxy-source", value: "IP:PORT", help: "The client that the proxy speaks for; default: itself" },
  { name: "proxy-destination", value: "IP:PORT", help: "Where that client connected to" },
];

/** What is sent before everything. */
export interface Preface {
  /** The octets. */
  readonly octets: Uint8Array;
  /** What they say, for people. */
  readonly text: string;
}

const endpoint = (given: Given, option: string): Effect.Effect<ProxyProtocol.Endpoint, UsageError> =>
  Effect.gen(function* () {
    const { host, port } = Target.split(given.value(option)!);
    const text = yield* Values.demand(
      port,
      `--${option} has no port`,
      "write it like 192.0.2.1:50000 or [2001:db8::1]:50000",
    );
    return { address: host, port: yield* Target.portFromString(text) };
  });

const origin = (given: Given, { tcp }: typeof ProxyProtocol): Effect.Effect<ProxyProtocol.Origin, UsageError> =>
  Effect.gen(function* () {
    const ends = ["proxy-source", "proxy-destination"].filter(given.has);
    if (ends.length === 0) return { _tag: given.value("proxy")?.toLowerCase() === "v2" ? "Local" : "Unknown" };
    if (ends.length === 1) {
      const hint = "give both --proxy-source and --proxy-destination";
      return yield* Values.usage(`--${ends[0]} is one end of a connection`, hint);
    }
    const source = yield* endpoint(given, "proxy-source");
    const made = tcp(source, yield* endpoint(given, "proxy-destination"));
    const hint = "both ends are IP addresses of one family, IPv4 or IPv6";
    return yield* Values.demand(Result.getOrUndefined(made), "--proxy-source and --proxy-destination do not fit", hint);
  });

const describe = (version: "v1" | "v2", origin: ProxyProtocol.Origin): string => {
  const head = `PROXY ${version}`;
  if (origin._tag !== "Ip") return `${head} ${origin._tag.toUpperCase()}`;
  const ends = [origin.source, origin.destination].map(({ address, port }) =>
    origin.family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`
  );
  return `${head} ${origin.family === "IPv6" ? "TCP6" : "TCP4"} ${ends.join(" to ")}`;
};

/** Reads `--proxy`, `--proxy-source` and `--proxy-destination`; undefined if there is nothing to send. */
export const fromOptions = (given: Given): Effect.Effect<Preface | undefined, UsageError> =>
  Effect.gen(function* () {
    const version = yield* Values.choice(given, "proxy", "version of the PROXY protocol", ["v1", "v2"]);
    if (version === undefined) {
      const stray = ["proxy-source", "proxy-destination"].find(given.has);
      if (stray === undefined) return undefined;
      return yield* Values.usage(`--${stray} is given without --proxy`, "add --proxy v1 or --proxy v2");
    }
    const protocol = yield* Effect.promise(() => import("@plausch/net/proxy-protocol"));
    const about = yield* origin(given, protocol);
    const encode = version === "v1" ? protocol.encodeV1 : protocol.encodeV2;
    return { octets: Result.getOrThrow(encode(about)), text: describe(version, about) };
  });
