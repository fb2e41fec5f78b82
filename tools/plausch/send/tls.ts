/**
 * How `plausch send` asks for TLS.
 *
 * @module
 */
import * as Pin from "@plausch/tls/pin";
import * as TlsLevel from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import * as Tlsa from "@plausch/tls/tlsa";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import type { Given, Option, UsageError } from "../options.ts";
import { Shell } from "../shell.ts";
import { hostName } from "../target.ts";
import * as Values from "../values.ts";

/** The options of TLS. */
export const options: ReadonlyArray<Option> = [
  {
    name: "tls",
    value: "LEVEL",
    help: "none; opportunistic: where offered (default); required: or no message; verified: and the certificate is " +
      "valid for the server; mta-sts: and a policy of the domain asks for it; dane: and it matches a TLSA record, of " +
      "the mail exchanger or of --tls-tlsa",
  },
  { name: "tls-implicit", help: "Speak TLS from the first octet; default on port 465" },
  { name: "tls-name", value: "NAME", help: "The name to ask for and to check; default: the server's" },
  { name: "tls-ca", value: "FILE", help: "Trust these authorities (PEM), and not the system's" },
  { name: "tls-cert", value: "FILE", help: "The certificate to show to the server (PEM)" },
  { name: "tls-key", value: "FILE", help: "Its key (PEM)" },
  { name: "tls-min", value: "1.2|1.3", help: "The oldest version to speak; default: 1.2" },
  {
    name: "tls-pin",
    value: "SHA256",
    many: true,
    help: "Trust only a certificate or public key with this digest, in hex or base64",
  },
  {
    name: "tls-tlsa",
    value: "RECORD",
    many: true,
    help: 'Trust only what a TLSA record stands for, like "3 1 1 HEX" (DANE); default level then: dane',
  },
  { name: "tls-report", help: "Print the server's certificates in full" },
].map((option) => ({ ...option, group: "TLS" }));

/** What is asked of TLS. */
export interface Security {
  /** How much. */
  readonly level: TlsLevel.TlsLevel;
  /** Whether TLS begins with the connection: because it was asked for, or because the port is known for it. */
  readonly implicit: "asked" | "port" | undefined;
  /** The settings of the handshake. The name to check is the server's, unless it is here. */
  readonly options: TlsOptions;
}

/** The port of submission over TLS (RFC 8314 section 3.3). */
const submissionsPort = 465;

const pem = (
  given: Given,
  option: string,
  kind: RegExp,
  what: string,
): Effect.Effect<string | undefined, UsageError, Shell> =>
  Effect.gen(function* () {
    const path = given.value(option);
    if (path === undefined) return undefined;
    const text = new TextDecoder().decode(yield* (yield* Shell).readFile(path));
    if (kind.test(text)) return text;
    const hint = text.includes("ENCRYPTED")
      ? "decrypt it first: openssl pkey -in FILE"
      : "write a file with -----BEGIN ... lines";
    return yield* Values.usage(`"${path}" of --${option} holds no ${what} in PEM`, hint);
  });

const certificates = /^-----BEGIN (?:TRUSTED )?CERTIFICATE-----/m;

/** The authorities of `--tls-ca`. */
export const authorities = (given: Given): Effect.Effect<string | undefined, UsageError, Shell> =>
  pem(given, "tls-ca", certificates, "certificate");

const key = /^-----BEGIN (?:RSA |EC )?PRIVATE KEY-----\r?\n(?!Proc-Type)/m;

const pins = (given: Given): Effect.Effect<ReadonlyArray<string> | undefined, UsageError> => {
  const found = given.values("tls-pin");
  const bad = found.find((pin) => Result.isFailure(Pin.parse(pin)));
  if (bad !== undefined) {
    const hint = "write --tls-pin and 64 hexadecimal digits, or 32 octets in base64; --tls-report prints them";
    return Values.usage(`"${bad}" is no SHA-256 digest`, hint);
  }
  return Effect.succeed(found.length === 0 ? undefined : found);
};

const records = (given: Given): Effect.Effect<ReadonlyArray<Tlsa.Tlsa> | undefined, UsageError> => {
  const found: Array<Tlsa.Tlsa> = [];
  for (const text of given.values("tls-tlsa")) {
    const record = Tlsa.parse(text);
    if (Result.isFailure(record)) {
      const hint = "write three numbers and hexadecimal digits, as dig prints them: --tls-tlsa '3 1 1 c0ffee...'";
      return Values.usage(`"${text}" of --tls-tlsa is no TLSA record`, hint);
    }
    if (!Tlsa.isUsable(record.success)) {
      const hint = "mail takes usage 2 or 3, selector 0 or 1, and whole data or its whole SHA-256 (1) or SHA-512 (2)";
      return Values.usage(`"${text}" of --tls-tlsa proves nothing`, hint);
    }
    found.push(record.success);
  }
  return Effect.succeed(found.length === 0 ? undefined : found);
};

