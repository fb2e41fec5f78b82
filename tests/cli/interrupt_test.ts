// Ctrl-C at each point of a delivery: connections are closed, what is known of each recipient is said, exit 130.
import type * as Zone from "@plausch/dns/zone";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withNameServer } from "../support/name_server.ts";
import { faults, plauschUntil, type Ran, withSink } from "./_cli.ts";
import { withBlackHole, withRoute, type World } from "./_route.ts";

const records: Zone.StaticZone["records"] = {
  "fine.test": { MX: "10 fine.test", A: "127.0.0.1" },
  "slow.test": { MX: ["10 slow.test", "20 fine.test"], A: "127.0.0.2" },
  "silent.test": { failure: "Timeout" },
};

/** Sends over mail exchangers of which 127.0.0.2 has these options, and gives a signal once the text is printed. */
const interrupted = (
  to: ReadonlyArray<string>,
  text: string,
  slow: World["hosts"][string] = {},
  more: ReadonlyArray<string> = [],
): Promise<Ran> =>
  withRoute({ records, hosts: { "127.0.0.1": {}, "127.0.0.2": slow } }, ({ args }) => {
    const whom = to.flatMap((one) => ["-t", one]);
    return plauschUntil(["send", ...args, ...whom, ...more], text, "SIGINT");
  });

Deno.test("interrupted in the look-up", async () => {
  const { code, err } = await interrupted(["you@silent.test"], "Looking up");
  assertEquals(code, 130);
  assertEquals(err, "*** Interrupted\n*** you@silent.test: deferred: the delivery was interrupted; 451 4.4.0\n");
});

Deno.test("interrupted while an address is dialled", async () => {
  await withBlackHole((port) =>
    withNameServer({ records }, async ({ server }) => {
      const route = ["--dns", server, "--port", `${port}`, "--allow-local", "--no-mta-sts"];
      const args = ["send", ...route, "-t", "you@fine.test", "-f", "me@x.test"];
      const { code, out, err } = await plauschUntil(args, "Trying", "SIGTERM");
      assertEquals([code, out.includes("Connected")], [130, false]);
      assertMatch(err, /^\*\*\* Interrupted.*\n\*\*\* you@fine\.test: deferred.* interrupted/);
    })
  );
});

Deno.test("interrupted in a conversation: who was accepted before, and who was not", async () => {
  const to = ["a@fine.test", "b@slow.test", "c@silent.test"];
  const { code, out, err } = await interrupted(to, "RCPT TO:<b@slow.test>", { faults: faults("rcpt:stall") });
  assertEquals(code, 130);
  assertMatch(out, /^=== a@fine\.test: accepted by fine\.test: 250 2\.0\.0 /m);
  assertMatch(err, /^\*\*\* Interrupted while waiting for the reply to \w+\n\*\*\* b@slow\.test: deferred/);
  assertMatch(err, /^\*\*\* c@silent\.test: deferred: the delivery was interrupted; 451 4\.4\.0\n/m);
});

Deno.test("interrupted after the final dot, nobody can say, and no other host was asked", async () => {
  const { code, out, err } = await interrupted(["you@slow.test"], " -> .\n", { faults: faults("final:stall") });
  assertEquals([code, out.includes("fine.test, 127.0.0.1")], [130, false]);
  assertStringIncludes(err, "*** Interrupted while waiting for the reply to the message\n");
  assertStringIncludes(err, "*** you@slow.test: uncertain at the message with slow.test: interrupted; the message may");
});

Deno.test("interrupted in the wait for another round, it says what the host said", async () => {
  const greylisting = { faults: faults("rcpt:451 4.7.1 Greylisted") };
  const { code, err } = await interrupted(["you@slow.test"], "once more in", greylisting, [
    "--max-hosts",
    "1",
    "--retry",
    "1",
  ]);
  assertEquals(code, 130);
  assertMatch(
    err,
    /^\*\*\* Interrupted\n\*\*\* you@slow\.test: deferred at RCPT by slow\.test: 451 4\.7\.1 Greylisted/,
  );
});

Deno.test("interrupted in the wait for another try of a server that was named", async () => {
  await withSink(async ({ port }) => {
    const args = [
      "send",
      "-s",
      `127.0.0.1:${port}`,
      "-f",
      "me@x.test",
      "-t",
      "a@x.test",
      "-t",
      "b@x.test",
      "--retry",
      "1",
    ];
    const { code, out, err } = await plauschUntil(args, "once more in 5m", "SIGINT");
    assertEquals(code, 130);
    assertMatch(out, /^=== b@x\.test: accepted: 250/m);
    assertMatch(err, /^\*\*\* Interrupted\n\*\*\* a@x\.test: deferred at RCPT: 451 4\.7\.1 Greylisted/);
  }, { faults: faults("rcpt#1:451 4.7.1 Greylisted") });
});

Deno.test("interrupted, the JSON ends with the outcome all the same", async () => {
  const to = ["a@fine.test", "b@slow.test"];
  const { code, out, err } = await interrupted(to, "RCPT TO:<b@slow.test>", { faults: faults("rcpt:stall") }, [
    "--json",
  ]);
  const events = out.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals([code, err, events.at(-1).event], [130, "", "outcome"]);
  assertEquals(
    events.at(-1).recipients.map(({ address, verdict, host }: Record<string, unknown>) => [address, verdict, host]),
    [["a@fine.test", "accepted", "fine.test"], ["b@slow.test", "deferred", null]],
  );
});
