import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { SinkEvent } from "@plausch/sink/sink";
import { dropStages, quitStages } from "../../tools/plausch/send/stops.ts";
import { alice, assertSecret, everything, faults, plausch, withSink } from "./_cli.ts";

/** What a client says up to each stage, by verb, when it does everything: TLS, XCLIENT, a log-in, and a message. */
const upTo: { readonly [stage: string]: string } = {
  connect: "",
  greeting: "",
  ehlo: "EHLO",
  starttls: "EHLO STARTTLS",
  tls: "EHLO STARTTLS",
  "ehlo-tls": "EHLO STARTTLS EHLO",
  xclient: "EHLO STARTTLS EHLO XCLIENT",
  auth: "EHLO STARTTLS EHLO XCLIENT EHLO AUTH",
  xforward: "EHLO STARTTLS EHLO XCLIENT EHLO AUTH XFORWARD",
  mail: "EHLO STARTTLS EHLO XCLIENT EHLO AUTH MAIL",
  rcpt: "EHLO STARTTLS EHLO XCLIENT EHLO AUTH MAIL RCPT",
  data: "EHLO STARTTLS EHLO XCLIENT EHLO AUTH MAIL RCPT DATA",
  final: "EHLO STARTTLS EHLO XCLIENT EHLO AUTH MAIL RCPT DATA",
};

const args = (port: number, ...more: ReadonlyArray<string>) => [
  ...["send", "-s", `127.0.0.1:${port}`, "-t", "you@x.test", "-f", "me@x.test", "--xclient", "ADDR=192.0.2.7"],
  ...["--user", alice.user, "--auth", "PLAIN", "--password-env", "PW", ...more],
];

/** What only some stages need. */
const needs = (stage: string): ReadonlyArray<string> => stage === "xforward" ? ["--xforward", "NAME=c.test"] : [];

/** The verbs that were said, without the lines of the message. */
const verbs = (out: string): ReadonlyArray<string> =>
  out.split("\n").flatMap((line) => /^ [-~]> ([A-Z]+)(?: |$)/.exec(line)?.[1] ?? []);

const isSecured = (out: string): boolean => out.includes("=== TLS started");

/** Runs a conversation, and gives it together with what the server saw. */
const stop = async (...more: ReadonlyArray<string>) => {
  const events: Array<SinkEvent> = [];
  let gone = (): void => {};
  const left = new Promise<void>((resolve) => gone = resolve);
  return await withSink(async ({ port }, { messages }) => {
    const ran = await plausch(args(port, ...more), { env: { PW: alice.password } });
    await left;
    assertSecret(ran);
    return { ran, messages, events };
  }, {
    ...everything,
    observe: (event) => {
      events.push(event);
      if (event._tag === "Disconnected") gone();
    },
  });
};

for (const stage of quitStages) {
  Deno.test(`--quit-after ${stage} says QUIT there, and exits 0`, async () => {
    const { ran, messages } = await stop("--quit-after", stage, ...needs(stage));
    assertEquals([ran.code, ran.err], [0, ""]);
    assertEquals(verbs(ran.out), [...upTo[stage]!.split(" ").filter(Boolean), "QUIT"]);
    assertEquals(isSecured(ran.out), upTo[stage]!.includes("STARTTLS"));
    assertStringIncludes(ran.out, "221 2.0.0");
    assertStringIncludes(ran.out, "=== you@x.test: not sent; stopped, as asked, before the message was sent\n");
    assertEquals(messages, []);
  });
}

for (const stage of dropStages) {
  Deno.test(`--drop-after ${stage} hangs up there, and exits 0`, async () => {
    const { ran, messages, events } = await stop("--drop-after", stage, ...needs(stage));
    assertEquals([ran.code, ran.err], [0, ""]);
    assertEquals(verbs(ran.out), upTo[stage]!.split(" ").filter(Boolean));
    assertEquals(isSecured(ran.out), upTo[stage]!.includes("STARTTLS") && stage !== "starttls");
    assert(ran.out.includes("=== Connection closed\n"));
    assertEquals(messages.length, stage === "final" ? 1 : 0);
    assertEquals(ran.out.includes("accepted"), stage === "final");
    const heard = events.flatMap((event) =>
      event._tag === "Chat" && event.event._tag === "Heard" ? [event.event.line] : []
    );
    assert(!heard.includes("QUIT"));
  });
}

Deno.test("--drop-after data with --bdat sends one chunk of several, and no more", async () => {
  const { ran, messages } = await stop("--drop-after", "data", "--bdat-size", "100");
  assertEquals([ran.code, messages.length], [0, 0]);
  assertEquals(verbs(ran.out).filter((verb) => verb === "BDAT" || verb === "QUIT"), ["BDAT"]);
  assertStringIncludes(ran.out, " ~> BDAT 100\n");
});

for (
  const [alias, stage] of [["banner", "greeting"], ["connect", "greeting"], ["helo", "ehlo"], ["LHLO", "ehlo"], [
    "tls",
    "starttls",
  ]] as const
) {
  Deno.test(`--quit-after ${alias} is --quit-after ${stage}`, async () => {
    const { ran } = await stop("--quit-after", alias);
    assertEquals([ran.code, ran.err], [0, ""]);
    assertEquals(verbs(ran.out), [...upTo[stage]!.split(" ").filter(Boolean), "QUIT"]);
  });
}

Deno.test("--drop-after dot is --drop-after final", async () => {
  const { ran, messages } = await stop("--drop-after", "dot");
  assertEquals([ran.code, messages.length], [0, 1]);
});

Deno.test("what ends before MAIL needs neither sender nor recipient", async () => {
  await withSink(async ({ port }) => {
    for (const stop of ["--quit-after", "--drop-after"]) {
      const ran = await plausch(["send", "-s", `127.0.0.1:${port}`, stop, "ehlo-tls"]);
      assertEquals([ran.code, ran.err], [0, ""]);
      assert(isSecured(ran.out));
    }
    const ran = await plausch(["send", "-s", `127.0.0.1:${port}`, "--quit-after", "mail"]);
    assertEquals(ran.code, 64);
  }, everything);
});

Deno.test("--say needs no message: QUIT follows", async () => {
  await withSink(async ({ port }) => {
    const ran = await plausch(["send", "-s", `127.0.0.1:${port}`, "--say", "VRFY postmaster", "--say", "HELP"]);
    assertEquals([ran.code, ran.err], [0, ""]);
    assertEquals(verbs(ran.out), ["EHLO", "STARTTLS", "EHLO", "VRFY", "HELP", "QUIT"]);
  }, everything);
});

Deno.test("a session that is refused is a failure where there are no recipients to refuse", async () => {
  for (const [code, fault] of [[81, "greeting:554 no"], [75, "greeting:421 later"], [81, "ehlo:554 no"]] as const) {
    await withSink(async ({ port }) => {
      const ran = await plausch(["send", "-s", `127.0.0.1:${port}`, "--quit-after", "ehlo"]);
      assertEquals(ran.code, code, ran.err);
      assertStringIncludes(ran.err, "*** The server refused the session at ");
    }, { ...everything, faults: faults(fault) });
  }
});