/** What is wrong with the options together. */
const conflict = (
  given: Given,
  level: TlsLevel.TlsLevel | undefined,
  isUnix: boolean,
  isRoute: boolean,
): readonly [problem: string, hint: string] | undefined => {
  const isNamed = ["tls-name", "tls-pin", "tls-tlsa"].some(given.has);
  if (level === "verified" && isUnix && !isNamed) {
    return ["--tls verified has no name to check: a Unix socket has none", "add --tls-name NAME"];
  }
  if (level === "none") {
    const other = options.slice(1).map(({ name }) => name).find(given.has);
    if (other !== undefined) {
      return [`--${other} means nothing with --tls none`, "leave --tls none out, or the other option"];
    }
  }
  if (level === "dane" && !isRoute && !given.has("tls-tlsa")) {
    return ["--tls dane has no record to go by", "add --tls-tlsa RECORD, as dig prints it"];
  }
  if (level === "mta-sts" && !isRoute) {
    const hint = "write --tls verified, which asks as much of the server";
    return ["--tls mta-sts goes by a policy of the recipient's domain, and the server is named", hint];
  }
  if (isRoute && (level === "dane" || level === "mta-sts") && given.has("tls-pin")) {
    return [`--tls-pin decides alone, and --tls ${level} wants another proof`, "leave one of them out"];
  }
  for (const option of ["tls-pin", "tls-tlsa"]) {
    if (level !== "opportunistic" || !given.has(option)) continue;
    const hint = `write --tls ${option === "tls-pin" ? "required" : "dane"}`;
    return [`--${option} proves nothing with --tls opportunistic, which goes on in clear`, hint];
  }
  if (given.has("tls-pin") && given.has("tls-tlsa")) {
    return ["--tls-pin and --tls-tlsa both decide alone", "leave one of them out"];
  }
  for (const [one, other] of [["tls-cert", "tls-key"], ["tls-key", "tls-cert"]] as const) {
    if (given.has(one) && !given.has(other)) {
      return [`--${one} is given without --${other}`, "a client certificate needs both, in PEM files"];
    }
  }
  return undefined;
};

/**
 * Reads the options of TLS; `port` is where the conversation goes, undefined for a Unix socket; `isRoute`: to whom the DNS
 * says.
 */
export const fromOptions = (
  given: Given,
  port: number | undefined,
  isRoute = false,
): Effect.Effect<Security, UsageError, Shell> =>
  Effect.gen(function* () {
    const asked = yield* Values.choice(given, "tls", "level of TLS", TlsLevel.levels);
    const wrong = conflict(given, asked, port === undefined, isRoute);
    if (wrong !== undefined) return yield* Values.usage(...wrong);
    const isPort = port === submissionsPort && asked !== "none";
    const implicit = given.has("tls-implicit") ? "asked" : isPort ? "port" : undefined;
    const pinned = yield* pins(given);
    const version = yield* Values.choice(given, "tls-min", "version of TLS to begin with", ["1.2", "1.3"]);
    const tlsa = yield* records(given);
    const name = given.value("tls-name");
    if (port === undefined && name === undefined && tlsa?.some(({ usage }) => usage === 2)) {
      const hint = "add --tls-name NAME";
      return yield* Values.usage(
        "--tls-tlsa names an authority, and there is no name to check: a Unix socket has none",
        hint,
      );
    }
    const keyText = yield* pem(given, "tls-key", key, "private key without a passphrase");
    // A record, a pin, or TLS from the first octet leaves no way to go on in clear.
    const isOpen = implicit === undefined && pinned === undefined;
    const least = tlsa !== undefined ? "dane" : isOpen ? "opportunistic" : "required";
    return {
      level: asked === undefined || asked === "opportunistic" ? least : asked,
      implicit,
      options: {
        servername: name === undefined ? undefined : yield* hostName(name, "tls-name", "NAME, as in a certificate"),
        ca: yield* authorities(given),
        cert: yield* pem(given, "tls-cert", certificates, "certificate"),
        key: keyText === undefined ? undefined : Redacted.make(keyText),
        minVersion: version === undefined ? undefined : `TLSv${version}`,
        pins: pinned,
        tlsa,
      },
    };
  });
