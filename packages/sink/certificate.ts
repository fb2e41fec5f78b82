/**
 * A certificate that nobody has signed, for a server that needs one now.
 *
 * @example A sink with STARTTLS, and the file that makes a client trust it
 * ```ts
 * import * as Certificate from "@plausch/sink/certificate";
 * import * as Sink from "@plausch/sink/sink";
 * import * as Store from "@plausch/sink/store";
 * import { assert, assertMatch } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const program = Effect.gen(function* () {
 *   const certificate = yield* Certificate.make(["sink.test", "127.0.0.1"]);
 *   const sink = yield* Sink.listen({ store: Store.discard, host: "sink.test", tls: { options: certificate } });
 *   assert(sink.port > 0);
 *   return certificate.cert; // for the option `ca` of a client
 * });
 * assertMatch(await Effect.runPromise(Effect.scoped(program)), /^-----BEGIN CERTIFICATE-----\n/);
 * ```
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";

/** A certificate with its key, as the options of a TLS handshake take them. */
export interface Certificate {
  /** The certificate in PEM: also what a client has to trust. */
  readonly cert: string;
  /** Its private key in PEM (PKCS #8). */
  readonly key: Redacted.Redacted<string>;
}

const day = 24 * 60 * 60 * 1000;

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Extended key usage "server authentication" (RFC 5280 section 4.2.1.12). */
const serverAuthentication = "1.3.6.1.5.5.7.3.1";

const isAddress = (name: string): boolean => /^[\d.]+$|:/.test(name);

/**
 * Makes a certificate for names and addresses, and a new P-256 key. It signs itself, is no authority, and is valid from a day before now,
 * by effect's Clock, for 30 days. The library that makes it is loaded at the first call, which takes about a tenth of a second.
 *
 * Without names it is for `localhost`, `127.0.0.1` and `::1`. The first name is its subject.
 *
 * @example Whose it is
 * ```ts
 * import * as Certificate from "@plausch/sink/certificate";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import { X509Certificate } from "node:crypto";
 *
 * const { cert } = await Effect.runPromise(Certificate.make(["mx.test", "192.0.2.1"]));
 * const read = new X509Certificate(cert);
 * assertEquals([read.subject, read.subjectAltName], ["CN=mx.test", "DNS:mx.test, IP Address:192.0.2.1"]);
 * ```
 */
export const make = (
  names: ReadonlyArray<string> = ["localhost", "127.0.0.1", "::1"],
): Effect.Effect<Certificate> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis;
    return yield* Effect.promise(async () => {
      await import("reflect-metadata"); // what the library needs to be there before it
      const x509 = await import("@peculiar/x509");
      const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
      const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        name: [{ CN: [names[0] ?? "plausch sink"] }],
        keys,
        signingAlgorithm: algorithm,
        notBefore: new Date(now - day),
        notAfter: new Date(now + 30 * day),
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([serverAuthentication]),
          new x509.SubjectAlternativeNameExtension(
            names.map((value) => ({ type: isAddress(value) ? "ip" as const : "dns" as const, value })),
          ),
        ],
      });
      const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
      return {
        cert: `${certificate.toString("pem")}\n`,
        key: Redacted.make(`${x509.PemConverter.encode(key, "PRIVATE KEY")}\n`),
      };
    });
  });
