import * as Delivery from "@plausch/delivery/delivery";
import { type Dialer, Dialer as dialerKey } from "@plausch/delivery/dialer";
import * as Carrier from "@plausch/delivery/carrier";
import type { Resolver } from "@plausch/dns/resolver";
import { Resolver as resolverKey } from "@plausch/dns/resolver";
import * as Zone from "@plausch/dns/zone";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import type { Mail } from "@plausch/session/send-many";
import * as Domain from "@plausch/smtp/domain";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as TestClock from "effect/testing/TestClock";

/** `c.test`, who says EHLO in all tests. */
export const conversing: Carrier.Carrier = Carrier.conversing({
  host: Result.getOrThrow(Domain.hostFromString("c.test")),
});

/** `hello`, from `a@c.test`. */
export const mailTo = (...to: ReadonlyArray<string>): Mail => ({
  envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to })),
  content: Result.getOrThrow(Content.make(new TextEncoder().encode("hello\r\n"))),
});

/** A zone of mail domains: hosts by their preference, addresses by the host. */
export const zone = (records: Zone.StaticZone["records"]): Resolver => Result.getOrThrow(Zone.make({ records }));

/** Makes a delivery without a network. */
export const make = (
  options: Partial<Delivery.Options>,
  resolver: Resolver,
  dialer: Dialer = {
    dial: ({ address }) => {
      throw new Error(`dialled ${address}`);
    },
  },
): Effect.Effect<Delivery.Delivery> =>
  Delivery.make({ carrier: conversing, ...options }).pipe(
    Effect.provideService(dialerKey, dialer),
    Effect.provideService(resolverKey, resolver),
  );

/** Lets so many seconds pass, in steps: what is due at a time has its turn before the next. */
export const pass = (seconds: number): Effect.Effect<void> =>
  Effect.forEach(Array.from({ length: seconds }), () => TestClock.adjust("1 second"), { discard: true });

/** Runs it while so many seconds pass. */
export const within = <A, E>(seconds: number, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect);
    yield* pass(seconds);
    return yield* Fiber.join(fiber);
  });

/** A whole conversation that takes this message to these recipients; `rcpt` is what is answered to each. */
export const takes = (
  recipients: { readonly [address: string]: string },
  final = "250 2.0.0 got it",
  capabilities = "< 250 mx",
): string => {
  const isAnyAccepted = Object.values(recipients).some((reply) => reply.startsWith("2"));
  return [
    "< 220 mx",
    "> EHLO c.test",
    capabilities,
    "> MAIL FROM:<a@c.test>",
    "< 250 ok",
    ...Object.entries(recipients).flatMap(([address, reply]) => [`> RCPT TO:<${address}>`, `< ${reply}`]),
    ...isAnyAccepted ? ["> DATA", "< 354 go", "> hello", "> .", `< ${final}`] : [],
    "> QUIT",
    "< 221 bye",
    "",
  ].join("\n");
};
