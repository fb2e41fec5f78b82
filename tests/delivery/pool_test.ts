import { assertEquals } from "@std/assert";
import type { Errand } from "@plausch/delivery/carrier";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as TestClock from "effect/testing/TestClock";
import { it } from "../support/it.ts";
import { accepted, begin, begun, mailTo, make, mock, next, opening, quit, settle, taken } from "./_pool.ts";

it("messages go over the session that stands, one after another, and QUIT is said at the end", () =>
  Effect.gen(function* () {
    const mx = yield* mock(opening + taken() + taken() + taken() + quit);
    const { carry, close, seen } = yield* make();
    for (let message = 0; message < 3; message++) {
      assertEquals(yield* carry(mx), { verdicts: [accepted], failure: undefined });
    }
    yield* close;
    yield* mx.verify;
    assertEquals(seen.filter((what) => !/MAIL|RCPT|DATA/.test(what)), [
      "1: Connected",
      "1: EHLO",
      "2: reused",
      "3: reused",
      "pool: QUIT",
      "pool: Closed",
    ]);
  }));

it("a socket is asked for where the host is dialled, and nowhere else", () =>
  Effect.gen(function* () {
    const mx = yield* mock(opening + taken() + taken() + "* server drops\n" + next + opening + taken() + quit);
    const { pool, close } = yield* make();
    let asked = 0;
    const errand: Errand = {
      key: "mx",
      get socket() {
        asked++;
        return mx.socket;
      },
      tls: "none",
      tlsOptions: {},
      mail: mailTo("b@d.test"),
      observe: () => {},
    };
    const times: Array<number> = [];
    for (let message = 0; message < 3; message++) {
      yield* pool.carry(errand);
      times.push(asked);
    }
    assertEquals(times, [1, 1, 2]);
    yield* close;
    yield* mx.verify;
  }));

it("behind a refused message RSET is said, and the session goes on", () =>
  Effect.gen(function* () {
    const refused = "> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<b@d.test>\n< 550 5.1.1 nobody\n";
    const mx = yield* mock(`${opening}${refused}> RSET\n< 250 ok\n${taken()}${quit}`);
    const { carry, close } = yield* make();
    assertEquals((yield* carry(mx)).verdicts, ["rejected rcpt 550"]);
    assertEquals((yield* carry(mx)).verdicts, [accepted]);
    yield* close;
    yield* mx.verify;
  }));

it("a session has so many messages, and then says QUIT without being waited for", () =>
  Effect.gen(function* () {
    const mx = yield* mock(
      `${opening}${taken()}${taken()}> QUIT\n~ 3 seconds\n< 221 bye\n${next}${opening}${taken()}${quit}`,
    );
    const { carry, close, seen } = yield* make({ maxMessages: 2, maxPerHost: 1 });
    yield* carry(mx);
    yield* carry(mx);
    // The host has one session at a time, and that one is still about to leave.
    const third = yield* begin(carry(mx));
    assertEquals(seen.includes("pool: QUIT"), true);
    assertEquals(seen.includes("3: Connected"), false);
    yield* TestClock.adjust("3 seconds");
    assertEquals((yield* Fiber.join(third)).verdicts, [accepted]);
    yield* close;
    yield* mx.verify;
  }));

it("MAILMAX of the server counts as well", () =>
  Effect.gen(function* () {
    const limited = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 LIMITS MAILMAX=1\n";
    const once = limited + taken() + quit;
    const mx = yield* mock(once + next + once);
    const { carry, close } = yield* make({ maxPerHost: 1 });
    assertEquals((yield* carry(mx)).verdicts, [accepted]);
    assertEquals((yield* carry(mx)).verdicts, [accepted]);
    yield* close;
    yield* mx.verify;
  }));

it("recipients beyond the limits of one connection go over further ones", () =>
  Effect.gen(function* () {
    const limited = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 LIMITS MAILMAX=1 RCPTMAX=1\n";
    const once = (to: string) => limited + taken(to) + quit;
    const mx = yield* mock(once("1@d.test") + next + once("2@d.test") + next + once("3@d.test"));
    const { carry, close } = yield* make();
    const mail = mailTo("1@d.test", "2@d.test", "3@d.test");
    assertEquals((yield* carry(mx, { mail })).verdicts, [accepted, accepted, accepted]);
    yield* close;
    yield* mx.verify;
  }));

