import * as Socket from "effect/socket/Socket";

/** An error of our own in the shape of the system's: with a `code` that programs can look at. */
export const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });

/** An error that is made when somebody asks for it. Effect's are dear to make, and of a connection that ends as it should nobody asks. */
export type Lazy = () => Socket.SocketError;

/** Makes an error at most once. */
export const lazy = (make: Lazy): Lazy => {
  let made: Socket.SocketError | undefined;
  return () => made ??= make();
};

/** The reason is over: 1000 when the peer said so, 1006 when this side tore the connection down. */
export const closed = (code: number, closeReason?: string): Socket.SocketError =>
  new Socket.SocketError({
    reason: new Socket.SocketCloseError(closeReason === undefined ? { code } : { code, closeReason }),
  });

/** The line broke while reading. */
export const readFailed = (cause: unknown): Socket.SocketError =>
  new Socket.SocketError({ reason: new Socket.SocketReadError({ cause }) });

/** Octets could not be sent. */
export const writeFailed = (cause: unknown): Socket.SocketError =>
  new Socket.SocketError({ reason: new Socket.SocketWriteError({ cause }) });

/** TLS could not be established. */
export const upgradeFailed = (cause: unknown): Socket.SocketError =>
  new Socket.SocketError({ reason: new Socket.SocketUpgradeError({ cause }) });

/** The connection could not be established. */
export const openFailed = (cause: unknown): Socket.SocketError => {
  const timedOut = (cause as { readonly code?: unknown } | undefined)?.code === "ETIMEDOUT";
  return new Socket.SocketError({
    reason: new Socket.SocketOpenError({ kind: timedOut ? "Timeout" : "Unknown", cause }),
  });
};
