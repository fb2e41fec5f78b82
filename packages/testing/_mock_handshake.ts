import * as Pin from "@plausch/tls/pin";
import { TlsError } from "@plausch/tls/tls-error";
import type { TlsOptions } from "@plausch/tls/tls-options";
import type { CertificateFault, TlsReport, Verification } from "@plausch/tls/tls-report";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Handshake } from "./_scripted_server.ts";
import * as MockReport from "./mock_report.ts";

const defaultTimeout: Duration.Input = "30 seconds";

const coded = (code: string, text: string): Error => Object.assign(new Error(text), { code });

/** Pins decide alone, as they do on a live socket. */
const judged = (report: TlsReport, pins: ReadonlyArray<string>): Verification => {
  const [own] = report.chain;
  if (pins.length === 0 || own === undefined) return report.verification;
  return pins.includes(own.sha256) || pins.includes(own.spkiSha256)
    ? { verified: true, by: "pin" }
    : { verified: false, fault: "pin-mismatch", detail: undefined };
};

/** The options as they are used, or why they make no sense. */
export const pinsOf = ({ pins = [] }: TlsOptions): Result.Result<ReadonlyArray<string>, TlsError> =>
  Result.all(pins.map(Pin.parse));

const reportOf = (
  fault: CertificateFault | undefined,
  { servername }: TlsOptions,
  pins: ReadonlyArray<string>,
  changes: Partial<TlsReport>,
): TlsReport => {
  const report = { ...MockReport.make({ serverName: servername, fault }), ...changes };
  return { ...report, verification: judged(report, pins) };
};

/** What the client gets to know of a handshake, and when. */
export const outcome = (
  handshake: Exclude<Handshake, { readonly _tag: "Mismatch" }>,
  options: TlsOptions,
  pins: ReadonlyArray<string>,
  changes: Partial<TlsReport>,
): Effect.Effect<TlsReport, TlsError> => {
  const { servername: serverName, timeout = defaultTimeout } = options;
  const duration = Duration.fromInputUnsafe(timeout);
  const fail = (reason: TlsError["reason"], cause: unknown, report?: TlsReport) =>
    Effect.fail(new TlsError({ reason, serverName, cause, report }));
  const isLate = coded("ETIMEDOUT", `it was not finished after ${Duration.format(duration)}`);
  switch (handshake._tag) {
    case "Done": {
      const report = reportOf(handshake.fault, options, pins, changes);
      const insists = pins.length > 0 || options.rejectUnauthorized !== false;
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
