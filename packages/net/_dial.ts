import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { constVoid } from "effect/Function";
import * as Socket from "effect/socket/Socket";
import * as net from "node:net";
import { coded, openFailed } from "./_errors.ts";
import type { ConnectOptions } from "./connect.ts";

const defaultTimeout = Duration.seconds(30);

const limitOf = ({ connectTimeout }: ConnectOptions): Duration.Duration =>
  connectTimeout === undefined ? defaultTimeout : Duration.fromInputUnsafe(connectTimeout);

/** Node gives each address of a name a quarter of a second by default: less than a round trip to the other side of the world. */
const attemptMilliseconds = 3000;

const socketOptions = (options: ConnectOptions): net.NetConnectOpts => {
  if (options.path !== undefined) return { path: options.path, allowHalfOpen: true };
  const out: net.TcpNetConnectOpts = {
    host: options.host,
    port: options.port,
    allowHalfOpen: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptMilliseconds,
  };
  const { family, localAddress } = options;
  return {
    ...out,
    ...(family === undefined ? {} : { family }),
    ...(localAddress === undefined ? {} : { localAddress }),
  };
};

/** Why there is no connection, and nothing else, in time. */
const tooLate = (late: string, limit: Duration.Duration): Socket.SocketError =>
  openFailed(coded("ETIMEDOUT", `${late} after ${Duration.format(limit)}`));

/** A timer of its own, since to race two fibers takes several times the octets and the time. */
const establish = (options: ConnectOptions, created: (socket: net.Socket) => void) =>
  Effect.suspend(() => {
    const limit = limitOf(options);
    return Effect.flatMap(Effect.forkChild(Effect.sleep(limit), { startImmediately: true }), (timer) =>
      Effect.callback<net.Socket, Socket.SocketError>((resume) => {
        const settle = (result: Effect.Effect<net.Socket, Socket.SocketError>): void => {
          timer.interruptUnsafe();
          resume(result);
        };
        let socket: net.Socket;
        try {
          socket = net.createConnection(socketOptions(options));
        } catch (cause) {
          return settle(Effect.fail(openFailed(cause)));
        }
        created(socket);
        timer.addObserver((exit) => {
          if (Exit.isFailure(exit)) {
            return;
          }
          socket.destroy();
          resume(Effect.fail(tooLate("No connection", limit)));
        });
        const onError = (cause: Error) =>
          settle(Effect.fail(openFailed(cause)));
        socket.on("error", constVoid).once("error", onError);
        socket.once("connect", () => {
          socket.off("error", onError);
          settle(Effect.succeed(socket));
        });
        return Effect.sync(() => {
          timer.interruptUnsafe();
          socket.destroy();
        });
      }));
  });

/** What must not take longer than a connection may; every failure of it is one to open. `late` says what there is not, if it does. */
export const inTime = <A, E>(
  options: ConnectOptions,
  effect: Effect.Effect<A, E>,
  late: string,
): Effect.Effect<A, Socket.SocketError> => {
  const duration = limitOf(options);
  const opened = Effect.mapError(effect, (cause) => isOpenFailure(cause) ? cause : openFailed(cause));
  return Effect.timeoutOrElse(opened, { duration, orElse: () => Effect.fail(tooLate(late, duration)) });
};

const isOpenFailure = (cause: unknown): cause is Socket.SocketError =>
  Socket.isSocketError(cause) && cause.reason._tag === "SocketOpenError";

/** What asks the system is loaded only where a source address was named. */
const isOwn = (address: string): Effect.Effect<void, unknown> =>
  Effect.flatMap(
    Effect.tryPromise({ try: () => import("./_bind_check.ts"), catch: (cause) => cause }),
    ({ bindable }) => bindable(address, 0),
  );

/** Dials, within the time given. `created` learns of the socket as soon as there is one, so that its owner can destroy it. */
export const dial = (
  options: ConnectOptions,
  created: (socket: net.Socket) => void,
): Effect.Effect<net.Socket, Socket.SocketError> => {
  const localAddress = options.path === undefined ? options.localAddress : undefined;
  const established = establish(options, created);
  if (localAddress === undefined || net.isIP(localAddress) === 0) return established;
  return Effect.andThen(Effect.mapError(isOwn(localAddress), openFailed), established);
};
