/**
 * How `plausch sink` encrypts, as options.
 *
 * @module
 */
import * as Certificate from "@plausch/sink/certificate";
import type { Tls } from "@plausch/sink/sink";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import type { Given, Option, UsageError } from "../options.ts";
import { Shell } from "../shell.ts";
import * as Values from "../values.ts";

/** The options of TLS. */
export const options: ReadonlyArray<Option> = [
  { name: "tls", help: "Offer STARTTLS, with a certificate that is made for the occasion" },
  { name: "tls-implicit", help: "Speak TLS from the first octet" },
  { name: "require-tls", help: "Take no mail in clear: 530" },
  { name: "tls-cert", value: "FILE", help: "Show this certificate, and what stands behind it (PEM)" },
  { name: "tls-key", value: "FILE", help: "Its key (PEM)" },
].map((option) => ({ ...option, group: "TLS" }));

/** How it encrypts, and what a client needs to know. */
export interface Security {
  /** The settings. */
  readonly tls: Tls;
  /** The SHA-256 digest of a certificate that was made here, in hexadecimal. */
  readonly pin: string | undefined;
}

const kinds = {
  "tls-cert": { pattern: /-----BEGIN CERTIFICATE-----/, what: "certificate" },
  "tls-key": { pattern: /-----BEGIN (?:RSA |EC )?PRIVATE KEY-----/, what: "private key without a passphrase" },
} as const;

const read = (option: keyof typeof kinds, path: string): Effect.Effect<string, UsageError, Shell> =>
  Effect.gen(function* () {
    const text = new TextDecoder().decode(yield* (yield* Shell).readFile(path));
    const { pattern, what } = kinds[option];
    if (pattern.test(text)) return text;
    return yield* Values.usage(
      `"${path}" of --${option} holds no ${what} in PEM`,
      "write a file with -----BEGIN ... lines",
    );
  });

/** The files of the certificate and its key, which go together; undefined if neither was given. */
const files = (given: Given): Effect.Effect<readonly [cert: string, key: string] | undefined, UsageError> => {
  const [cert, key] = [given.value("tls-cert"), given.value("tls-key")];
  if (cert !== undefined && key !== undefined) return Effect.succeed([cert, key]);
  if (cert === undefined && key === undefined) return Effect.succeed(undefined);
  const [one, other] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
  return Values.usage(`--tls-${one} is given without --tls-${other}`, "a certificate and its key go together");
};

const sha256 = (pem: string): Effect.Effect<string> =>
  Effect.promise(async () => {
    const [, base64 = ""] = /-----BEGIN CERTIFICATE-----([^-]*)/.exec(pem) ?? [];
    const der = Uint8Array.from(atob(base64.replace(/\s/g, "")), (char) => char.charCodeAt(0));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", der));
    return Array.from(digest, (octet) => octet.toString(16).padStart(2, "0")).join("");
  });

/** Reads the options of TLS; undefined if none was given. A certificate that has to be made is for these names. */
export const fromOptions = (
  given: Given,
  names: ReadonlyArray<string>,
): Effect.Effect<Security | undefined, UsageError, Shell> =>
  Effect.gen(function* () {
    if (!options.some(({ name }) => given.has(name))) return undefined;
    const implicit = given.has("tls-implicit");
    const required = given.has("require-tls");
    const paths = yield* files(given);
    if (paths !== undefined) {
      const cert = yield* read("tls-cert", paths[0]);
      const key = Redacted.make(yield* read("tls-key", paths[1]));
      return { tls: { options: { cert, key }, implicit, required }, pin: undefined };
    }
    const certificate = yield* Certificate.make([...new Set(names)]);
    return { tls: { options: certificate, implicit, required }, pin: yield* sha256(certificate.cert) };
  });
