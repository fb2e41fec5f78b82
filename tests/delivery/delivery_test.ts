// Whole deliveries over scripted hosts: rounds, limits, several domains, interruption.
import { assert, assertEquals } from "@std/assert";
import type { Carrier } from "@plausch/delivery/carrier";
import type * as Delivery from "@plausch/delivery/delivery";
import type { DeliveryEvent } from "@plausch/delivery/event";
import * as Trail from "@plausch/delivery/trail";
import { SessionError } from "@plausch/session/session-error";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import type { TlsLevel } from "@plausch/tls/tls-level";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schedule from "effect/Schedule";
import * as FakeHosts from "../support/fake_hosts.ts";
import { it } from "../support/it.ts";
import { mailTo, make, pass, takes, within, zone } from "./_deliveries.ts";

const watch = () => {
  const events: Array<DeliveryEvent> = [];
  return { events, observe: (event: DeliveryEvent) => void events.push(event) };
};

const settledOf = (events: ReadonlyArray<DeliveryEvent>): ReadonlyArray<string> =>
  events.flatMap((event) => event._tag === "Settled" ? [`${event.recipient.address} ${event.recipient.verdict}`] : []);

const one = zone({ "d.test": { MX: "10 mx.d.test" }, "mx.d.test": { A: "192.0.2.1" } });

it("greylisting: 451 first, accepted after a wait; who is settled is not asked again", () =>
  Effect.gen(function* () {
    const scripts = [
      takes({ "a@d.test": "250 ok", "b@d.test": "451 4.7.1 come back later", "x@d.test": "550 5.1.1 nobody" }),
      takes({ "b@d.test": "451 4.7.1 too early" }),
      takes({ "b@d.test": "250 ok" }),
    ];
    const hosts = FakeHosts.make((_, before) => scripts[before]!);
    const { events, observe } = watch();
    const delivery = yield* make({ observe, retry: { schedule: Schedule.spaced("5 minutes") } }, one, hosts);
    const { recipients, trail } = yield* within(601, delivery.send(mailTo("a@d.test", "b@d.test", "x@d.test")));
    assertEquals(recipients.map(({ verdict }) => verdict), ["accepted", "accepted", "rejected"]);
    assertEquals(
      settledOf(events),
      ["a@d.test accepted", "x@d.test rejected", "b@d.test accepted"].sort((one, other) =>
        settledOf(events).indexOf(one) - settledOf(events).indexOf(other)
      ),
    );
    const waits = events.flatMap((event) => event._tag === "Waiting" ? [event] : []);
    assertEquals(waits.map(({ at, delay, round, addresses }) => [at, delay, round, ...addresses]), [
      [0, 300_000, 1, "b@d.test"],
      [300_000, 300_000, 2, "b@d.test"],
    ]);
    assertEquals(trail.map((step) => step._tag === "Visited" ? step.at : undefined), [0, 300_000, 600_000]);
  }));

it("retries end with the schedule: the last word counts", () =>
  Effect.gen(function* () {
    const hosts = FakeHosts.make((_, before) => takes({ "b@d.test": `451 4.7.1 number ${before}` }));
    const schedule = Schedule.spaced("1 minute").pipe(Schedule.upTo({ times: 2 }));
    const delivery = yield* make({ retry: { schedule } }, one, hosts);
    const { recipients: [recipient], trail } = yield* within(200, delivery.send(mailTo("b@d.test")));
    assertEquals(trail.length, 3);
    assertEquals([recipient?.verdict, recipient?.reply?.lines[0]], ["deferred", "4.7.1 number 2"]);
  }));

it("retries end with their time: no round begins later", () =>
  Effect.gen(function* () {
    const hosts = FakeHosts.make(() => takes({ "b@d.test": "451 4.7.1 later" }));
    const retry = { schedule: Schedule.spaced("10 minutes"), within: "25 minutes" } as const;
    const delivery = yield* make({ retry }, one, hosts);
    const fiber = yield* Effect.forkChild(delivery.send(mailTo("b@d.test")));
    yield* pass(1201);
    const { trail } = yield* Fiber.join(fiber);
    assertEquals(trail.length, 3);
  }));

