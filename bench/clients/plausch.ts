// plausch through its public interface, with every check on: each message is an envelope and a content of its own, made anew.
import type { Errand } from "@plausch/delivery/carrier";
import * as Connect from "@plausch/net/connect";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import * as Outcome from "@plausch/session/outcome";
import { type Mail, sendMany } from "@plausch/session/send-many";
import * as Session from "@plausch/session/session";
import * as Domain from "@plausch/smtp/domain";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as Stream from "effect/Stream";
import * as Job from "./job.mjs";
import type { Measured } from "./job.ts";

const { mode, port, connections, messages, warmUp, file, host: name, from, to } = Job.read();
const host = Result.getOrThrow(Domain.hostFromString(name));
const chunk = 1 << 18;

/** The file in chunks: one buffer is enough, since each chunk is used before the next is asked for. */
const chunks = function* (): Generator<Uint8Array> {
  using opened = Deno.openSync(file);
  const buffer = new Uint8Array(chunk);
  for (let read = opened.readSync(buffer); read !== null; read = opened.readSync(buffer)) {
    yield buffer.subarray(0, read);
  }
};

const isStreamed = mode === "stream" || mode === "look";
const octets = isStreamed ? new Uint8Array() : Deno.readFileSync(file);
const source = Content.fromIterable(chunks);

const contents: Record<string, () => Effect.Effect<Content.Content, unknown>> = {
  stream: () => Effect.succeed(Content.stream(source, { eightBit: false })),
  look: () => Effect.map(Content.look(source), (facts) => Content.stream(source, facts)),
};
const whole = (): Content.Content => Result.getOrThrow(Content.make(octets));
const content = contents[mode] ?? (() => Effect.sync(whole));
const envelope = (): Envelope.Envelope => Result.getOrThrow(Envelope.make({ from, to }));

const mails = function* (count: number): Generator<Mail> {
  for (let i = 0; i < count; i++) yield { envelope: envelope(), content: whole() };
};

const isAccepted = ({ recipients }: Outcome.Outcome): number =>
  Outcome.count(recipients).accepted === to.length ? 1 : 0;

const bulk = (session: Session.Session, count: number) => {
  let accepted = 0;
  const judged = Stream.runForEachArray(sendMany(session, mails(count)), (sent) =>
    Effect.sync(() => {
      for (const { outcome } of sent) accepted += isAccepted(outcome);
    }));
  return Effect.map(judged, () => accepted);
};

const each = Effect.fnUntraced(function* (session: Session.Session, count: number) {
  let accepted = 0;
  for (let i = 0; i < count; i++) accepted += isAccepted(yield* session.send(envelope(), yield* content()));
  return accepted;
});

const send = mode === "bulk" ? bulk : each;
const connected = <A, E>(use: (session: Session.Session) => Effect.Effect<A, E>) =>
  Session.open({ host }).pipe(
    Effect.flatMap(use),
    Effect.provideService(Socket.Socket, Connect.make({ host: "127.0.0.1", port })),
    Effect.scoped,
  );

/** Each connection does its share; the watch stops before QUIT, which each says when all are done. */
const shared = Effect.gen(function* () {
  const share = messages / connections;
  let accepted = 0;
  let left = connections;
  let stop = Job.start();
  let measured = stop(0);
  yield* Effect.forEach(Array.from({ length: connections }), () =>
    connected((session) =>
      Effect.gen(function* () {
        if (warmUp > 0) {
          yield* send(session, warmUp);
          stop = Job.start();
        }
        // Not with +=, which would read the sum before it waits.
        const own = yield* send(session, share);
        accepted += own;
        if (--left === 0) measured = stop(accepted);
      })
    ), { concurrency: connections, discard: true });
  return measured;
});

/** QUIT is part of it: the next connection waits for it. */
const oneByOne = Effect.gen(function* () {
  const stop = Job.start();
  let accepted = 0;
  for (let i = 0; i < messages; i++) accepted += yield* connected((session) => each(session, 1));
  return stop(accepted);
});

/** A message for the server. Its socket is made where it is needed: for the few messages that a session is opened for. */
class ForServer implements Errand {
  readonly key = "server";
  readonly tls = "none";
  readonly tlsOptions = {};
  readonly mail: Mail = { envelope: envelope(), content: whole() };
  get socket(): Socket.Socket {
    return Connect.make({ host: "127.0.0.1", port });
  }
  observe(): void {}
}

/** Everybody is ready to go, as the messages of a program are that has many; the pool has the connections. */
const pooled = Effect.gen(function* () {
  // Only who uses it shall load it.
  const Pool = yield* Effect.promise(() => import("@plausch/delivery/pool"));
  const pool = yield* Pool.make({ host, maxPerHost: connections, maxMessages: Infinity });
  const stop = Job.start();
  let accepted = 0;
  yield* Effect.forEach(
    Array.from({ length: messages }),
    () =>
      Effect.suspend(() =>
        Effect.map(pool.carry(new ForServer()), (outcome) => {
          accepted += isAccepted(outcome);
        })
      ),
    { concurrency: 2 * connections, discard: true },
  );
  return stop(accepted);
});

const ways: Record<string, Effect.Effect<Measured, unknown, Scope.Scope>> = { connect: oneByOne, pool: pooled };
Job.report(await Effect.runPromise(Effect.scoped(ways[mode] ?? shared)));
