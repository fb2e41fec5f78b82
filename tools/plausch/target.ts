/**
 * Where a conversation goes: options read, names checked.
 *
 * @module
 */
import type { LiveOptions } from "@plausch/dns/live";
import * as Domain from "@plausch/smtp/domain";
import * as Effect from "effect/Effect";
import type { Given, Option, UsageError } from "./options.ts";
import * as Values from "./values.ts";

/** The options that say where a conversation goes. */
export const options: ReadonlyArray<Option> = [
  {
    name: "server",
    short: "s",
    value: "HOST[:PORT]",
    help: "Talk to this server; default: the domain's mail exchanger",
  },
  { name: "port", short: "p", value: "PORT", help: "Its port, or the mail exchanger's; default: 25, for LMTP 24" },
  { name: "socket", value: "PATH", help: "Talk to the server at this Unix socket" },
  { name: "lmtp", help: "Speak LMTP, which gives a verdict on each recipient" },
  { name: "dns", value: "IP[:PORT]", help: "Ask this name server; default: the system's" },
  { name: "dns-trusted", help: "Believe its DNSSEC bit (AD), though it is not on this machine" },
  { name: "allow-local", help: "Send to local addresses too, where the DNS names one; for tests" },
];

/** The options that name the IP version to dial. */
export const familyOptions: ReadonlyArray<Option> = [
  { name: "ipv4", short: "4", help: "Dial IPv4 addresses only" },
  { name: "ipv6", short: "6", help: "Dial IPv6 addresses only" },
];

/** A server that was named, or the way to find one. */
export type Target =
  | {
    /** Talk to the server at this Unix socket. */
    readonly _tag: "Unix";
    /** The path of the socket. */
    readonly path: string;
  }
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
    /** Whom to ask, and whether to believe it. */
    readonly dns: LiveOptions;
    /** Whether a mail exchanger may have an address of this machine or of a local network. */
    readonly allowLocal: boolean;
  };

/** The port of SMTP between servers (RFC 5321 section 4.5.4.2). */
const smtpPort = 25;

/** The port that servers of LMTP usually have; none is registered for it. */
const lmtpPort = 24;

/** A port number from the command line. */
export const portFromString = (text: string, least: 0 | 1 = 1): Effect.Effect<number, UsageError> => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  return port >= least && port < 65536
    ? Effect.succeed(port)
    : Values.usage(`"${text}" is no port`, `write a number from ${least} to 65535`);
};

/** The name server of `--dns`, or else the system's, and how far `--dns-trusted` trusts it. */
export const dns = (given: Given): LiveOptions => {
  const server = given.value("dns");
  return {
    servers: server === undefined ? undefined : [server],
    trustAd: given.has("dns-trusted") ? true : undefined,
  };
};

/** The IP version to dial, and no other, if one was named. */
export const family = (given: Given): Effect.Effect<4 | 6 | undefined, UsageError> =>
  given.has("ipv4") && given.has("ipv6")
    ? Values.usage("--ipv4 and --ipv6 leave nothing to dial", "leave one of them out, or both")
    : Effect.succeed(given.has("ipv4") ? 4 : given.has("ipv6") ? 6 : undefined);

/** `HOST`, `HOST:PORT`, `[IPV6]`, `[IPV6]:PORT` or a bare IPv6 address. */
export const split = (server: string): { readonly host: string; readonly port: string | undefined } => {
  const bracketed = /^\[(?:IPv6:)?([^\]]*)\](?::(.*))?$/i.exec(server);
  if (bracketed !== null) return { host: bracketed[1]!, port: bracketed[2] };
  const [host = "", port, ...more] = server.split(":");
  return more.length > 0 ? { host: server, port: undefined } : { host, port };
};

/** A name in ASCII, or an address without brackets. */
export const hostName = (text: string, option: string, form: string): Effect.Effect<string, UsageError> => {
  const literal = text.includes(":") ? `[IPv6:${text}]` : text;
  const host = Values.fromGrammar(Domain.hostFromString(literal), option, form);
  return Effect.map(host, (host) => host._tag === "Name" ? host.ascii : text);
};

/** Options that cannot stand together. */
const conflict = (given: Given): readonly [problem: string, hint: string] | undefined => {
  if (!given.has("socket")) {
    return given.has("lmtp") && !given.has("server")
      ? ["--lmtp needs a server that is named: mail exchangers speak SMTP", "add --socket PATH or --server HOST[:PORT]"]
      : undefined;
  }
  const other = ["server", "port", "dns", "dns-trusted", "allow-local"].find(given.has);
  return other === undefined
    ? undefined
    : [`--${other} means nothing beside --socket`, `leave --socket out, or --${other}`];
};

/** Reads `--server`, `--port`, `--socket`, `--lmtp`, `--dns`, `--dns-trusted` and `--allow-local`. */
export const fromOptions = (given: Given): Effect.Effect<Target, UsageError> =>
  Effect.gen(function* () {
    const wrong = conflict(given);
    if (wrong !== undefined) return yield* Values.usage(...wrong);
    const path = given.value("socket");
    if (path !== undefined) return { _tag: "Unix", path };
    const isLmtp = given.has("lmtp");
    const portText = given.value("port");
    const port = portText === undefined ? (isLmtp ? lmtpPort : smtpPort) : yield* portFromString(portText);
    const server = given.value("server");
    if (server === undefined) {
      return { _tag: "MailExchanger", port, dns: dns(given), allowLocal: given.has("allow-local") };
    }
    const named = split(server);
    const host = yield* hostName(named.host, "server", "HOST or HOST:PORT");
    const finalPort = named.port === undefined ? port : yield* portFromString(named.port);
    if (isLmtp && finalPort === smtpPort) {
      return yield* Values.usage(
        "LMTP is never spoken on port 25 (RFC 2033 section 5)",
        "name the port of the LMTP server",
      );
    }
    return { _tag: "Server", host, port: finalPort };
  });
