/**
 * A conversation as the command line holds it: find the server, talk, show every word, sum up.
 *
 * @module
 */
import * as Connect from "@plausch/net/connect";
import type { NetSocket } from "@plausch/net/net-socket";
import * as OpenFailure from "@plausch/net/open-failure";
import * as Converse from "@plausch/session/converse";
import type { Recipient } from "@plausch/session/envelope";
import type { Observer } from "@plausch/session/event";
import type { Adaptation } from "@plausch/session/extension-policy";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import * as Domain from "@plausch/smtp/domain";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Path from "@plausch/smtp/path";
import { TlsError } from "@plausch/tls/tls-error";
import * as TlsLevel from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Socket from "effect/socket/Socket";
import { type ExitCode, fromRecipients } from "./exit_code.ts";
import type { Narrator } from "./narrator.ts";
import * as OutcomeLines from "./render/outcome.ts";
import * as Progress from "./progress.ts";
import * as Remedy from "./render/remedy.ts";
import * as Tls from "./render/tls.ts";
import type { Preface } from "./send/proxy.ts";
import type { Security } from "./send/tls.ts";

/** A server to talk to. */
export type Destination =
  | {
    /** Its name, as people know it. */
    readonly name: string;
    /** The name or address to dial, without brackets. */
    readonly host: string;
    /** The port to dial. */
    readonly port: number;
  }
  | {
    /** The path of the Unix socket to dial. */
    readonly path: string;
  };

/** What to say to it, and how. */
export interface Talk {
  /** The conversation. */
  readonly options: Omit<Converse.Options, "observe" | "tls" | "tlsOptions">;
  /** How it is encrypted. */
  readonly security: Security;
  /** Whether to show the server's certificates in full. */
  readonly showsChain?: boolean;
  /** What is sent before everything. */
  readonly preface?: Preface | undefined;
}

/** What came of it. */
export interface Result {
  /** The verdicts. */
  readonly recipients: ReadonlyArray<RecipientOutcome>;
  /** What broke the conversation, if anything did. */
  readonly failure: SessionError | undefined;
  /** What to try after a refusal, if anything comes to mind. */
  readonly remedy?: string | undefined;
}

const endpoint = (destination: Destination): string => {
  if ("path" in destination) return destination.path;
  const { host, port } = destination;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
};

const nameOf = (destination: Destination): string => "path" in destination ? destination.path : destination.name;

/** What is known of each recipient at an interruption; before the transaction, that nothing was sent. */
const interrupted = (
  { options: { envelope } }: Talk,
  { recipients, stage, reason }: SessionError,
): ReadonlyArray<RecipientOutcome> =>
  recipients.length > 0 ? recipients : envelope.recipients.map(({ path }) => ({
    recipient: path,
    address: Path.address(path),
    verdict: "deferred",
    stage,
    reason,
  }));

/** What a conversation came to besides its verdicts, as plain data. */
const summary = (
  destination: Destination,
  { level }: Security,
  { report, mechanism, isAuthenticated }: Progress.Progress,
  adaptations: ReadonlyArray<Adaptation>,
): object => ({
  event: "conversation",
  server: nameOf(destination),
  level,
  tls: report === undefined ? null : Tls.jsonWithoutChain(report),
  authenticated: isAuthenticated ? mechanism : null,
  adaptations,
});

/** The connection that a conversation is held over. */
const connect = (destination: Destination, { options, security, preface }: Talk, tlsOptions: TlsOptions): NetSocket =>
  Connect.make({
    ...("path" in destination ? { path: destination.path } : { host: destination.host, port: destination.port }),
    connectTimeout: options.timeouts?.connect,
    preface: preface?.octets,
    tls: security.implicit === undefined
      ? undefined
      : { ...tlsOptions, rejectUnauthorized: TlsLevel.needsProof(security.level) },
  });

/** The failure in a sentence: of the connection, of its encryption, or of what was said over it. */
export const sentence = (destination: Destination, error: SessionError): string => {
  const { stage, cause } = error;
  if (cause instanceof TlsError) return cause.message;
  if (stage !== "connect" || cause === undefined) return error.message;
  const why = OpenFailure.explain(cause, "path" in destination ? undefined : destination);
  return `Cannot connect to ${endpoint(destination)}: ${OpenFailure.format(why)}`;
};

