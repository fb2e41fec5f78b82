/**
 * A conversation as the command line holds it: find the server, talk, show every word, sum up.
 *
 * @module
 */
import * as Connect from "@plausch/net/connect";
import * as OpenFailure from "@plausch/net/open-failure";
import * as Converse from "@plausch/session/converse";
import type { Recipient } from "@plausch/session/envelope";
import type { Observer, SessionEvent } from "@plausch/session/event";
import type { Adaptation } from "@plausch/session/extension-policy";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import * as Timeouts from "@plausch/session/timeouts";
import * as Capabilities from "@plausch/smtp/capabilities";
import * as Domain from "@plausch/smtp/domain";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Path from "@plausch/smtp/path";
import * as Reply from "@plausch/smtp/reply";
import { TlsError } from "@plausch/tls/tls-error";
import type { TlsReport } from "@plausch/tls/tls-report";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Socket from "effect/socket/Socket";
import { type ExitCode, fromRecipients } from "./exit_code.ts";
import type { Narrator } from "./narrator.ts";
import * as OutcomeLines from "./render/outcome.ts";
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

/** What the events of a conversation tell along the way. */
interface Progress {
  isSecure: boolean;
  report: TlsReport | undefined;
  capabilities: Capabilities.Capabilities | undefined;
  /** The mechanism that was asked for last, and whether the server said yes. */
  mechanism: string | undefined;
  isAuthenticated: boolean;
  /** Whether the failure was told already. */
  isFailureTold: boolean;
}

const begin = (): Progress => ({
  isSecure: false,
  report: undefined,
  capabilities: undefined,
  mechanism: undefined,
  isAuthenticated: false,
  isFailureTold: false,
});

const follow = (progress: Progress, event: SessionEvent): void => {
  switch (event._tag) {
    case "Connected":
      Object.assign(progress, begin());
      return;
    case "Secured":
      progress.isSecure = true;
      progress.report = event.report;
      return;
    case "Said":
      if (event.stage === "auth") progress.mechanism = /^AUTH (\S+)/.exec(event.line)?.[1] ?? progress.mechanism;
      return;
    case "Heard":
      if (event.stage === "ehlo" || event.stage === "ehlo-tls") {
        progress.capabilities = Capabilities.fromReply(event.reply);
      }
      if (event.stage === "auth") progress.isAuthenticated = Reply.isPositive(event.reply);
      return;
  }
};

/** What a conversation came to besides its verdicts, as plain data. */
const conversation = (
  destination: Destination,
  progress: Progress,
  failure: SessionError | undefined,
  adaptations: ReadonlyArray<Adaptation>,
): object => ({
  event: "conversation",
  server: nameOf(destination),
  tls: progress.report === undefined ? null : Tls.jsonWithoutChain(progress.report),
  authenticated: progress.isAuthenticated && failure?.reason !== "AuthBroken" ? progress.mechanism : null,
  adaptations,
});

/** Holds one conversation over the network. Interrupted, it closes the connection and says what was known by then. */
export const hold = (
  narrator: Narrator,
  destination: Destination,
  talk: Talk,
): Effect.Effect<Result, GrammarError> =>
  Clock.clockWith((clock) => {
    const { options, security, preface } = talk;
    const { timeouts = Timeouts.defaults } = options;
    const port = "path" in destination ? undefined : destination.port;
    const servername = security.options.servername ?? ("path" in destination ? undefined : destination.name);
    const tlsOptions = { timeout: timeouts.tls, ...security.options, servername };
    const socket = Connect.make({
      ...("path" in destination ? { path: destination.path } : { host: destination.host, port: destination.port }),
      connectTimeout: timeouts.connect,
      preface: preface?.octets,
      tls: security.implicit === undefined
        ? undefined
        : { ...tlsOptions, rejectUnauthorized: security.level === "verified" },
    });
    const progress = begin();
    const situation = (): Remedy.Situation => ({
      port,
      security,
      authentication: options.auth,
      isLmtp: options.protocol === "lmtp",
      isSecure: progress.isSecure,
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
      const report = error.cause instanceof TlsError ? error.cause.report : undefined;
      const at = clock.currentTimeMillisUnsafe();
      if (report !== undefined) {
        narrator.handshake(report, at);
        if (talk.showsChain === true) narrator.chain(report, port, at);
      }
      const unconnected = error.stage === "connect"
        ? `Cannot connect to ${endpoint(destination)}: ${
          OpenFailure.format(OpenFailure.explain(error.cause, "path" in destination ? undefined : destination))
        }`
        : undefined;
      const message = unconnected ?? (error.cause instanceof TlsError ? error.cause : error).message;
      narrator.failure(error, at, message, Remedy.ofFailure(situation(), error));
      if (error.reason === "Interrupted") narrator.outcome(interrupted(talk, error));
    };

    const observe: Observer = (event) => {
      follow(progress, event);
      if (event._tag === "Connected") connected();
      if (event._tag === "Failed") return failed(event.error);
      narrator.observe(event);
      if (event._tag === "Secured" && event.report !== undefined && talk.showsChain === true) {
        narrator.chain(event.report, port, event.at);
      }
    };

    const told = (
      recipients: ReadonlyArray<RecipientOutcome>,
      failure: SessionError | undefined,
      adaptations: ReadonlyArray<Adaptation>,
    ): Result => {
      for (const adaptation of adaptations) narrator.note(OutcomeLines.describeAdaptation(adaptation));
      narrator.data(conversation(destination, progress, failure, adaptations));
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
