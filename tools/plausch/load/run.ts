/**
 * The load itself: connections that send messages out of one pool, each as fast as its server answers.
 *
 * @module
 */
import * as Connect from "@plausch/net/connect";
import type { RecipientOutcome } from "@plausch/session/outcome";
import { sendMany } from "@plausch/session/send-many";
import * as Session from "@plausch/session/session";
import type { SessionError } from "@plausch/session/session-error";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as TlsLevel from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import type { NonEmptyReadonlyArray } from "effect/Array";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import type * as Pull from "effect/Pull";
import type * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as Stream from "effect/Stream";
import type { Destination } from "../chat.ts";
import type { Security } from "../send/tls.ts";
import type { LoadMail, Mails } from "./mails.ts";
import type { Pace, Pool } from "./pool.ts";
import * as Stopwatch from "./stopwatch.ts";
import * as Tally from "./tally.ts";

/** What to do. */
export interface Load {
  /** The addresses to try in their order; what the first connection came to is used from then on. */
  readonly destinations: ReadonlyArray<Destination>;
  /** How each session is held. */
  readonly options: Omit<Session.Options, "observe" | "tls" | "tlsOptions">;
  /** How it is encrypted. */
  readonly security: Security;
  /** How many connections to have at a time. */
  readonly connections: number;
  /** Whether each message has a connection of its own. */
  readonly newConnection: boolean;
  /** The messages. */
  readonly mails: Mails;
  /** How many are left. */
  readonly pool: Pool;
  /** How fast; undefined: as fast as the server takes them. */
  readonly pace: Pace | undefined;
  /** The time in microseconds. */
  readonly now: () => number;
}

/** Messages of one connection. */
interface Share {
  taken: number;
  settled: number;
  /** Whether the server takes no more on this connection. */
  isFull: boolean;
  /** That of the connection it has now. */
  stopwatch: Stopwatch.Stopwatch;
}

const connect = (destination: Destination, { options, security }: Load, tlsOptions: TlsOptions): Socket.Socket =>
  Connect.make({
    ...("path" in destination ? destination : { host: destination.host, port: destination.port }),
    connectTimeout: options.timeouts?.connect,
    tls: security.implicit === undefined
      ? undefined
      : { ...tlsOptions, rejectUnauthorized: TlsLevel.needsProof(security.level) },
  });

