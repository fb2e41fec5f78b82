// Any mail exchangers, with any addresses, that do whatever hosts do: who is dialled, in which order, and what comes of it. A
// conversation for each host and a pool of sessions have to come to the same.
import { assert, assertEquals } from "@std/assert";
import * as Pool from "@plausch/delivery/pool";
import type { ZoneNode } from "@plausch/dns/zone";
import * as Domain from "@plausch/smtp/domain";
import * as Arbitrary from "effect/Arbitrary";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as TestClock from "effect/testing/TestClock";
import { behaviourOf } from "../support/case_hosts.ts";
import * as FakeHosts from "../support/fake_hosts.ts";
import { conversing, mailTo, make, within, zone } from "./_deliveries.ts";

/** What a host may do, and what follows for the recipient: a verdict that holds, or the next address or host. */
const words = {
  ok: "accepted",
  "drop-after-dot": "uncertain",
  "mail 550 5.7.1 no": "rejected",
  "rcpt 550 5.1.1 no": "rejected",
  "data 554 5.6.0 no": "rejected",
  "final 554 5.6.0 no": "rejected",
  "554": "refused",
  "521": "refused",
  "ehlo 554 no": "refused",
  refuse: "open",
  "greeting 421 busy": "open",
  "lost greeting": "open",
  "lost ehlo": "open",
  "mail 451 later": "heard",
  "rcpt 450 later": "heard",
  "data 451 later": "heard",
  "final 421 going down": "heard",
  "lost rcpt": "heard",
  "lost data": "heard",
} as const;

type Word = keyof typeof words;

const final: ReadonlySet<string> = new Set(["accepted", "uncertain", "rejected"]);

/** What a host has: public addresses, a local one, one that cannot be looked up, or none. */
const lookups = ["one", "two", "local", "local and one", "failing", "nowhere"] as const;

const anyHost = Schema.Struct({
  preference: Schema.Literals([10, 20, 30]),
  lookup: Schema.Literals(lookups),
  words: Schema.Tuple([
    Schema.Literals(Object.keys(words) as [Word, ...Array<Word>]),
    Schema.Literals(Object.keys(words) as [Word, ...Array<Word>]),
  ]),
});

type Host = typeof anyHost.Type;

const addressOf = (host: number, at: number): string => `192.0.2.${host * 2 + at + 1}`;

const publicOf = ({ lookup }: Host): number =>
  lookup === "two" ? 2 : lookup === "one" || lookup === "local and one" ? 1 : 0;

const nodeOf = ({ lookup }: Host, host: number): ZoneNode | undefined => {
  switch (lookup) {
    case "one":
      return { A: addressOf(host, 0) };
    case "two":
      return { A: [addressOf(host, 0), addressOf(host, 1)] };
    case "local":
      return { A: "10.0.0.1" };
    case "local and one":
      return { A: ["10.0.0.1", addressOf(host, 0)] };
    case "failing":
      return { failure: "ServerFailure" };
    case "nowhere":
      return undefined;
  }
};

const deliver = (world: ReadonlyArray<Host>, how: "one by one" | "over a pool") =>
  Effect.gen(function* () {
    const named = world.map((host, at) => [`mx${at}.d.test`, nodeOf(host, at)] as const);
    const resolver = zone({
      "d.test": { MX: world.map(({ preference }, at) => `${preference} mx${at}.d.test`) },
      ...Object.fromEntries(named.filter(([, node]) => node !== undefined)),
    });
    const does = Object.fromEntries(
      world.flatMap(({ words }, host) => words.map((word, at) => [addressOf(host, at), word])),
    );
    const one = {
      id: "",
      why: "",
      domain: "d.test",
      dns: {},
      hosts: does,
      policy: {},
      expect: { order: [], verdict: "accepted" },
    } as const;
    const hosts = FakeHosts.make((address, before) => behaviourOf(one, address, before));
    const host = Result.getOrThrow(Domain.hostFromString("c.test"));
    const carrier = how === "one by one" ? conversing : yield* Pool.make({ host });
    const delivery = yield* make({ carrier }, resolver, hosts);
    const { recipients: [recipient] } = yield* within(60, delivery.send(mailTo("b@d.test")));
    return {
      dialled: hosts.dialled,
      verdict: recipient!.verdict,
      said: hosts.dialled.map((address) => words[does[address]!]),
    };
  }).pipe(Effect.scoped, Random.withSeed("plausch"), Effect.provide(TestClock.layer()));

Deno.test("any world: nobody local, nobody behind a last word, everybody before it, and the verdict that follows", async () => {
  const check = Arbitrary.checkEffect(
    Arbitrary.array(Arbitrary.schema(anyHost), { minLength: 1, maxLength: 4 }),
    (world) =>
      Effect.gen(function* () {
        const { dialled, verdict, said } = yield* deliver(world, "one by one");
        assertEquals(yield* deliver(world, "over a pool"), { dialled, verdict, said });

        const preferenceOf = (address: string): number =>
          world[Math.floor((Number(address.split(".")[3]) - 1) / 2)]!.preference;
        assertEquals(dialled.map(preferenceOf), dialled.map(preferenceOf).toSorted());
        assertEquals(new Set(dialled).size, dialled.length);
        assert(said.slice(0, -1).every((word) => !final.has(word)));
        const last = said.at(-1);
        if (last !== undefined && final.has(last)) return verdict === last;

        // A host that was heard on the message is not asked again at its other address.
        const dials = world.map((host) =>
          words[host.words[0]] === "heard" ? Math.min(1, publicOf(host)) : publicOf(host)
        );
        assertEquals(dialled.length, dials.reduce((sum, count) => sum + count, 0));
        const isWaiting = world.some(({ lookup }) => lookup === "failing" || lookup === "local");
        return verdict === (!isWaiting && said.every((word) => word === "refused") ? "rejected" : "deferred");
      }),
    { runs: 300, seed: "plausch" },
  );
  const result = await Effect.runPromise(check);
  assert(result._tag === "Passed", Arbitrary.formatCheckFailure(result));
});
