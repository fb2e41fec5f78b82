/**
 * Why a connection or a listener could not be opened, in words for people.
 *
 * Systems answer with short codes, runtimes with others. {@linkcode explain} finds the code inside a `SocketError`, a `ListenError` or a
 * bare system error, or the `TlsError` of a handshake, and says what it means and what to try.
 *
 * @example
 * ```ts
 * import * as Connect from "@plausch/net/connect";
 * import * as OpenFailure from "@plausch/net/open-failure";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const socket = Connect.make({ host: "127.0.0.1", port: 1 });
 * const error = await Effect.runPromise(Effect.flip(Effect.scoped(socket.reader)));
 * assertEquals(OpenFailure.explain(error).what, "Nothing listens there");
 * ```
 *
 * @module
 */
import { TlsError } from "@plausch/tls/tls-error";
import { isIP } from "node:net";

/** One failure to open, as data. */
export interface OpenFailure {
  /**
   * The code of the system or the runtime: `ECONNREFUSED`, `ENOTFOUND`, `NotCapable`, ...; the reason of a `TlsError`; `Unknown` when
   * there is none.
   */
  readonly code: string;
  /** What happened, in a few words. */
  readonly what: string;
  /** What to look at or to do about it. */
  readonly hint: string;
}

type Words = readonly [what: string, hint: string];

const words: ReadonlyMap<string, Words> = new Map(Object.entries<Words>({
  EACCES: [
    "The system does not allow it",
    "Ports below 1024 and some socket files need a privilege: choose another or ask for it",
  ],
  EADDRINUSE: ["Something else listens there already", "Choose another port, or stop the program that has this one"],
  EADDRNOTAVAIL: [
    "The address is not one of this machine",
    "Choose an address of this machine of the same family as the host",
  ],
  EAI_AGAIN: ["The name could not be looked up right now", "Check the name server, then try again"],
  EAFNOSUPPORT: [
    "This machine does not speak that address family",
    "Choose an address of the other family, IPv4 or IPv6",
  ],
  ECONNREFUSED: ["Nothing listens there", "Check host and port, and whether the server runs"],
  ECONNRESET: [
    "The connection was reset while it was opened",
    "A firewall or an overloaded server may be in the way; try again",
  ],
  EHOSTUNREACH: ["There is no way to that host", "Check the address, and whether the host is up or a firewall refuses"],
  EMFILE: ["This process has too many open files", "Use fewer connections at one time, or raise the limit (ulimit -n)"],
  ENETUNREACH: [
    "There is no way to that network",
    "Check whether this machine has IPv4 or IPv6 to the outside, as the address needs",
  ],
  ENOENT: ["There is no socket file at that path", "Check the path, and whether the server runs"],
  ENOTFOUND: ["The name has no address", "Check the spelling of the host name"],
  EPIPE: ["The other side closed the connection at once", "It may not want connections from here: its log may say why"],
  EPERM: ["A rule of this machine forbids it", "Check the local firewall"],
  ERR_INVALID_IP_ADDRESS: [
    "The source address is not an IP address",
    "Give it as an IPv4 or IPv6 address without brackets",
  ],
  ERR_SOCKET_BAD_PORT: ["That is not a port number", "Give a number from 1 to 65535"],
  ETIMEDOUT: [
    "There was no answer in time",
    "A firewall may drop the packets, as many providers do for port 25; check host and port, or allow more time",
  ],
}));

/** Other words where the address is the path of a Unix socket; by what was tried. */
const pathWords: ReadonlyMap<string, Words> = new Map(Object.entries<Words>({
  "connect EINVAL": ["That is no path for a socket", "Give a shorter one: it may have about 100 octets"],
  "listen EADDRINUSE": [
    "There is something at that path already",
    "Choose another path, or stop the program that listens there; if none does any more, remove the file",
  ],
  "listen EINVAL": ["That is no path for a socket", "Give a shorter one: it may have about 100 octets"],
  "listen ENOENT": ["There is no directory for the socket file", "Check the path, or create the directory"],
}));