it("what is uncertain is not tried again, whatever the schedule", () =>
  Effect.gen(function* () {
    const lost = takes({ "b@d.test": "250 ok" }).replace(
      "< 250 2.0.0 got it\n> QUIT\n< 221 bye\n",
      "* server closes\n",
    );
    const hosts = FakeHosts.make(() => lost);
    const delivery = yield* make({ retry: { schedule: Schedule.forever } }, one, hosts);
    const { recipients: [recipient] } = yield* delivery.send(mailTo("b@d.test"));
    assertEquals(recipient?.verdict, "uncertain");
    assertEquals(hosts.dialled.length, 1);
  }));

it("a DNS that fails is asked again in the next round", () =>
  Effect.gen(function* () {
    const broken = zone({ "d.test": { failure: "ServerFailure" } });
    let isMended = false;
    const resolver = {
      query: (...question: Parameters<typeof one.query>) => (isMended ? one : broken).query(...question),
    };
    const hosts = FakeHosts.make(() => takes({ "b@d.test": "250 ok" }));
    const observe = (event: DeliveryEvent) => isMended ||= event._tag === "Waiting";
    const delivery = yield* make({ observe, retry: { schedule: Schedule.spaced("1 minute") } }, resolver, hosts);
    const { recipients: [recipient] } = yield* within(61, delivery.send(mailTo("b@d.test")));
    assertEquals(recipient?.verdict, "accepted");
  }));

it("the deadline ends a wait for a retry, and the reply that deferred it is told", () =>
  Effect.gen(function* () {
    const hosts = FakeHosts.make(() => takes({ "b@d.test": "451 4.7.1 later" }));
    const delivery = yield* make(
      { deadline: "30 seconds", retry: { schedule: Schedule.spaced("1 hour") } },
      one,
      hosts,
    );
    const { recipients: [recipient] } = yield* within(31, delivery.send(mailTo("b@d.test")));
    assertEquals([recipient?.verdict, recipient?.code, recipient?.host], ["deferred", 451, "mx.d.test"]);
  }));

it("the deadline in the middle of a conversation, behind the final dot: uncertain", () =>
  Effect.gen(function* () {
    const silent = takes({ "b@d.test": "250 ok" }).replace(
      "< 250 2.0.0 got it\n> QUIT\n< 221 bye\n",
      "~ 5 minutes\n< 250 late\n",
    );
    const hosts = FakeHosts.make(() => silent);
    const delivery = yield* make({ deadline: "30 seconds" }, one, hosts);
    const { recipients: [recipient] } = yield* within(31, delivery.send(mailTo("b@d.test")));
    assertEquals([recipient?.verdict, recipient?.stage, recipient?.reason], ["uncertain", "final", "Interrupted"]);
    assertEquals(hosts.open(), 0);
  }));

/** Where an interruption may come, as the last thing that a server did, and what is known then. */
const interruptions: ReadonlyArray<readonly [when: string, script: string, settled: ReadonlyArray<string>]> = [
  ["while it dials", "timeout", ["b@d.test deferred", "x@d.test deferred"]],
  ["before the greeting", "~ 1 minute\n< 220 mx\n", ["b@d.test deferred", "x@d.test deferred"]],
  [
    "when one is refused",
    "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 PIPELINING\n> MAIL FROM:<a@c.test>\n> RCPT TO:<b@d.test>\n" +
    "> RCPT TO:<x@d.test>\n> DATA\n< 250 ok\n< 250 ok\n< 550 5.1.1 no\n~ 1 minute\n< 354 go\n",
    ["x@d.test rejected", "b@d.test deferred"],
  ],
  [
    "behind the final dot",
    takes({ "b@d.test": "250 ok", "x@d.test": "550 5.1.1 no" }).replace(
      /< 250 2\.0\.0 got it[^]*/,
      "~ 1 minute\n< 221 bye\n",
    ),
    ["x@d.test rejected", "b@d.test uncertain"],
  ],
  [
    "at QUIT, with everything decided",
    takes({ "b@d.test": "250 ok", "x@d.test": "550 5.1.1 no" }).replace("< 221 bye\n", "~ 1 minute\n< 221 bye\n"),
    ["b@d.test accepted", "x@d.test rejected"],
  ],
];

