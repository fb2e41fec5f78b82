// A session that was used before is cut off at each octet that the server says for the second message.
import { assert, assertEquals } from "@std/assert";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { it } from "../support/it.ts";
import { accepted, make, mock, opening, quit, taken } from "./_pool.ts";

const piped = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 PIPELINING\n";
const flight =
  "> MAIL FROM:<a@c.test>\n> RCPT TO:<b@d.test>\n> DATA\n< 250 ok\n< 250 ok\n< 354 go\n> hi\n> .\n< 250 queued\n";

const ways: ReadonlyArray<readonly [way: string, opening: string, message: string]> = [
  ["in lock step", opening, taken()],
  ["in one flight", piped, flight],
];
const octetsOf = (text: string): number => Transcript.serverOctets(Result.getOrThrow(Transcript.parse(text)));

for (const [way, begin, message] of ways) {
  it(`cut off at every octet, ${way}: one server at the most has the message, and the verdict is right`, () =>
    Effect.gen(function* () {
      const once = octetsOf(begin + message);
      const all = octetsOf(begin + message + message);
      /** From here on the client may say the dot, and nobody can tell whether it was heard. */
      const mayEnd = all - "250 queued\r\n".length;
      for (let cutAfter = once; cutAfter <= all; cutAfter++) {
        const { carry, close } = yield* make();
        const script = Result.getOrThrow(Transcript.parse(begin + message + message));
        const old = yield* MockSocket.make(script, { cutAfter });
        const fresh = yield* mock(begin + message + quit);
        yield* carry(old);
        const { verdicts } = yield* carry(fresh);
        yield* close;
        const dots = (heard: ReadonlyArray<string>) => heard.filter((line) => line === ".").length;
        const times = dots(yield* old.heard) - 1 + dots(yield* fresh.heard);
        const what = cutAfter < mayEnd ? "replaced" : cutAfter < all ? "uncertain" : "accepted";
        assertEquals(verdicts, [what === "uncertain" ? "uncertain final ConnectionLost" : accepted], `at ${cutAfter}`);
        assert(what === "uncertain" ? times <= 1 : times === 1, `at ${cutAfter}: ${times} times`);
        assertEquals((yield* fresh.heard).length > 0, what === "replaced", `at ${cutAfter}`);
      }
    }));
}
