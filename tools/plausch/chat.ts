/**
 * A conversation with a server that was named, as the command line holds it: talk, show every word, sum up.
 *
 * @module
 */
import * as Connect from "@plausch/net/connect";
import type { NetSocket } from "@plausch/net/net-socket";
import * as OpenFailure from "@plausch/net/open-failure";
import * as Converse from "@plausch/session/converse";
import type { Adaptation } from "@plausch/session/extension-policy";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Path from "@plausch/smtp/path";
import * as TlsLevel from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Socket from "effect/socket/Socket";
import { type ExitCode, fromRecipients } from "./exit_code.ts";
import * as Listener from "./listener.ts";
import type { Narrator, Trail } from "./narrator.ts";
import type { Verdict } from "./render/outcome.ts";
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
    /** The IP version to dial, and no other, where `host` is a name. */
    readonly family?: 4 | 6 | undefined;
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

/** The connection that a conversation is held over. */
export const connect = (
  destination: Destination,
  { options, security, preface }: Talk,
  tlsOptions: TlsOptions,
): NetSocket =>
  Connect.make({
    ...("path" in destination
      ? { path: destination.path }
      : { host: destination.host, port: destination.port, family: destination.family }),
    connectTimeout: options.timeouts?.connect,
    preface: preface?.octets,
    tls: security.implicit === undefined
      ? undefined
      : { ...tlsOptions, rejectUnauthorized: TlsLevel.needsProof(security.level) },
  });

/** Says in a sentence why there is no connection. */
export const cannotConnect = (destination: Destination) => (error: SessionError): string => {
  if (error.cause === undefined) return error.message;
  const why = OpenFailure.explain(error.cause, "path" in destination ? undefined : destination);
  return `Cannot connect to ${endpoint(destination)}: ${OpenFailure.format(why)}`;
};

/** The failure in a sentence. */
export const sentence = (destination: Destination, error: SessionError): string =>
  Listener.sentence(error, cannotConnect(destination));

/** Sums up, and says what to try, each only once. */
export const sumUp = (
  narrator: Narrator,
  recipients: ReadonlyArray<Verdict>,
  remedies: ReadonlyArray<string | undefined>,
  trail?: Trail,
): void => {
  narrator.outcome(recipients, trail);
  for (const remedy of new Set(remedies)) if (remedy !== undefined) narrator.fail(remedy);
};

/** What a conversation came to. */
export interface Held {
  /** The verdicts. */
  readonly recipients: ReadonlyArray<RecipientOutcome>;
  /** What broke it, if anything did. */
  readonly failure: SessionError | undefined;
  /** What to try after refusals. */
  readonly remedies: ReadonlyArray<string | undefined>;
}

/** Holds one conversation over the network, and has it told. `interrupted` hears what was known when it was given up. */
export const hold = (
  destination: Destination,
  narrator: Narrator,
  talk: Talk,
  interrupted: (error: SessionError) => void,
  isLate?: () => boolean,
): Effect.Effect<Held, GrammarError> =>
  Clock.clockWith((clock) => {
    const { options, security } = talk;
    const servername = security.options.servername ?? ("path" in destination ? undefined : destination.name);
    const tlsOptions: TlsOptions = { timeout: options.timeouts?.tls, ...security.options, servername };
    const socket = connect(destination, talk, tlsOptions);
    const listener = Listener.make(narrator, clock, {
      name: nameOf(destination),
      port: "path" in destination ? undefined : destination.port,
      address: () => {
        const { remoteAddress, remotePort } = socket.connection() ?? {};
        return "path" in destination || remoteAddress === undefined ? undefined : `[${remoteAddress}]:${remotePort}`;
      },
      cannotConnect: cannotConnect(destination),
      isLate,
      fail: (error, ...told) => {
        narrator.failure(error, ...told);
        if (error.reason === "Interrupted") interrupted(error);
      },
    }, talk);
    const held = (
      recipients: ReadonlyArray<RecipientOutcome>,
      failure: SessionError | undefined,
      adaptations: ReadonlyArray<Adaptation>,
    ): Held => {
      listener.ended(adaptations);
      return { recipients, failure, remedies: recipients.map(listener.remedy) };
    };

    const isNamed = "name" in destination && destination.name !== destination.host;
    narrator.note(`Trying ${isNamed ? `${destination.name}, ` : ""}${endpoint(destination)} ...`);
    return Converse.converse({ ...options, tls: security.level, tlsOptions, observe: listener.observe }).pipe(
      Effect.provideService(Socket.Socket, socket),
      Effect.map(({ recipients, adaptations }) => held(recipients, undefined, adaptations)),
      Effect.catchTag("SessionError", (failure) =>
        Effect.sync(() => {
          listener.failed(failure);
          return held(failure.recipients, failure, []);
        })),
    );
  });

/** Holds the conversation, and sums it up. Interrupted, it closes the connection and says what was known by then. */
export const talkToServer = (
  destination: Destination,
  narrator: Narrator,
  talk: Talk,
): Effect.Effect<ExitCode, GrammarError> =>
  Effect.map(
    hold(destination, narrator, talk, (error) => narrator.outcome(interrupted(talk, error))),
    ({ recipients, failure, remedies }) => {
      sumUp(narrator, recipients, remedies);
      return fromRecipients(recipients, failure);
    },
  );
