// Thousands of messages to servers that drop connections wherever they like. What the pool says of each, and what is in the
// stores of the servers, have to be the same: accepted means once, deferred means not at all, uncertain means once or not at all.
import * as Delivery from "@plausch/delivery/delivery";
import { Dialer } from "@plausch/delivery/dialer";
import * as Pool from "@plausch/delivery/pool";
import * as Zone from "@plausch/dns/zone";
import * as Connect from "@plausch/net/connect";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import type { Verdict } from "@plausch/session/outcome";
import type { Mail } from "@plausch/session/send-many";
import * as Fault from "@plausch/sink/fault";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Domain from "@plausch/smtp/domain";
import * as Path from "@plausch/smtp/path";
import { assert, assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Random from "effect/Random";
import * as Result from "effect/Result";
import { octets } from "../support/cases.ts";
import { live } from "../support/it.ts";

const host = Result.getOrThrow(Domain.hostFromString("c.test"));

/** One message in fifty loses its connection, at one stage or another. And some sessions never come about. */
const faults = [
  "greeting~0.05:drop",
  "ehlo~0.02:421 4.3.2 too busy",
  "mail~0.004:drop",
  "rcpt~0.002:421 4.3.2 going down",
  "rcpt~0.005:450 4.2.1 later",
  "data~0.003:drop",
  "data~0.003:drop=after",
  "final~0.004:drop",
  "final~0.004:drop=after",
  "quit~0.5:drop",
].map((text) => Result.getOrThrow(Fault.fromString(text)));

const short = "Subject: hello\r\n\r\n";
/** More than goes out in one block: so that it can be lost in its middle. */
const long = short + "All work and no play makes Jack a dull boy.\r\n".repeat(3000);

const mailOf = (index: number): Mail => ({
  envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: [`${index}@d.test`] })),
  content: Result.getOrThrow(Content.make(octets(`${index % 100 === 0 ? long : short}${index}\r\n`))),
});

/** Listens with faults that begin with this seed. */
const listen = (seed: string) =>
  Effect.gen(function* () {
    const store = Store.memory();
    const { address, port } = yield* Sink.listen({ store, faults, timeout: "10 seconds" }).pipe(Random.withSeed(seed));
    return { store, dial: () => Connect.make({ host: address, port }) };
  });

/** How often each message is in the stores. */
const tally = (count: number, stores: ReadonlyArray<Store.MemoryStore>): ReadonlyArray<number> => {
  const times = Array.from({ length: count }, () => 0);
  for (const { messages } of stores) {
    for (const { forwardPaths, octets } of messages) {
      const index = Number(Path.address(forwardPaths[0]!).split("@")[0]);
      times[index]!++;
      // Whole, and its own.
      assert(new TextDecoder().decode(octets).endsWith(`\r\n${index}\r\n`), `message ${index}`);
    }
  }
  return times;
};

/** Holds the verdicts against the stores, and counts them. */
const compare = (verdicts: ReadonlyArray<Verdict>, times: ReadonlyArray<number>) => {
  const counts = { accepted: 0, rejected: 0, deferred: 0, uncertain: 0 };
  for (const [index, verdict] of verdicts.entries()) {
    counts[verdict]++;
    const isRight = verdict === "uncertain" ? times[index]! <= 1 : times[index] === (verdict === "accepted" ? 1 : 0);
    assert(isRight, `message ${index} is ${verdict}, and ${times[index]} times in the store`);
  }
  assertEquals(counts.accepted + counts.deferred + counts.uncertain, times.length);
  return counts;
};

live("through the pool: what is said of each message is what is in the store", () =>
  Effect.gen(function* () {
    const count = 10_000;
    const { store, dial } = yield* listen("drop me");
    const seen = { Connected: 0, reused: 0, replaced: 0 };
    const verdicts = yield* Effect.scoped(Effect.gen(function* () {
      const pool = yield* Pool.make({ host });
      return yield* Effect.forEach(
        Array.from({ length: count }, (_, index) => index),
        (index) =>
          pool.carry({
            key: "mx",
            socket: dial(),
            tls: "none",
            tlsOptions: {},
            mail: mailOf(index),
            observe: (event) => {
              const what = event._tag === "Turned" ? event.turn : event._tag;
              if (what === "Connected" || what === "reused" || what === "replaced") seen[what]++;
            },
          }).pipe(
            Effect.matchEffect({
              onSuccess: Effect.succeed,
              onFailure: (error) => error._tag === "SessionError" ? Effect.succeed(error) : Effect.fail(error),
            }),
            Effect.map(({ recipients }) => recipients[0]!.verdict),
          ),
        { concurrency: 20 },
      );
    }));
    const counts = compare(verdicts, tally(count, [store]));
    // It was no quiet day.
    assert(counts.accepted > 9_700 && counts.deferred > 20 && counts.uncertain > 20, JSON.stringify(counts));
    assert(seen.Connected > 200 && seen.replaced > 50, JSON.stringify(seen));
  }));

live(
  "through deliveries to two mail exchangers: the same, and hardly anything is deferred",
  () =>
    Effect.gen(function* () {
      const count = 3_000;
      const hosts = { "mx1.d.test": yield* listen("one"), "mx2.d.test": yield* listen("two") };
      const zone = Zone.layer({
        records: {
          "d.test": { MX: ["10 mx1.d.test", "20 mx2.d.test"] },
          "mx1.d.test": { A: "127.0.0.1" },
          "mx2.d.test": { A: "127.0.0.1" },
        },
      });
      const dialer = Layer.succeed(Dialer, { dial: ({ host }) => hosts[host as keyof typeof hosts].dial() });
      const verdicts = yield* Effect.scoped(Effect.gen(function* () {
        const carrier = yield* Pool.make({ host });
        const delivery = yield* Delivery.make({ carrier, tls: "none", route: { allowLocal: true } });
        return yield* Effect.forEach(
          Array.from({ length: count }, (_, index) => index),
          (index) => Effect.map(delivery.send(mailOf(index)), ({ recipients }) => recipients[0]!.verdict),
          { concurrency: 20 },
        );
      })).pipe(Effect.provide(Layer.merge(zone, dialer)));
      const stores = [hosts["mx1.d.test"].store, hosts["mx2.d.test"].store] as const;
      const counts = compare(verdicts, tally(count, stores));
      assert(counts.deferred < 10 && counts.uncertain > 5, JSON.stringify(counts));
      assert(stores[1].messages.length > 5, `${stores[1].messages.length} went to the second host`);
    }),
);