it("a message for a domain too many goes over a session of its own", () =>
  Effect.gen(function* () {
    const limited = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 LIMITS RCPTDOMAINMAX=1\n";
    const once = (to: string) => limited + taken(to) + quit;
    const mx = yield* mock(once("1@d.test") + next + once("2@e.test"));
    const { carry, close, seen } = yield* make();
    assertEquals((yield* carry(mx, { mail: mailTo("1@d.test") })).verdicts, [accepted]);
    assertEquals((yield* carry(mx, { mail: mailTo("2@e.test") })).verdicts, [accepted]);
    yield* close;
    yield* mx.verify;
    assertEquals(seen.includes("2: replaced"), true);
  }));

it("an idle session says QUIT when its time is over, and no earlier", () =>
  Effect.gen(function* () {
    const mx = yield* mock(opening + taken() + taken() + quit + next + opening + taken() + quit);
    const { carry, close, seen } = yield* make({ idle: "20 seconds" });
    yield* TestClock.adjust("7 seconds");
    yield* carry(mx);
    yield* TestClock.adjust("19 seconds");
    yield* carry(mx);
    yield* TestClock.adjust("19999 millis");
    assertEquals(seen.includes("pool: QUIT"), false);
    yield* TestClock.adjust("1 millis");
    assertEquals(seen.includes("pool: Closed"), true);
    assertEquals((yield* carry(mx)).verdicts, [accepted]);
    yield* close;
    yield* mx.verify;
  }));

it("a session that may not be idle says QUIT at once", () =>
  Effect.gen(function* () {
    const mx = yield* mock(opening + taken() + quit);
    const { carry, seen } = yield* make({ idle: 0 });
    yield* carry(mx);
    yield* TestClock.adjust("1 millis");
    assertEquals(seen.includes("pool: Closed"), true);
    yield* mx.verify;
  }));

const dead: ReadonlyArray<readonly [how: string, then: string, wait?: string]> = [
  ["closed by the server", "* server closes\n"],
  ["reset by the server", "* server drops\n"],
  ["ended with 421 to MAIL", "> MAIL FROM:<a@c.test>\n< 421 4.4.2 idle for too long\n"],
  ["ended with 421 some time before MAIL", "* server stops listening\n~ 10 seconds\n< 421 4.4.2 idle for too long\n"],
  ["ended with words that answer nothing", "> MAIL FROM:<a@c.test>\n< 250 ok\n< 221 bye then\n"],
  ["reset behind MAIL", "> MAIL FROM:<a@c.test>\n< 250 ok\n* server drops\n"],
  ["reset behind DATA", `${begun()}* server drops\n`],
  ["silent at MAIL", "> MAIL FROM:<a@c.test>\n* server never answers\n"],
];
for (const [how, then] of dead) {
  it(`a session that was used before, and is ${how}, is replaced, and the message goes over a fresh one`, () =>
    Effect.gen(function* () {
      const mx = yield* mock(opening + taken() + then + next + opening + taken() + quit);
      const { carry, close, seen } = yield* make({ idle: "5 minutes" });
      assertEquals((yield* carry(mx)).verdicts, [accepted]);
      yield* TestClock.adjust("20 seconds");
      const second = yield* begin(carry(mx));
      yield* TestClock.adjust("5 minutes");
      assertEquals(yield* Fiber.join(second), { verdicts: [accepted], failure: undefined });
      yield* close;
      yield* mx.verify;
      const turns = seen.filter((what) => /reused|replaced|Connected/.test(what));
      assertEquals(turns, ["1: Connected", "2: reused", "2: replaced", "2: Connected"]);
    }));
}

it("between two chunks of a message nobody has it yet", () =>
  Effect.gen(function* () {
    const chunks = (...last: ReadonlyArray<string>) =>
      `${
        ["> MAIL FROM:<a@c.test>", "< 250 ok", "> RCPT TO:<b@d.test>", "< 250 ok", "> BDAT 2", "> hi\\"].join("\n")
      }\n${last.join("")}`;
    const whole = chunks("< 250 ok\n", "> BDAT 2 LAST\n", ">\n", "< 250 queued\n");
    const able = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 CHUNKING\n";
    const mx = yield* mock(able + whole + chunks("* server drops\n") + next + able + whole + quit);
    const { carry, close, seen } = yield* make({ chunking: 2 });
    assertEquals((yield* carry(mx)).verdicts, [accepted]);
    assertEquals((yield* carry(mx)).verdicts, [accepted]);
    yield* close;
    yield* mx.verify;
    assertEquals(seen.filter((what) => /replaced/.test(what)), ["2: replaced"]);
  }));

