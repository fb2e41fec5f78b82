/**
 * Where a conversation goes: options read, names checked.
 *
 * @module
 */
import * as Domain from "@plausch/smtp/domain";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { type Given, UsageError } from "./options.ts";

/** A server that was named, or the way to find one. */
export type Target =
  | {
    /** Talk to this server. */
    readonly _tag: "Server";
    /** Its name or address, without brackets. */
    readonly host: string;
    /** Its port. */
    readonly port: number;
  }
  | {
    /** Ask the DNS for the mail exchanger of each recipient's domain. */
    readonly _tag: "MailExchanger";
    /** The port to talk to. */
    readonly port: number;
    /** The name servers to ask; the system's if there are none here. */
    readonly nameServers: ReadonlyArray<string> | undefined;
  };

/** The port of SMTP between servers (RFC 5321 section 4.5.4.2). */
const smtpPort = 25;

const usage = (problem: string, hint: string) => Effect.fail(new UsageError({ problem, hint }));

/** A port number from the command line. */
export const portFromString = (text: string): Effect.Effect<number, UsageError> => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port > 0 && port < 65536
    ? Effect.succeed(port)
    : usage(`"${text}" is no port`, "write a number from 1 to 65535");
};

/** The name servers of `--dns`, if it was given. */
export const nameServers = (given: Given): ReadonlyArray<string> | undefined => {
  const server = given.value("dns");
  return server === undefined ? undefined : [server];
};

/** `HOST`, `HOST:PORT`, `[IPV6]`, `[IPV6]:PORT` or a bare IPv6 address. */
const split = (server: string): { readonly host: string; readonly port: string | undefined } => {
  const bracketed = /^\[(?:IPv6:)?([^\]]*)\](?::(.*))?$/i.exec(server);
  if (bracketed !== null) return { host: bracketed[1]!, port: bracketed[2] };
  const [host = "", port, ...more] = server.split(":");
  return more.length > 0 ? { host: server, port: undefined } : { host, port };
};

/** Reads `--server`, `--port` and `--dns`. */
export const fromOptions = (given: Given): Effect.Effect<Target, UsageError> =>
  Effect.gen(function* () {
    const portText = given.value("port");
    const port = portText === undefined ? smtpPort : yield* portFromString(portText);
    const server = given.value("server");
    if (server === undefined) return { _tag: "MailExchanger", port, nameServers: nameServers(given) };
    const named = split(server);
    const literal = named.host.includes(":") ? `[IPv6:${named.host}]` : named.host;
    const host = Domain.hostFromString(literal);
    if (Result.isFailure(host)) return yield* usage(host.failure.message, "write --server HOST or HOST:PORT");
    const ascii = host.success._tag === "Name" ? host.success.ascii : named.host;
    return { _tag: "Server", host: ascii, port: named.port === undefined ? port : yield* portFromString(named.port) };
  });
