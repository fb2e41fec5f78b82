// From the DNS to conversations, without a DNS: the zone comes along.
import * as Zone from "@plausch/dns/zone";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import * as Domain from "@plausch/smtp/domain";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import type { Talk } from "../../tools/plausch/chat.ts";
import { ExitCode } from "../../tools/plausch/exit_code.ts";
import * as Narrator from "../../tools/plausch/narrator.ts";
import { talkToExchangers } from "../../tools/plausch/route.ts";
import { everything, faults, pem, shellFor, withSink } from "./_cli.ts";

const zone = Zone.layer({
  records: {
    "x.test": { MX: "10 mx.example.test." },
    "y.test": { MX: "10 mx.other.test." },
    "quiet.test": { MX: "0 ." },
    "broken.test": { failure: "ServerFailure" },
    "mx.example.test": { A: "127.0.0.1" },
    "mx.other.test": { A: "127.0.0.1" },
  },
});

/** Sends to recipients by way of the zone, with proof of the exchanger's name. */
const send = (port: number, ...to: ReadonlyArray<string>) => sendWith({ port, allowLocal: true }, ...to);

const talkTo = (...to: ReadonlyArray<string>): Talk => ({
  options: {
    envelope: Result.getOrThrow(Envelope.make({ from: "me@x.test", to })),
    content: Result.getOrThrow(Content.make(new TextEncoder().encode("Subject: t\n\nhello\n"))),
    host: Result.getOrThrow(Domain.hostFromString("client.test")),
  },
  security: { level: "verified", implicit: undefined, options: { ca: pem("ca.pem") } },
});

const sendWith = async (
  { port, allowLocal }: { readonly port: number; readonly allowLocal: boolean },
  ...to: ReadonlyArray<string>
) => {
  const { shell, printed } = shellFor({});
  const talk = talkTo(...to);
  const program = talkToExchangers({ port, route: { allowLocal } }, Narrator.make(shell, "transcript"), talk);
  const code = await Effect.runPromise(Effect.match(Effect.provide(program, zone), {
    onSuccess: (code): number | string => code,
    onFailure: (error) => error.message,
  }));
  return { code, ...printed() };
};

Deno.test("the certificate has to be for the mail exchanger's name, whatever address was dialled", async () => {
  await withSink(async ({ port }, { messages }) => {
    const { code, out } = await send(port, "you@x.test");
    assertEquals([code, messages.length], [ExitCode.ok, 1]);
    assertStringIncludes(out, `=== Trying mx.example.test, 127.0.0.1:${port} ...\n`);
    assertStringIncludes(out, "verified as mx.example.test by PKIX\n");
  }, everything);
});

Deno.test("each domain has a conversation of its own, and a failure of one does not hinder the other", async () => {
  await withSink(async ({ port }, { messages }) => {
    const { code, out, err } = await send(port, "you@y.test", "you@x.test", "more@X.test");
    assertEquals([code, messages.map(({ forwardPaths }) => forwardPaths.length)], [ExitCode.partly, [2]]);
    assertStringIncludes(err, "not for mx.other.test\n");
    assertStringIncludes(err, "*** you@y.test: deferred at the TLS handshake");
    assertMatch(out, /=== you@x\.test: accepted.*\n=== more@x\.test: accepted/i);
  }, everything);
});

Deno.test("a domain without mail refuses its recipients, one without an answer defers them", async () => {
  await withSink(async ({ port }) => {
    const none = await send(port, "you@quiet.test");
    assertEquals(none.code, ExitCode.noMailHost);
    assertStringIncludes(none.err, "*** you@quiet.test: rejected: quiet.test accepts no mail (null MX); 556 5.1.10\n");
    const broken = await send(port, "you@broken.test");
    assertEquals(broken.code, ExitCode.deferred);
    assertMatch(broken.err, /\n\*\*\* SERVFAIL may mean that its DNSSEC signatures are wrong: .*dig \+cd.*\n$/);
    assertEquals((await send(port, "you@quiet.test", "you@x.test")).code, ExitCode.partly);
  }, everything);
});

Deno.test("a mail exchanger with an address of this machine is not called, unless that is allowed", async () => {
  await withSink(async ({ port }, { messages }) => {
    const { code, out, err } = await sendWith({ port, allowLocal: false }, "you@x.test", "you@[127.0.0.1]");
    assertEquals([code, messages.length], [ExitCode.deferred, 0]);
    assertStringIncludes(
      err,
      "*** you@x.test: deferred: no mail is sent to mx.example.test, a mail exchanger of x.test: " +
        "it has no address on the Internet: 127.0.0.1 (loopback); 451 4.4.4\n",
    );
    assertMatch(err, /\n\*\*\* If that is where you want it to go: --allow-local\n$/);
    assertEquals(out.includes("Trying"), false);
  }, everything);
});

Deno.test("a recipient without a domain has no mail exchanger", async () => {
  const { code, out } = await send(25, "postmaster");
  assertEquals([code, out], ["A recipient without a domain has no mail exchanger; name the server with --server", ""]);
});

Deno.test("interrupted in a conversation, the connection is closed and the outcome is told", async () => {
  await withSink(async ({ port }) => {
    const { shell, printed } = shellFor({});
    const program = talkToExchangers(
      { port, route: { allowLocal: true } },
      Narrator.make(shell, "transcript"),
      talkTo("you@x.test"),
    );
    // What is left open, Deno's own check of this test finds.
    const fiber = Effect.runFork(Effect.provide(program, zone));
    while (!printed().out.includes("RCPT TO")) await new Promise((resolve) => setTimeout(resolve, 5));
    await Effect.runPromise(Fiber.interrupt(fiber));
    assertMatch(printed().err, /^\*\*\* Interrupted while waiting .*\n\*\*\* you@x\.test: deferred/);
  }, { ...everything, faults: faults("rcpt:stall") });
});
