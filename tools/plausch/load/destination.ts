/**
 * Where the load goes: the server's addresses, looked up once and checked, so that what is dialled is what was checked.
 *
 * @module
 */
import * as OpenFailure from "@plausch/net/open-failure";
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Destination } from "../chat.ts";
import type { Given, Option, UsageError } from "../options.ts";
import * as Target from "../target.ts";
import * as Values from "../values.ts";
import { isOwn } from "./own_address.ts";

const help: { readonly [name: string]: string } = {
  server: "The server to load",
  port: "Its port; default: 25, for LMTP 24",
  socket: "Load the server at this Unix socket",
  lmtp: "Speak LMTP, which gives a verdict on each recipient",
};

/** The options that say where the load goes. */
export const options: ReadonlyArray<Option> = [
  ...Target.options.flatMap((option) =>
    Object.hasOwn(help, option.name) ? [{ ...option, help: help[option.name]! }] : []
  ),
  { name: "yes-i-own-it", help: "Load a server whose address is neither loopback nor private" },
];

/** A server whose name has no address. */
export class LookupError extends Data.Error<{
  /** What is wrong, as a sentence without its period. */
  readonly message: string;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "LookupError" as const;
}

/** Gives the addresses of a host, as this machine knows them. Its failure is the system's. */
export const Lookup: Context.Reference<(host: string) => Promise<ReadonlyArray<string>>> = Context.Reference<
  (host: string) => Promise<ReadonlyArray<string>>
>(
  "@plausch/cli/load/Lookup",
  { defaultValue: () => async (host) => (await lookup(host, { all: true })).map(({ address }) => address) },
);

const addresses = (host: string, port: number): Effect.Effect<ReadonlyArray<string>, LookupError> =>
  Effect.gen(function* () {
    if (isIP(host) !== 0) return [host];
    const find = yield* Lookup;
    return yield* Effect.tryPromise({
      try: () => find(host),
      catch: (cause) =>
        new LookupError({
          message: `Cannot look up ${host}: ${OpenFailure.format(OpenFailure.explain(cause, { host, port }))}`,
        }),
    });
  });

/** Reads `--server`, `--port`, `--socket` and `--yes-i-own-it`: where to dial, one entry for each address, in the order to try. */
export const fromOptions = (given: Given): Effect.Effect<ReadonlyArray<Destination>, UsageError | LookupError> =>
  Effect.gen(function* () {
    const target = yield* Target.fromOptions(given);
    if (target._tag === "Unix") return [{ path: target.path }];
    if (target._tag === "MailExchanger") {
      return yield* Values.usage("--server is missing", "name your own: --server HOST[:PORT], or --socket PATH");
    }
    const { host, port } = target;
    const found = yield* addresses(host, port);
    const foreign = found.find((address) => !isOwn(address));
    if (foreign !== undefined && !given.has("yes-i-own-it")) {
      const what = foreign === host ? host : `${host} is ${foreign}, which`;
      return yield* Values.usage(
        `${what} is neither a loopback nor a private address, and load is for nobody else's server`,
        "if this one is yours, add --yes-i-own-it",
      );
    }
    return found.map((address) => ({ name: host, host: address, port }));
  });