for (const [when, script, expected] of interruptions) {
  it(`interrupted ${when}: the connection is closed, and what is known was told`, () =>
    Effect.gen(function* () {
      const hosts = FakeHosts.make(() => script);
      const { events, observe } = watch();
      const delivery = yield* make({ observe }, one, hosts);
      const fiber = yield* Effect.forkChild(delivery.send(mailTo("b@d.test", "x@d.test")));
      yield* pass(2);
      const interruption = yield* Effect.forkChild(Fiber.interrupt(fiber));
      // QUIT has five seconds, whatever happens.
      yield* pass(5);
      yield* Fiber.join(interruption);
      assertEquals(hosts.open(), 0);
      assertEquals(settledOf(events).toSorted(), [...expected].sort());
    }));
}

it("interrupted while it waits for a retry", () =>
  Effect.gen(function* () {
    const hosts = FakeHosts.make(() => takes({ "b@d.test": "451 4.7.1 later" }));
    const { events, observe } = watch();
    const delivery = yield* make({ observe, retry: { schedule: Schedule.spaced("1 hour") } }, one, hosts);
    const fiber = yield* Effect.forkChild(delivery.send(mailTo("b@d.test")));
    yield* pass(2);
    assertEquals(settledOf(events), []);
    yield* Fiber.interrupt(fiber);
    const [settled] = events.flatMap((event) => event._tag === "Settled" ? [event.recipient] : []);
    assertEquals([settled?.verdict, settled?.code, settled?.reply?.lines[0]], ["deferred", 451, "4.7.1 later"]);
  }));

it("recipients of several domains are routed each, and come back in the order of the envelope", () =>
  Effect.gen(function* () {
    const resolver = zone({
      "d.test": { MX: "10 mx.d.test" },
      "mx.d.test": { A: "192.0.2.1" },
      "e.test": { A: "192.0.2.2" },
      "null.test": { MX: "0 ." },
    });
    const scripts: Record<string, string> = {
      "192.0.2.1": takes({ "b@d.test": "250 ok", "x@D.TEST": "550 5.1.1 no" }),
      "192.0.2.2": takes({ "y@e.test": "250 ok" }),
    };
    const hosts = FakeHosts.make((address) => scripts[address]!);
    const delivery = yield* make({}, resolver, hosts);
    const to = ["b@d.test", "y@e.test", "n@null.test", "x@D.TEST", "g@gone.test", "<postmaster>", "z@[192.0.2.300]"];
    const { recipients, plans } = yield* delivery.send(mailTo(...to.slice(0, 6)));
    assertEquals(
      recipients.map(({ address, domain, verdict, host, reason }) => [address, domain, verdict, host, reason]),
      [
        ["b@d.test", "d.test", "accepted", "mx.d.test", undefined],
        ["y@e.test", "e.test", "accepted", "e.test", undefined],
        ["n@null.test", "null.test", "rejected", undefined, "NullMx"],
        ["x@D.TEST", "d.test", "rejected", "mx.d.test", undefined],
        ["g@gone.test", "gone.test", "rejected", undefined, "DomainNotFound"],
        ["postmaster", undefined, "rejected", undefined, "NoDomain"],
      ],
    );
    assertEquals([...plans.keys()].sort(), ["d.test", "e.test", "gone.test", "null.test"]);
  }));

it("what is behind the @ is no mail domain: a verdict, and nobody is asked", () =>
  Effect.gen(function* () {
    const delivery = yield* make({}, one);
    const { recipients: [recipient] } = yield* delivery.send(mailTo("b@[x-tag:whatever]"));
    assertEquals([recipient?.verdict, recipient?.reason, recipient?.code], ["rejected", "BadDomain", 550]);
    assert(recipient?.message?.startsWith("Cannot route mail to"));
  }));

