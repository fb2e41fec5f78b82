import * as Pin from "@plausch/tls/pin";
import { TlsError } from "@plausch/tls/tls-error";
import type { TlsOptions } from "@plausch/tls/tls-options";
import type { CertificateFault, TlsReport, Verification } from "@plausch/tls/tls-report";
import * as Tlsa from "@plausch/tls/tlsa";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Handshake } from "./_scripted_server.ts";
import * as MockReport from "./mock_report.ts";

const defaultTimeout: Duration.Input = "30 seconds";

const coded = (code: string, text: string): Error => Object.assign(new Error(text), { code });

/** What a certificate has to be, whoever vouches for it. */
export interface Named {
  readonly pins: ReadonlyArray<string>;
  readonly records: ReadonlyArray<Tlsa.Tlsa>;
}

const refused = (fault: CertificateFault): Verification => ({ verified: false, fault, detail: undefined });

const fromHex = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

const isSame = (one: Tlsa.Tlsa) => (other: Tlsa.Tlsa): boolean => Tlsa.format(one) === Tlsa.format(other);

const judgedByRecords = (
  { chain: [own], verification }: TlsReport,
  records: ReadonlyArray<Tlsa.Tlsa>,
): Verification => {
  const fault = verification.verified ? undefined : verification.fault;
  if (own === undefined) return refused("no-certificate");
  if (fault === "tlsa-mismatch" || fault === "invalid") return refused(fault);
  const associate: Tlsa.Associate = (selector, matchingType) =>
    matchingType === 1 ? fromHex(selector === 1 ? own.spkiSha256 : own.sha256) : undefined;
  const key = records.find((record) => record.usage === 3 && Tlsa.matches(record, associate));
  if (key !== undefined) return { verified: true, by: "dane-ee", record: key };
  const authority = records.find(isSame(MockReport.daneTa));
  if (authority === undefined || fault === "self-signed" || fault === "unknown-ca") return refused("tlsa-mismatch");
  return fault === undefined ? { verified: true, by: "dane-ta", record: authority } : refused(fault);
};

/** Pins and records decide alone, as they do on a live socket. */
const judged = (report: TlsReport, { pins, records }: Named): Verification => {
  if (records.length > 0) return judgedByRecords(report, records);
  const [own] = report.chain;
  if (pins.length === 0 || own === undefined) return report.verification;
  return pins.includes(own.sha256) || pins.includes(own.spkiSha256)
    ? { verified: true, by: "pin" }
    : refused("pin-mismatch");
};

/** What the options ask of a certificate, or why they make no sense. */
export const namedBy = ({ pins = [], tlsa = [] }: TlsOptions): Result.Result<Named, TlsError> =>
  Result.flatMap(Result.all(pins.map(Pin.parse)), (pins) => {
    const records = Tlsa.select(tlsa);
    const fail = (what: string) => Result.fail(new TlsError({ reason: "BadOptions", cause: new Error(what) }));
    if (tlsa.length > 0 && pins.length > 0) return fail("tlsa and pins both decide alone; give one of them");
    if (tlsa.length > 0 && records.length === 0) return fail("none of the records in tlsa can be used");
    return Result.succeed({ pins, records });
  });

const reportOf = (
  fault: CertificateFault | undefined,
  { referenceNames, servername }: TlsOptions,
  named: Named,
  changes: Partial<TlsReport>,
): TlsReport => {
  const made = MockReport.make({ serverName: servername, fault });
  const report = { ...made, ...(referenceNames === undefined ? {} : { referenceNames }), ...changes };
  return { ...report, verification: judged(report, named) };
};

/** What the client gets to know of a handshake, and when. */
export const outcome = (
  handshake: Exclude<Handshake, { readonly _tag: "Mismatch" }>,
  options: TlsOptions,
  named: Named,
  changes: Partial<TlsReport>,
): Effect.Effect<TlsReport, TlsError> => {
  const { servername: serverName, timeout = defaultTimeout } = options;
  const duration = Duration.fromInputUnsafe(timeout);
  const fail = (reason: TlsError["reason"], cause: unknown, report?: TlsReport) =>
    Effect.fail(new TlsError({ reason, serverName, cause, report }));
  const isLate = coded("ETIMEDOUT", `it was not finished after ${Duration.format(duration)}`);
  switch (handshake._tag) {
    case "Done": {
      const report = reportOf(handshake.fault, options, named, changes);
      const insists = named.pins.length + named.records.length > 0 || options.rejectUnauthorized !== false;
      const isTaken = report.verification.verified || !insists;
      return isTaken ? Effect.succeed(report) : fail("CertificateRefused", undefined, report);
    }
    case "Alert":
      return fail("Alert", coded("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "The transcript has the handshake fail"));
    case "Closed":
      return fail("ConnectionClosed", coded("ECONNRESET", "The connection is closed"));
    case "NotTls":
      return Effect.andThen(
        Effect.sleep(Math.min(handshake.millis, Duration.toMillis(duration))),
        handshake.millis > Duration.toMillis(duration)
          ? fail("Timeout", isLate)
          : fail("NotTls", coded("ERR_SSL_WRONG_VERSION_NUMBER", "The server has said something in clear")),
      );
    case "Silence":
      return Effect.andThen(Effect.sleep(duration), fail("Timeout", isLate));
  }
};
