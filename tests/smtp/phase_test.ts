import * as Phase from "@plausch/smtp/phase";
import type { Severity } from "@plausch/smtp/reply";
import { assert, assertEquals } from "@std/assert";

const phases = [
  "connected",
  "greeted",
  "handshake",
  "ready",
  "auth",
  "mail",
  "rcpt",
  "data",
  "bdat",
  "reset",
  "closed",
] as const;
const severities = ["positive", "intermediate", "transient", "permanent"] as const;

type Turns = { readonly [P in Phase.Phase]?: string };

/** RFC 5321 section 4.1.1.1: at any time, and it is RSET, too. A refusal changes nothing (section 4.1.4). */
const hello: Turns = {
  greeted: "ready greeted greeted greeted",
  ready: "ready ready ready ready",
  mail: "ready mail mail mail",
  rcpt: "ready rcpt rcpt rcpt",
  bdat: "ready bdat bdat bdat",
  reset: "ready reset reset reset",
};

/** RFC 5321 section 4.1.4: at any time, also before EHLO. */
const question: Turns = {
  greeted: "greeted greeted greeted greeted",
  ready: "ready ready ready ready",
  mail: "mail mail mail mail",
  rcpt: "rcpt rcpt rcpt rcpt",
  bdat: "bdat bdat bdat bdat",
  reset: "reset reset reset reset",
};

/**
 * For each verb and each phase in which it is legal: the phases after 2yz, 3yz, 4yz and 5yz. Written by hand from RFC 5321,
 * RFC 1985, RFC 2033, RFC 3030, RFC 3207, RFC 4954, and what Postfix says of XCLIENT and XFORWARD.
 */
const expected: { readonly [V in Phase.Verb]: Turns } = {
  GREETING: { connected: "greeted connected connected connected" },
  HELO: hello,
  EHLO: hello,
  LHLO: hello,
  STARTTLS: { ready: "handshake ready ready ready" },
  HANDSHAKE: { handshake: "greeted handshake closed closed" },
  AUTH: { ready: "ready auth ready ready" },
  RESPONSE: { auth: "ready auth ready ready" },
  XCLIENT: { greeted: "greeted greeted greeted greeted", ready: "greeted ready ready ready" },
  XFORWARD: { ready: "ready ready ready ready" },
  MAIL: { ready: "mail ready ready ready" },
  RCPT: { mail: "rcpt mail mail mail", rcpt: "rcpt rcpt rcpt rcpt" },
  DATA: { rcpt: "rcpt data rcpt rcpt" },
  MESSAGE: { data: "ready closed ready ready" },
  BDAT: { rcpt: "bdat rcpt reset reset", bdat: "bdat bdat reset reset" },
  LAST: { rcpt: "ready rcpt reset reset", bdat: "ready bdat reset reset" },
  RSET: { ...hello, greeted: "greeted greeted greeted greeted" },
  NOOP: question,
  VRFY: question,
  EXPN: question,
  HELP: question,
  ETRN: { ready: "ready ready ready ready" },
  QUIT: {
    connected: "closed closed closed closed",
    greeted: "closed closed closed closed",
    ready: "closed closed closed closed",
    mail: "closed closed closed closed",
    rcpt: "closed closed closed closed",
    bdat: "closed closed closed closed",
    reset: "closed closed closed closed",
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

Deno.test("where only one thing can be said", () => {
  const legal = (phase: Phase.Phase) => verbs.filter((verb) => Phase.isLegal(phase, verb));
  assertEquals(legal("closed"), []);
  assertEquals(legal("data"), ["MESSAGE"]);
  assertEquals(legal("handshake"), ["HANDSHAKE"]);
  assertEquals(legal("auth"), ["RESPONSE"]);
  assertEquals(legal("connected"), ["GREETING", "QUIT"]);
});

Deno.test("a verb that is not legal changes nothing", () => {
  for (const verb of verbs) {
    for (const phase of phases.filter((phase) => !Phase.isLegal(phase, verb))) {
      for (const severity of severities) assertEquals(Phase.after(phase, verb, severity), phase);
    }
  }
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

type Turn = readonly [Phase.Verb, Severity, Phase.Phase];

const conversations: { readonly [name: string]: ReadonlyArray<Turn> } = {
  "the transaction of RFC 5321 appendix D.1, with a recipient refused and another sent after it": [
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
  ],
  "submission: STARTTLS, EHLO again, AUTH at the second attempt (RFC 3207 section 4.2, RFC 4954 section 4)": [
    ["GREETING", "positive", "greeted"],
    ["EHLO", "positive", "ready"],
    ["STARTTLS", "positive", "handshake"],
    ["HANDSHAKE", "positive", "greeted"],
    ["EHLO", "positive", "ready"],
    ["AUTH", "intermediate", "auth"],
    ["RESPONSE", "intermediate", "auth"],
    ["RESPONSE", "permanent", "ready"],
    ["AUTH", "positive", "ready"],
    ["MAIL", "positive", "mail"],
  ],
  "a chunk that fails: nothing but RSET leads on (RFC 3030 section 2)": [
    ["GREETING", "positive", "greeted"],
    ["EHLO", "positive", "ready"],
    ["MAIL", "positive", "mail"],
    ["RCPT", "positive", "rcpt"],
    ["BDAT", "positive", "bdat"],
    ["BDAT", "permanent", "reset"],
    ["RSET", "positive", "ready"],
    ["MAIL", "positive", "mail"],
    ["RCPT", "positive", "rcpt"],
    ["LAST", "transient", "reset"],
    ["RSET", "positive", "ready"],
    ["MAIL", "positive", "mail"],
    ["RCPT", "positive", "rcpt"],
    ["BDAT", "positive", "bdat"],
    ["RSET", "positive", "ready"],
  ],
  "a proxy in front of a server: two XCLIENT, EHLO again, XFORWARD (Postfix)": [
    ["GREETING", "positive", "greeted"],
    ["EHLO", "positive", "ready"],
    ["XCLIENT", "positive", "greeted"],
    ["XCLIENT", "positive", "greeted"],
    ["EHLO", "positive", "ready"],
    ["XFORWARD", "positive", "ready"],
    ["ETRN", "permanent", "ready"],
  ],
};

for (const [name, conversation] of Object.entries(conversations)) {
  Deno.test(name, () => {
    let phase: Phase.Phase = "connected";
    for (const [verb, severity, next] of conversation) {
      assert(Phase.isLegal(phase, verb), verb);
      phase = Phase.after(phase, verb, severity);
      assertEquals(phase, next);
    }
  });
}

Deno.test("after a chunk, the message cannot be sent otherwise, nor somebody be added", () => {
  for (const verb of ["DATA", "RCPT", "MAIL"] as const) {
    assert(!Phase.isLegal("bdat", verb));
    assert(!Phase.isLegal("reset", verb));
  }
  for (const verb of ["BDAT", "LAST"] as const) {
    assert(!Phase.isLegal("reset", verb));
    assert(!Phase.isLegal("ready", verb));
    assert(!Phase.isLegal("mail", verb));
  }
});