it("what cannot be put into a command is refused once, with a reason", () =>
  Effect.gen(function* () {
    const hosts = FakeHosts.make(() => "< 220 mx\n> EHLO c.test\n< 250 mx\n> QUIT\n< 221 bye\n");
    const delivery = yield* make({}, one, hosts);
    const mail = mailTo("b@d.test");
    const parameters = { size: -1 };
    const { recipients: [recipient], trail } = yield* delivery.send({
      ...mail,
      envelope: { ...mail.envelope, parameters },
    });
    assertEquals([recipient?.verdict, recipient?.reason], ["rejected", "BadInput"]);
    assertEquals(trail.map((step) => step._tag === "Visited" && step.error?._tag), ["GrammarError"]);
  }));

it("a host whose address was heard and said nothing of the message: its next address is visited", () =>
  Effect.gen(function* () {
    const resolver = zone({
      "d.test": { MX: "10 mx.d.test" },
      "mx.d.test": { AAAA: "2001:db8::1", A: ["192.0.2.1", "192.0.2.2"] },
    });
    const scripts: Record<string, FakeHosts.Behaviour> = {
      "2001:db8::1": "< 421 4.3.2 busy\n",
      "192.0.2.1": "refuse",
      "192.0.2.2": takes({ "b@d.test": "250 ok" }),
    };
    const hosts = FakeHosts.make((address) => scripts[address]!);
    const delivery = yield* make({}, resolver, hosts);
    const { recipients: [recipient], trail } = yield* delivery.send(mailTo("b@d.test"));
    assertEquals(recipient?.verdict, "accepted");
    assertEquals(hosts.dialled, ["2001:db8::1", "192.0.2.1", "192.0.2.2"]);
    assertEquals(trail.map(Trail.explain), [
      "10 mx.d.test [2001:db8::1]: 1 deferred: 421 4.3.2 busy",
      "10 mx.d.test [192.0.2.2]: 1 accepted",
    ]);
  }));

it("a host that deferred a recipient is not asked again at its next address", () =>
  Effect.gen(function* () {
    const resolver = zone({ "d.test": { MX: "10 mx.d.test" }, "mx.d.test": { A: ["192.0.2.1", "192.0.2.2"] } });
    const hosts = FakeHosts.make(() => takes({ "b@d.test": "451 4.7.1 later" }));
    const delivery = yield* make({}, resolver, hosts);
    yield* delivery.send(mailTo("b@d.test"));
    assertEquals(hosts.dialled.length, 1);
  }));

it("no more visits than one message is worth", () =>
  Effect.gen(function* () {
    const resolver = zone({
      "d.test": { MX: ["1 a.d.test", "2 b.d.test", "3 e.d.test"] },
      "a.d.test": { A: "192.0.2.1" },
      "b.d.test": { A: "192.0.2.2" },
      "e.d.test": { A: "192.0.2.3" },
    });
    const hosts = FakeHosts.make(() => "refuse");
    const delivery = yield* make({ maxVisits: 2 }, resolver, hosts);
    const { recipients: [recipient], trail } = yield* delivery.send(mailTo("b@d.test"));
    assertEquals(hosts.dialled, ["192.0.2.1", "192.0.2.2"]);
    assertEquals(trail.map((step) => step._tag === "PassedOver" ? step.reason : step.host), [
      "a.d.test",
      "b.d.test",
      "EnoughTried",
    ]);
    assertEquals([recipient?.reason, EnhancedStatus.format(recipient!.status!)], ["AllHostsFailed", "4.4.1"]);
    assertEquals(recipient?.message, "none of 2 hosts could be connected to");
  }));

/** What is promised of a host, what the caller wants, and what is asked then. */
const levels: ReadonlyArray<readonly [promise: "nothing" | "dane" | "unusable", wanted: TlsLevel, asked: string]> = [
  ["nothing", "none", "none"],
  ["nothing", "opportunistic", "opportunistic"],
  ["nothing", "verified", "verified"],
  ["nothing", "dane", "NotDane"],
  ["nothing", "mta-sts", "NotMtaSts"],
  ["dane", "none", "none"],
  ["dane", "opportunistic", "dane"],
  ["dane", "required", "dane"],
  ["dane", "dane", "dane"],
  ["dane", "mta-sts", "dane"],
  ["unusable", "opportunistic", "required"],
  ["unusable", "verified", "verified"],
  ["unusable", "dane", "NotDane"],
];

