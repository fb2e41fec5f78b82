// plausch: one session, all messages through `sendMany`, everything checked and encoded anew for each.
import * as Connect from "@plausch/net/connect";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import * as Outcome from "@plausch/session/outcome";
import { type Mail, sendMany } from "@plausch/session/send-many";
import * as Session from "@plausch/session/session";
import * as Domain from "@plausch/smtp/domain";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Stream from "effect/Stream";
import * as Workload from "../workload.ts";
import * as Job from "./job.ts";

const { port, messages, octets } = Job.read();
const message = Workload.message(octets);
const host = Result.getOrThrow(Domain.hostFromString(Workload.host));

function* mails(): Generator<Mail> {
  for (let i = 0; i < messages; i++) {
    yield {
      envelope: Result.getOrThrow(Envelope.make({ from: Workload.from, to: [Workload.to] })),
      content: Result.getOrThrow(Content.make(message)),
    };
  }
}

const program = Effect.gen(function* () {
  const stop = Job.start();
  const session = yield* Session.open({ host });
  let accepted = 0;
  yield* Stream.runForEachArray(sendMany(session, mails()), (sent) =>
    Effect.sync(() => {
      for (const { outcome } of sent) accepted += Outcome.count(outcome.recipients).accepted;
    }));
  const measured = stop(accepted);
  yield* session.quit;
  return measured;
});

const measured = await Effect.runPromise(
  program.pipe(Effect.provide(Connect.layer({ host: "127.0.0.1", port })), Effect.scoped),
);
Job.report(measured);