it("behind the final dot the message is uncertain, and goes over no other session", () =>
  Effect.gen(function* () {
    const mx = yield* mock(
      `${opening}${taken()}${begun()}< 354 go\n> hi\n> .\n* server drops\n${next}${opening}${taken()}${quit}`,
    );
    const { carry, close, seen } = yield* make();
    yield* carry(mx);
    const lost = "uncertain final ConnectionLost";
    assertEquals(yield* carry(mx), { verdicts: [lost], failure: "ConnectionLost final" });
    assertEquals(seen.filter((what) => what.startsWith("2: ")).at(-1), "2: Closed");
    // The broken one is not used again.
    assertEquals((yield* carry(mx)).verdicts, [accepted]);
    yield* close;
    yield* mx.verify;
  }));

it("421 in answer to the message is an answer: deferred, and not sent again", () =>
  Effect.gen(function* () {
    const mx = yield* mock(`${opening}${taken()}${begun()}< 354 go\n> hi\n> .\n< 421 4.3.2 going down\n`);
    const { carry, close } = yield* make();
    yield* carry(mx);
    assertEquals(yield* carry(mx), { verdicts: ["deferred final 421"], failure: undefined });
    yield* close;
    yield* mx.verify;
  }));

it("who was refused before the session died stays refused; the others are taken to a fresh one", () =>
  Effect.gen(function* () {
    const two = "> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<1@d.test>\n< 550 5.1.1 nobody\n> RCPT TO:<2@d.test>\n";
    const mx = yield* mock(`${opening}${taken()}${two}* server drops\n${next}${opening}${taken("2@d.test")}${quit}`);
    const { carry, close } = yield* make();
    yield* carry(mx);
    assertEquals(yield* carry(mx, { mail: mailTo("1@d.test", "2@d.test") }), {
      verdicts: ["rejected rcpt 550", accepted],
      failure: undefined,
    });
    yield* close;
    yield* mx.verify;
  }));

it("a fresh session that dies is not replaced: whether to go on is for others to decide", () =>
  Effect.gen(function* () {
    const mx = yield* mock(`${opening}> MAIL FROM:<a@c.test>\n* server drops\n${next}${opening}`);
    const { carry } = yield* make();
    assertEquals(yield* carry(mx), {
      verdicts: ["deferred mail ConnectionLost"],
      failure: "ConnectionLost mail",
    });
  }));

it("where the fresh session cannot be had either, that is the verdict", () =>
  Effect.gen(function* () {
    const mx = yield* mock(`${opening}${taken()}* server drops\n`);
    const { carry } = yield* make();
    yield* carry(mx);
    assertEquals(yield* carry(mx), {
      verdicts: ["deferred connect ConnectFailed"],
      failure: "ConnectFailed connect",
    });
  }));

it("a session that refuses is an outcome, and is not kept", () =>
  Effect.gen(function* () {
    const mx = yield* mock(`< 554 5.7.1 not you\n${quit}${next}${opening}${taken()}${quit}`);
    const { carry, close } = yield* make();
    assertEquals(yield* carry(mx), { verdicts: ["rejected greeting 554"], failure: undefined });
    assertEquals((yield* carry(mx)).verdicts, [accepted]);
    yield* close;
    yield* mx.verify;
  }));

const upgrade = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n";
const secured = `${upgrade}* tls starts\n> EHLO c.test\n< 250 mx\n`;

it("opportunistic: a handshake that fails is followed by a session in clear, which is kept", () =>
  Effect.gen(function* () {
    const clear = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 STARTTLS\n";
    const mx = yield* mock(`${upgrade}* tls fails\n${next}${clear}${taken()}${taken()}${quit}`);
    const { carry, close, seen } = yield* make();
    assertEquals((yield* carry(mx, { tls: "opportunistic" })).verdicts, [accepted]);
    assertEquals((yield* carry(mx, { tls: "opportunistic" })).verdicts, [accepted]);
    yield* close;
    yield* mx.verify;
    assertEquals(seen.filter((what) => /retry|reused/.test(what)), ["1: retry-in-clear", "2: reused"]);
  }));

it("errands whose keys differ never share a session", () =>
  Effect.gen(function* () {
    const strict = yield* mock(secured + taken() + taken() + quit);
    const lax = yield* mock(opening + taken() + taken() + quit);
    const { carry, close } = yield* make();
    for (let round = 0; round < 2; round++) {
      assertEquals((yield* carry(strict, { key: "mx required", tls: "required" })).verdicts, [accepted]);
      assertEquals((yield* carry(lax, { key: "mx none" })).verdicts, [accepted]);
    }
    yield* close;
    yield* strict.verify;
    yield* lax.verify;
  }));

