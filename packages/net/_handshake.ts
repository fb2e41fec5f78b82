import * as Redacted from "effect/Redacted";
import * as net from "node:net";
import * as tls from "node:tls";
import type { TlsOptions } from "./tls_options.ts";

/** Which side of the connection this is; TLS is not symmetric. */
export type Role = "client" | "server";

type Secret = Redacted.Redacted<string | Uint8Array>;

const reveal = (key: NonNullable<TlsOptions["key"]>): unknown =>
  Redacted.isRedacted(key) ? Redacted.value(key as Secret) : (key as ReadonlyArray<Secret>).map(Redacted.value);

/** What both roles share, in the words of `node:tls`; it leaves out what was not asked for. */
const contextOptions = (options: TlsOptions): tls.SecureContextOptions & tls.CommonConnectionOptions => {
  const out: Record<string, unknown> = {};
  if (options.ca !== undefined) out.ca = options.ca;
  if (options.cert !== undefined) out.cert = options.cert;
  if (options.key !== undefined) out.key = reveal(options.key);
  if (options.passphrase !== undefined) out.passphrase = Redacted.value(options.passphrase);
  if (options.minVersion !== undefined) out.minVersion = options.minVersion;
  if (options.alpnProtocols !== undefined) out.ALPNProtocols = options.alpnProtocols;
  return out;
};

/** What is wrong with the options before an octet is sent, if anything is. */
export const fault = (role: Role, options: TlsOptions): string | undefined => {
  if ((options.key === undefined) !== (options.cert === undefined)) {
    return "A TLS identity needs both key and cert";
  }
  if (role === "server" && options.key === undefined) return "A TLS server needs key and cert";
  if (role === "client" && options.servername === undefined && options.rejectUnauthorized !== false) {
    return "A TLS client needs servername to check the certificate of the peer";
  }
  return undefined;
};

/** Starts the handshake on a connected socket. It may throw on options that make no sense, such as a key that is no key. */
export const start = (raw: net.Socket, role: Role, options: TlsOptions): tls.TLSSocket => {
  if (role === "server") {
    return new tls.TLSSocket(raw, {
      ...contextOptions(options),
      isServer: true,
      requestCert: options.requestCert ?? false,
      rejectUnauthorized: options.rejectUnauthorized ?? true,
    });
  }
  const name = options.servername;
  return tls.connect({
    ...contextOptions(options),
    socket: raw,
    // An address is checked against the certificate, but is not a name to send (RFC 6066, section 3).
    ...(name === undefined ? {} : net.isIP(name) === 0 ? { servername: name } : { host: name, servername: "" }),
    rejectUnauthorized: options.rejectUnauthorized ?? true,
  });
};

/** The event that says the handshake is done and, for a client, that the certificate is good. */
export const doneEvent = (role: Role): string => role === "client" ? "secureConnect" : "secure";
