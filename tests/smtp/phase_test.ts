import * as Phase from "@plausch/smtp/phase";
import type { Severity } from "@plausch/smtp/reply";
import { assert, assertEquals } from "@std/assert";

const phases = ["connected", "greeted", "ready", "mail", "rcpt", "data", "closed"] as const;
const severities = ["positive", "intermediate", "transient", "permanent"] as const;

/** For each verb and each phase in which it is legal: the phases after 2yz, 3yz, 4yz and 5yz. Written by hand from the RFC. */
const expected: { readonly [V in Phase.Verb]: { readonly [P in Phase.Phase]?: string } } = {
  GREETING: { connected: "greeted connected connected connected" },
  HELO: {
    greeted: "ready greeted greeted greeted",
    ready: "ready ready ready ready",
    mail: "ready mail mail mail",
    rcpt: "ready rcpt rcpt rcpt",
  },
  EHLO: {
    greeted: "ready greeted greeted greeted",
    ready: "ready ready ready ready",
    mail: "ready mail mail mail",
    rcpt: "ready rcpt rcpt rcpt",
  },
  MAIL: { ready: "mail ready ready ready" },
  RCPT: { mail: "rcpt mail mail mail", rcpt: "rcpt rcpt rcpt rcpt" },
  DATA: { rcpt: "rcpt data rcpt rcpt" },
  MESSAGE: { data: "ready closed ready ready" },
  RSET: {
    greeted: "greeted greeted greeted greeted",
    ready: "ready ready ready ready",
    mail: "ready mail mail mail",
    rcpt: "ready rcpt rcpt rcpt",
  },
  NOOP: {
    greeted: "greeted greeted greeted greeted",
    ready: "ready ready ready ready",
    mail: "mail mail mail mail",
    rcpt: "rcpt rcpt rcpt rcpt",
  },
  VRFY: {
    greeted: "greeted greeted greeted greeted",
    ready: "ready ready ready ready",
    mail: "mail mail mail mail",
    rcpt: "rcpt rcpt rcpt rcpt",
  },
  HELP: {
    greeted: "greeted greeted greeted greeted",
    ready: "ready ready ready ready",
    mail: "mail mail mail mail",
    rcpt: "rcpt rcpt rcpt rcpt",
  },
  QUIT: {
    connected: "closed closed closed closed",
    greeted: "closed closed closed closed",
    ready: "closed closed closed closed",
    mail: "closed closed closed closed",
    rcpt: "closed closed closed closed",
  },
};

const verbs = Object.keys(expected) as ReadonlyArray<Phase.Verb>;

Deno.test("the table has a row for each verb, and no other", () => {
  assertEquals(Object.keys(Phase.table).sort(), verbs.toSorted());
});

for (const verb of verbs) {
  Deno.test(`${verb} is legal in its phases and leads where its reply says`, () => {
    for (const phase of phases) {
      const next = expected[verb][phase];
      assertEquals(Phase.isLegal(phase, verb), next !== undefined, phase);
      const after = severities.map((severity) => Phase.after(phase, verb, severity));
      assertEquals(after, next === undefined ? severities.map(() => phase) : next.split(" "), phase);
    }
  });
}

Deno.test("nothing can be said on a closed connection, and only the message after 354", () => {
  assertEquals(verbs.filter((verb) => Phase.isLegal("closed", verb)), []);
  assertEquals(verbs.filter((verb) => Phase.isLegal("data", verb)), ["MESSAGE"]);
});

/** Every phase that some conversation from here on can come to. */
const reach = (from: Phase.Phase): ReadonlySet<Phase.Phase> => {
  const found = new Set([from]);
  for (const phase of found) {
    for (const verb of verbs) for (const severity of severities) found.add(Phase.after(phase, verb, severity));
  }
  return found;
};

Deno.test("every phase can be reached, and none is a dead end", () => {
  assertEquals([...reach("connected")].sort(), phases.toSorted());
  for (const phase of phases) assert(reach(phase).has("closed"), phase);
});

Deno.test("the transaction of RFC 5321 appendix D.1, with a recipient refused and another sent after it", () => {
  const conversation: ReadonlyArray<readonly [Phase.Verb, Severity, Phase.Phase]> = [
    ["GREETING", "positive", "greeted"],
    ["EHLO", "positive", "ready"],
    ["MAIL", "positive", "mail"],
    ["RCPT", "positive", "rcpt"],
    ["RCPT", "permanent", "rcpt"],
    ["RCPT", "positive", "rcpt"],
    ["DATA", "intermediate", "data"],
    ["MESSAGE", "positive", "ready"],
    ["MAIL", "transient", "ready"],
    ["QUIT", "positive", "closed"],
  ];
  let phase: Phase.Phase = "connected";
  for (const [verb, severity, next] of conversation) {
    assert(Phase.isLegal(phase, verb), verb);
    phase = Phase.after(phase, verb, severity);
    assertEquals(phase, next);
  }
});