it("with its scope all idle sessions say QUIT at once, and none is waited for without end", () =>
  Effect.gen(function* () {
    const silent = `${opening}${taken()}> QUIT\n* server never answers\n`;
    const { carry, close, seen } = yield* make();
    for (const key of ["1", "2", "3"]) yield* carry(yield* mock(silent), { key });
    const closing = yield* begin(close);
    assertEquals(seen.filter((what) => what === "pool: QUIT").length, 3);
    yield* TestClock.adjust("5 seconds");
    yield* Fiber.join(closing);
    assertEquals(seen.filter((what) => what === "pool: Closed").length, 3);
  }));

it("with its scope a message that is under way is cut off, with what is known; later ones are not begun", () =>
  Effect.gen(function* () {
    const mx = yield* mock(`${opening}${begun()}< 354 go\n> hi\n> .\n* server never answers\n`);
    const { carry, close } = yield* make({ maxPerHost: 1 });
    const under = yield* begin(carry(mx));
    const behind = yield* begin(carry(mx));
    yield* close;
    assertEquals(yield* Fiber.join(under), {
      verdicts: ["uncertain final ConnectionLost"],
      failure: "ConnectionLost final",
    });
    const closed = { verdicts: ["deferred mail Closed"], failure: "Closed mail" };
    assertEquals(yield* Fiber.join(behind), closed);
    assertEquals(yield* carry(mx), closed);
  }));

it("with its scope a session that is about to be opened is cut off as well", () =>
  Effect.gen(function* () {
    const { carry, close, seen } = yield* make();
    const under = yield* begin(carry(yield* mock("* server never answers\n")));
    yield* close;
    assertEquals(yield* Fiber.join(under), {
      verdicts: ["deferred greeting ConnectionLost"],
      failure: "ConnectionLost greeting",
    });
    assertEquals(seen, ["1: Connected", "1: Closed", "1: Failed "]);
  }));

const stages: ReadonlyArray<readonly [stage: string, text: string, failed: ReadonlyArray<string>]> = [
  ["the greeting", "* server never answers\n", ["Failed "]],
  ["EHLO", "< 220 mx\n> EHLO c.test\n* server never answers\n", ["Failed "]],
  ["MAIL", `${opening}> MAIL FROM:<a@c.test>\n* server never answers\n`, ["Failed deferred mail Interrupted"]],
  ["DATA", `${opening}${begun()}* server never answers\n`, ["Failed deferred data Interrupted"]],
  ["the message", `${opening}${begun()}< 354 go\n> hi\n> .\n* server never answers\n`, [
    "Failed uncertain final Interrupted",
  ]],
];
for (const [stage, text, failed] of stages) {
  it(`interrupted at ${stage}: the connection is closed, what is known is told, the next message finds a place`, () =>
    Effect.gen(function* () {
      const mx = yield* mock(text + next + opening + taken() + quit);
      const { carry, close, seen } = yield* make({ maxPerHost: 1, maxSessions: 1 });
      const fiber = yield* begin(carry(mx));
      yield* Fiber.interrupt(fiber);
      assertEquals(seen.filter((what) => /Failed|Closed/.test(what)), [
        ...failed.map((what) => `1: ${what}`),
        "1: Closed",
      ]);
      assertEquals((yield* carry(mx)).verdicts, [accepted]);
      yield* close;
      yield* mx.verify;
    }));
}

it("interrupted while it waits for its turn, an errand leaves no trace", () =>
  Effect.gen(function* () {
    const mx = yield* mock(
      `${opening}> MAIL FROM:<a@c.test>\n~ 1 minute\n< 450 4.7.1 later\n${taken()}${quit}`,
    );
    const { carry, close, seen } = yield* make({ maxPerHost: 1 });
    const first = yield* begin(carry(mx));
    const second = yield* begin(carry(mx));
    const third = yield* begin(carry(mx));
    yield* Fiber.interrupt(second);
    yield* TestClock.adjust("1 minute");
    assertEquals((yield* Fiber.join(first)).verdicts, ["deferred mail 450"]);
    assertEquals((yield* Fiber.join(third)).verdicts, [accepted]);
    yield* close;
    yield* mx.verify;
    assertEquals(seen.filter((what) => what.startsWith("2: ")), []);
    yield* settle;
  }));
