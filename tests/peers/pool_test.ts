/** The pool of sessions against servers that other people wrote: few connections, every message there once. */
import * as Pool from "@plausch/delivery/pool";
import * as Connect from "@plausch/net/connect";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import * as Timeouts from "@plausch/session/timeouts";
import * as Domain from "@plausch/smtp/domain";
import { assert, assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { copies, newMark, type Peer, type PeerName, peerTest, stored } from "./_peers.ts";
import { letter } from "./_send.ts";

const host = Result.getOrThrow(Domain.hostFromString("client.plausch.test"));
const count = 45;

/** Sends messages with these marks, six at a time, over two sessions with ten messages each. */
const sendAll = (peer: Peer, marks: ReadonlyArray<string>, recipient: (index: number) => string) =>
  Effect.gen(function* () {
    const seen = { connections: 0, dead: 0 };
    const pool = yield* Pool.make({ host, maxPerHost: 2, maxMessages: 10, timeouts: Timeouts.all("10 seconds") });
    const verdicts = yield* Effect.forEach(marks, (mark, index) =>
      pool.carry({
        key: peer.name,
        socket: Connect.make({ host: peer.host, port: peer.port }),
        tls: "none",
        tlsOptions: {},
        mail: {
          envelope: Result.getOrThrow(Envelope.make({ from: "sender@client.plausch.test", to: [recipient(index)] })),
          content: Result.getOrThrow(Content.make(letter(mark))),
        },
        observe: (event) => {
          if (event._tag === "Connected") seen.connections++;
          if (event._tag === "Turned" && event.turn === "replaced") seen.dead++;
        },
      }).pipe(Effect.map(({ recipients: [outcome] }) => outcome!.verdict)), { concurrency: 6 });
    return { verdicts, seen };
  }).pipe(Effect.scoped, Effect.runPromise);

const peers: ReadonlyArray<PeerName> = ["postfix", "opensmtpd", "smtp-server", "aiosmtpd"];
for (const name of peers) {
  peerTest(`${name}: many messages over few sessions, each there once`, [name], async ({ [name]: peer }) => {
    const marks = Array.from({ length: count }, newMark);
    const { verdicts, seen } = await sendAll(peer!, marks, () => "bob@plausch.test");
    assertEquals(verdicts, marks.map(() => "accepted"));
    // Each session has ten, and the last two have what is left.
    assert(seen.connections >= 5 && seen.connections <= 6, `${seen.connections} connections`);
    assertEquals(seen.dead, 0);
    await stored(peer!, marks.at(-1)!);
    for (const mark of marks) assertEquals((await copies(peer!, mark)).length, 1, mark);
  });
}

peerTest("postfix: what it refuses does not cost a session", ["postfix"], async ({ postfix }) => {
  const marks = Array.from({ length: 9 }, newMark);
  const to = (index: number) => index % 3 === 1 ? "reject550@plausch.test" : "bob@plausch.test";
  const { verdicts, seen } = await sendAll(postfix, marks, to);
  assertEquals(verdicts, marks.map((_, index) => index % 3 === 1 ? "rejected" : "accepted"));
  assert(seen.connections <= 2, `${seen.connections} connections`);
});