/** Holds one conversation over the network. Interrupted, it closes the connection and says what was known by then. */
export const hold = (
  narrator: Narrator,
  destination: Destination,
  talk: Talk,
): Effect.Effect<Result, GrammarError> =>
  Clock.clockWith((clock) => {
    const { options, security, preface, showsChain = false } = talk;
    const port = "path" in destination ? undefined : destination.port;
    const servername = security.options.servername ?? ("path" in destination ? undefined : destination.name);
    const tlsOptions: TlsOptions = { timeout: options.timeouts?.tls, ...security.options, servername };
    const socket = connect(destination, talk, tlsOptions);
    const progress = Progress.make();
    const situation = (): Remedy.Situation => ({
      port,
      security,
      authentication: options.auth,
      isLmtp: options.protocol === "lmtp",
      isSecure: progress.report !== undefined,
      capabilities: progress.capabilities,
    });

    const connected = (): void => {
      const { remoteAddress, remotePort } = socket.connection() ?? {};
      const address = "path" in destination || remoteAddress === undefined ? "" : ` [${remoteAddress}]:${remotePort}`;
      narrator.note(`Connected to ${nameOf(destination)}${address}`);
      if (preface === undefined) return;
      narrator.data({ event: "preface", text: preface.text });
      narrator.note(`Sent before everything: ${preface.text}`);
    };

    const failed = (error: SessionError): void => {
      if (progress.isFailureTold) return;
      progress.isFailureTold = true;
      if (error.reason === "AuthBroken") progress.isAuthenticated = false;
      const report = error.cause instanceof TlsError ? error.cause.report : undefined;
      const at = clock.currentTimeMillisUnsafe();
      if (report !== undefined) {
        narrator.handshake(report, security.level, at);
        if (showsChain) narrator.chain(report, port, at);
      }
      narrator.failure(error, at, sentence(destination, error), Remedy.ofFailure(situation(), error));
      if (error.reason === "Interrupted") narrator.outcome(interrupted(talk, error));
    };

    const observe: Observer = (event) => {
      Progress.follow(progress, event);
      if (event._tag === "Connected") connected();
      if (event._tag === "Failed") return failed(event.error);
      narrator.observe(event);
      if (event._tag === "Secured" && event.report !== undefined && showsChain) {
        narrator.chain(event.report, port, event.at);
      }
    };

    const told = (
      recipients: ReadonlyArray<RecipientOutcome>,
      failure: SessionError | undefined,
      adaptations: ReadonlyArray<Adaptation>,
    ): Result => {
      for (const adaptation of adaptations) narrator.note(OutcomeLines.describeAdaptation(adaptation));
      narrator.data(summary(destination, security, progress, adaptations));
      const remedies = recipients.map((recipient) => Remedy.ofRefusal(situation(), recipient));
      return { recipients, failure, remedy: remedies.find((remedy) => remedy !== undefined) };
    };

    const isNamed = "name" in destination && destination.name !== destination.host;
    narrator.note(`Trying ${isNamed ? `${destination.name}, ` : ""}${endpoint(destination)} ...`);
    return Converse.converse({ ...options, tls: security.level, tlsOptions, observe }).pipe(
      Effect.provideService(Socket.Socket, socket),
      Effect.map(({ recipients, adaptations }) => told(recipients, undefined, adaptations)),
      Effect.catchTag("SessionError", (failure) =>
        Effect.sync(() => {
          failed(failure);
          return told(failure.recipients, failure, []);
        })),
    );
  });

/** Recipients by the domain that receives for them; those without a domain of their own come under `undefined`. */
export const byDomain = (
  recipients: ReadonlyArray<Recipient>,
): ReadonlyMap<string | undefined, ReadonlyArray<Recipient>> => {
  const groups = new Map<string | undefined, Array<Recipient>>();
  for (const recipient of recipients) {
    const { path } = recipient;
    const domain = path._tag === "Mailbox" ? Domain.format(path.domain).toLowerCase() : undefined;
    groups.set(domain, [...groups.get(domain) ?? [], recipient]);
  }
  return groups;
};

/** Sums up one or several conversations, and finds the exit code. */
export const conclude = (narrator: Narrator, results: ReadonlyArray<Result>): ExitCode => {
  const recipients = results.flatMap((result) => result.recipients);
  narrator.outcome(recipients);
  for (const remedy of new Set(results.map((result) => result.remedy))) {
    if (remedy !== undefined) narrator.fail(remedy);
  }
  const failure = results.find((result) => result.failure !== undefined)?.failure;
  return fromRecipients(recipients, failure);
};

/** Holds the conversation with a server that was named. */
export const talkToServer = (
  destination: Destination,
  narrator: Narrator,
  talk: Talk,
): Effect.Effect<ExitCode, GrammarError> =>
  Effect.map(hold(narrator, destination, talk), (result) => conclude(narrator, [result]));
