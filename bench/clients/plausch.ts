// plausch: one session, one call of `send` for each message, everything checked and encoded anew each time.
import * as Connect from "@plausch/net/connect";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import * as Outcome from "@plausch/session/outcome";
import * as Session from "@plausch/session/session";
import * as Domain from "@plausch/smtp/domain";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Workload from "../workload.ts";
import * as Job from "./job.ts";

const { port, messages, octets } = Job.read();
const message = Workload.message(octets);
const host = Result.getOrThrow(Domain.hostFromString(Workload.host));

const program = Effect.gen(function* () {
  const stop = Job.start();
  const session = yield* Session.open({ host });
  let accepted = 0;
  for (let i = 0; i < messages; i++) {
    const envelope = Result.getOrThrow(Envelope.make({ from: Workload.from, to: [Workload.to] }));
    const content = Result.getOrThrow(Content.make(message));
    const { recipients } = yield* session.send(envelope, content);
    accepted += Outcome.count(recipients).accepted;
  }
  const measured = stop(accepted);
  yield* session.quit;
  return measured;
});

const measured = await Effect.runPromise(
  program.pipe(Effect.provide(Connect.layer({ host: "127.0.0.1", port })), Effect.scoped),
);
Job.report(measured);