/** Runs the load until no message is left, or no connection can be had. All that happens goes into `tally`. */
export const run = (load: Load, tally: Tally.Tally): Effect.Effect<void, GrammarError> => {
  const { destinations, mails, pool, pace, now } = load;
  let preferred = 0;

  const watch = (): Stopwatch.Stopwatch =>
    Stopwatch.make(now, (stage, micros) => {
      if (stage === "connect") tally.connections++;
      tally.times[stage].record(micros);
    });

  const open = (share: Share, at = preferred): Effect.Effect<Session.Session, SessionError, Scope.Scope> =>
    Effect.suspend(() => {
      const destination = destinations[at]!;
      const tlsOptions: TlsOptions = {
        timeout: load.options.timeouts?.tls,
        ...load.security.options,
        servername: load.security.options.servername ?? ("path" in destination ? undefined : destination.name),
      };
      share.stopwatch = watch();
      const options = { ...load.options, tls: load.security.level, tlsOptions, observe: share.stopwatch.observe };
      return Session.open(options).pipe(
        Effect.provideService(Socket.Socket, connect(destination, load, tlsOptions)),
        Effect.tap(() =>
          Effect.sync(() => {
            preferred = at;
          })
        ),
        Effect.catchTag(
          "SessionError",
          (error) =>
            error.stage === "connect" && tally.connections === 0 && at + 1 < destinations.length
              ? open(share, at + 1)
              : Effect.fail(error),
        ),
      );
    });

  /** Timers count in whole milliseconds, and may be early. */
  const until = (time: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const wait = Math.ceil((time - now()) / 1000);
      return wait > 0 ? Effect.andThen(Effect.sleep(wait), until(time)) : Effect.void;
    });

  /**
   * A message that had to wait for its time is late by the timer of this machine alone, so its time begins now; one that was due
   * already has been waiting for the server.
   */
  const begin = (mail: LoadMail, askedAt: number): LoadMail => mail.since > askedAt ? { ...mail, since: now() } : mail;

  const take = (share: Share, since: number): LoadMail => {
    share.taken++;
    tally.begun++;
    return mails.make(pool.take(), since);
  };

  const giveBack = (share: Share, count: number): void => {
    share.taken -= count;
    tally.begun -= count;
    pool.giveBack(count);
  };

  const settle = (share: Share, mail: LoadMail, recipients: Recipients): void => {
    // It was never said: another connection takes it.
    if (recipients.every(({ reason }) => reason === "SessionLimit")) {
      share.isFull = true;
      return giveBack(share, 1);
    }
    share.settled++;
    const at = share.stopwatch.verdictAt(recipients);
    if (at !== undefined) tally.times.message.record(at - mail.since);
    tally.end = Math.max(tally.end, at ?? now());
    Tally.settle(tally, recipients, mail.content.size ?? 0);
  };

  /** As fast as they can be sent: each is made at the moment in which it goes out. */
  const atOnce = function* (share: Share): Generator<LoadMail> {
    while (pool.left > 0 && !share.isFull) yield take(share, now());
  };

  /** No faster than the pace: what is due together goes together, as long as that leaves something for the other connections. */
  const paced = (share: Share, pace: Pace): Stream.Stream<LoadMail> => {
    const most = Math.max(1, Math.ceil(64 / load.connections));
    const pull: Pull.Pull<NonEmptyReadonlyArray<LoadMail>> = Effect.suspend(() => {
      if (pool.left === 0 || share.isFull) return Cause.done();
      const askedAt = now();
      const first = take(share, pace.next());
      return Effect.map(until(first.since), () => {
        const due: [LoadMail, ...Array<LoadMail>] = [begin(first, askedAt)];
        while (due.length < most && pool.left > 0 && pace.isDue(now())) {
          due.push(begin(take(share, pace.next()), askedAt));
        }
        return due;
      });
    });
    return Stream.fromPull(Effect.succeed(pull));
  };

  /** One connection, and as many messages as it takes. */
  const bulk = (share: Share): Connection =>
    Effect.gen(function* () {
      const session = yield* open(share);
      const source = pace === undefined ? atOnce(share) : paced(share, pace);
      const sent = Stream.runForEachArray(sendMany(session, source, { quit: true }), (sent) =>
        Effect.sync(() => {
          for (const { mail, outcome } of sent) settle(share, mail, outcome.recipients);
        }));
      yield* sent;
    });

  /** One connection, and one message. */
  const single = (share: Share): Connection =>
    Effect.gen(function* () {
      const askedAt = now();
      const mail = take(share, pace?.next() ?? askedAt);
      yield* until(mail.since);
      const due = begin(mail, askedAt);
      const session = yield* open(share);
      const begun = pace === undefined ? { ...mail, since: now() } : due;
      const { recipients } = yield* session.send(mail.envelope, mail.content).pipe(
        Effect.tapErrorTag("SessionError", ({ recipients }) => Effect.sync(() => settle(share, begun, recipients))),
      );
      settle(share, begun, recipients);
      yield* session.quit;
    });

  const connection = load.newConnection ? single : bulk;

  /** Connections one after another, until nothing is left, or one comes to nothing. */
  const worker: Effect.Effect<void, GrammarError> = Effect.suspend(() => {
    if (pool.left === 0) return Effect.void;
    const share: Share = { taken: 0, settled: 0, isFull: false, stopwatch: watch() };
    const failed = (error: SessionError) =>
      Effect.sync(() => {
        Tally.fail(tally, error);
        // What was taken ahead of the conversation was never said.
        giveBack(share, share.taken - share.settled);
      });
    return connection(share).pipe(
      Effect.scoped,
      Effect.catchTag("SessionError", failed),
      Effect.andThen(Effect.suspend(() => share.settled > 0 ? worker : Effect.void)),
    );
  });

  return Effect.forEach(Array.from({ length: Math.min(load.connections, pool.left) }), () => worker, {
    concurrency: "unbounded",
    discard: true,
  });
};

type Connection = Effect.Effect<void, SessionError | GrammarError, Scope.Scope>;

type Recipients = ReadonlyArray<RecipientOutcome>;
