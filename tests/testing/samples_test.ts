import { assert, assertEquals } from "@std/assert";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as TestClock from "effect/testing/TestClock";
import chunks from "../transcripts/chunks.txt" with { type: "text" };
import deliver from "../transcripts/deliver.txt" with { type: "text" };
import implicitTls from "../transcripts/implicit_tls.txt" with { type: "text" };
import lmtp from "../transcripts/lmtp.txt" with { type: "text" };
import lostAfterTheDot from "../transcripts/lost_after_the_dot.txt" with { type: "text" };
import noSmtp from "../transcripts/no_smtp.txt" with { type: "text" };
import pipelining from "../transcripts/pipelining.txt" with { type: "text" };
import scram from "../transcripts/scram.txt" with { type: "text" };
import slow from "../transcripts/slow.txt" with { type: "text" };
import starttls from "../transcripts/starttls.txt" with { type: "text" };
import starttlsBuffered from "../transcripts/starttls_buffered.txt" with { type: "text" };
import starttlsFails from "../transcripts/starttls_fails.txt" with { type: "text" };
import starttlsGlued from "../transcripts/starttls_glued.txt" with { type: "text" };
import starttlsRaced from "../transcripts/starttls_raced.txt" with { type: "text" };
import starttlsSilent from "../transcripts/starttls_silent.txt" with { type: "text" };
import tooBig from "../transcripts/too_big.txt" with { type: "text" };
import wrongName from "../transcripts/wrong_name.txt" with { type: "text" };
import { dialogues, toScript } from "../support/dialogue.ts";
import { it } from "../support/it.ts";
import { perfectClient } from "./_perfect_client.ts";

/** Challenges that are left open need a client that computes. */
const open = { scram };
const samples = {
  chunks,
  deliver,
  implicitTls,
  lmtp,
  lostAfterTheDot,
  noSmtp,
  pipelining,
  slow,
  starttls,
  starttlsBuffered,
  starttlsFails,
  starttlsGlued,
  starttlsRaced,
  starttlsSilent,
  tooBig,
  wrongName,
};

const scripts: ReadonlyArray<readonly [name: string, script: Transcript.Script]> = [
  ...Object.entries(samples).map(([name, text]) => [name, Result.getOrThrow(Transcript.parse(text))] as const),
  ...dialogues.map((dialogue) => [dialogue.id, toScript(dialogue)] as const),
];

/** Lets a client play its part, and time pass as fast as it can. */
const played = (peer: MockSocket.MockPeer, script: Transcript.Script) =>
  Effect.gen(function* () {
    const client = yield* Effect.forkChild(perfectClient(peer.socket, script));
    yield* TestClock.adjust("1 day");
    yield* Fiber.join(client);
  });

for (const [name, text] of Object.entries({ ...samples, ...open })) {
  Deno.test(`${name} is written as transcripts are`, () => {
    const said = text.split("\n").filter((line) => !line.startsWith("#")).join("\n");
    assertEquals(Transcript.format(Result.getOrThrow(Transcript.parse(text))), said);
  });
}

for (const [name, script] of scripts) {
  it(`${name}: a client that does what it should passes, in every chunking`, () =>
    Effect.gen(function* () {
      for (const chunking of ["whole", "octet", 3] as const) {
        const peer = yield* MockSocket.make(script, { chunking });
        yield* played(peer, script);
        yield* peer.verify;
      }
    }));

  if (script.every(({ _tag }) => _tag !== "Client")) continue;
  it(`${name}: one wrong octet, and it does not`, () =>
    Effect.gen(function* () {
      for (const [at, step] of script.entries()) {
        if (step._tag !== "Client") continue;
        const wrong = step.octets.map((octet, i) => i === step.octets.length >> 1 ? octet ^ 1 : octet);
        const peer = yield* MockSocket.make(script);
        const client = yield* Effect.forkChild(
          Effect.exit(perfectClient(peer.socket, script.with(at, { ...step, octets: wrong }))),
        );
        yield* TestClock.adjust("1 day");
        yield* Fiber.join(client);
        const error = yield* Effect.flip(peer.verify);
        assertEquals(error.reason, "Different");
        for (const line of error.message.split("\n")) assert(line.length <= 80, line);
      }
    }));
}

Deno.test("every dialogue is a script, and its client lines are what the script expects beside the message", () => {
  assertEquals(dialogues.length, 95);
  for (const { id, steps, clientLines } of dialogues) {
    const said = steps.flatMap((step) =>
      "client" in step ? step.client : "bdat" in step ? [`BDAT ${step.bdat[0]} LAST`] : []
    );
    assertEquals(clientLines.slice(0, said.length), said, id);
    // One client speaks to a server that has closed.
    assertEquals(clientLines.slice(said.length), id === "dlg-close-after-final" ? ["QUIT"] : [], id);
  }
});