const unknown: Words = ["The connection could not be opened", "The cause has the details"];

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;

const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined;

const causeOf = (error: unknown): unknown => {
  const errors = field(error, "errors");
  return field(error, "cause") ?? field(field(error, "reason"), "cause") ??
    (Array.isArray(errors) ? errors[0] : undefined);
};

/** All errors, the innermost last: effect's and our own wrap what the system said; an AggregateError lists one for each address. */
const layers = (error: unknown): ReadonlyArray<unknown> => {
  const found = [error];
  while (found.length <= 8) {
    const inner = causeOf(found.at(-1));
    if (inner === undefined || inner === null) break;
    found.push(inner);
  }
  return found;
};

const permission = (what: string, flag: string): OpenFailure => ({
  code: "NotCapable",
  what,
  hint: `Add ${flag} to the deno command`,
});

/**
 * Explains an error of `Connect` or `Listen`, or the system error inside one. `target` makes the hint exact where the system
 * does not repeat what was asked for: the port when Deno forbids the look-up of a name.
 *
 * @example Deno forbids the connection: the hint names the flag
 * ```ts
 * import * as OpenFailure from "@plausch/net/open-failure";
 * import { assertEquals } from "@std/assert";
 *
 * const cause = new Error('Requires net access to "192.0.2.1:25", run again with the --allow-net flag');
 * cause.name = "NotCapable";
 * assertEquals(OpenFailure.explain(cause).hint, "Add --allow-net=192.0.2.1:25 to the deno command");
 * ```
 */
export const explain = (
  error: unknown,
  target?: { readonly host: string; readonly port: number },
): OpenFailure => {
  const errors = layers(error);
  const tls = errors.find((error) => error instanceof TlsError);
  if (tls !== undefined) return { code: tls.reason, what: "TLS could not be established", hint: tls.message };
  const cause = errors.at(-1);
  const message = text(field(cause, "message")) ?? "";
  if (field(cause, "name") === "NotCapable") {
    const [, kind = "net", what] = /Requires (\w+) access to "([^"]*)"/.exec(message) ?? [];
    const missing = what === undefined ? `--allow-${kind}` : `--allow-${kind}=${what}`;
    return permission(`Deno has no permission for ${kind === "net" ? "that address" : "that file"}`, missing);
  }
  const code = text(field(cause, "code")) ?? "Unknown";
  if (code === "EPERM" && field(cause, "syscall") === "getaddrinfo") {
    const name = text(field(cause, "hostname")) ?? target?.host ?? "";
    return permission(
      "Deno has no permission for that name",
      `--allow-net=${target === undefined ? name : `${name}:${target.port}`}`,
    );
  }
  const address = text(field(cause, "address"));
  const onPath = address === undefined || isIP(address) !== 0
    ? undefined
    : pathWords.get(`${field(cause, "syscall")} ${code}`);
  if (onPath !== undefined) return { code, what: onPath[0], hint: onPath[1] };
  // Deno says EINVAL where the system says that the address to bind to is not its own.
  const key = code === "EINVAL" && /^(?:bind|listen)\b/.test(message) ? "EADDRNOTAVAIL" : code;
  const [what, hint] = words.get(key) ?? unknown;
  return { code: key, what, hint };
};

/**
 * One line for people: what happened, the code, what to do.
 *
 * @example
 * ```ts
 * import * as OpenFailure from "@plausch/net/open-failure";
 * import { assertEquals } from "@std/assert";
 *
 * const failure = OpenFailure.explain(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));
 * assertEquals(
 *   OpenFailure.format(failure),
 *   "Nothing listens there (ECONNREFUSED). Check host and port, and whether the server runs",
 * );
 * ```
 */
export const format = (failure: OpenFailure): string => `${failure.what} (${failure.code}). ${failure.hint}`;