for (const [promise, wanted, asked] of levels) {
  it(`TLS: ${promise} promised, ${wanted} wanted: ${asked}`, () =>
    Effect.gen(function* () {
      const tlsa = { dane: `3 1 1 ${"a5".repeat(32)}`, unusable: `0 0 1 ${"00".repeat(32)}` };
      const resolver = zone({
        "d.test": { MX: { data: "10 mx.d.test", authenticated: true } },
        "mx.d.test": { A: { data: "192.0.2.1", authenticated: true } },
        ...promise === "nothing"
          ? {}
          : { "_25._tcp.mx.d.test": { TLSA: { data: tlsa[promise], authenticated: true } } },
      });
      const hosts = FakeHosts.make(() => "< 421 4.3.2 busy\n");
      const { events, observe } = watch();
      const delivery = yield* make({ tls: wanted, observe }, resolver, hosts);
      const { recipients: [recipient], trail: [step] } = yield* delivery.send(mailTo("b@d.test"));
      assertEquals(step?._tag === "Visited" ? step.level : step?.reason, asked);
      const visited = events.flatMap((event) => event._tag === "Visiting" ? [event.level] : []);
      assertEquals(visited, asked.startsWith("Not") ? [] : [asked as TlsLevel]);
      if (asked.startsWith("Not")) assertEquals([recipient?.verdict, recipient?.reason], ["deferred", asked]);
    }));
}

it("TLS: who pins a certificate needs nobody's promise", () =>
  Effect.gen(function* () {
    const resolver = zone({
      "d.test": { MX: { data: "10 mx.d.test", authenticated: true } },
      "mx.d.test": { A: { data: "192.0.2.1", authenticated: true } },
      "_25._tcp.mx.d.test": { TLSA: { data: `3 1 1 ${"00".repeat(32)}`, authenticated: true } },
    });
    const script = takes({ "b@d.test": "250 ok" }).replace(
      "< 250 mx\n",
      "< 250-mx\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n* tls starts\n> EHLO c.test\n< 250 mx\n",
    );
    const hosts = FakeHosts.make(() => script);
    const delivery = yield* make({ tlsOptions: { pins: ["5a".repeat(32)] } }, resolver, hosts);
    const { recipients: [recipient], trail: [step] } = yield* delivery.send(mailTo("b@d.test"));
    assertEquals(recipient?.verdict, "accepted");
    assertEquals(step?._tag === "Visited" && step.protection?.tls?.verification, { verified: true, by: "pin" });
  }));

it("one key for the same host and the same demands, another one for others", () =>
  Effect.gen(function* () {
    const keyFor = (options: Partial<Delivery.Options>, records = one) =>
      Effect.gen(function* () {
        let key = "";
        const carrier: Carrier = {
          carry: (errand) => {
            key = errand.key;
            return Effect.fail(new SessionError({ reason: "ConnectFailed", stage: "connect", recipients: [] }));
          },
        };
        const delivery = yield* make({ ...options, carrier }, records, { dial: () => undefined as never });
        yield* delivery.send(mailTo("b@d.test"));
        return key;
      });
    const keys = yield* Effect.all([
      keyFor({}),
      keyFor({ port: 26 }),
      keyFor({ tls: "required" }),
      keyFor({ tlsOptions: { ca: "-----BEGIN CERTIFICATE-----" } }),
      keyFor({ tlsOptions: { pins: ["5a".repeat(32)] } }),
      keyFor({ tlsOptions: { minVersion: "TLSv1.3" } }),
      keyFor({}, zone({ "d.test": { MX: "10 mx.d.test" }, "mx.d.test": { A: "192.0.2.2" } })),
    ]);
    assertEquals(new Set(keys).size, keys.length);
    assertEquals(yield* keyFor({}), keys[0]);
  }));
