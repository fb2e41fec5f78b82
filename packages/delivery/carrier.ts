/**
 * Takes mail to one host: what stands between the decisions of a delivery and the sessions. One carrier holds a
 * conversation for each errand, {@linkcode conversing}; another one keeps sessions open, see `@plausch/delivery/pool`.
 *
 * @example A carrier that accepts everything, for a test
 * ```ts
 * import type { Carrier } from "@plausch/delivery/carrier";
 * import * as Path from "@plausch/smtp/path";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const carrier: Carrier = {
 *   carry: ({ mail }) =>
 *     Effect.succeed({
 *       recipients: mail.envelope.recipients.map(({ path }) => ({
 *         recipient: path, address: Path.address(path), verdict: "accepted", stage: "final",
 *       })),
 *       adaptations: [],
 *       protection: { level: "none", isEncrypted: false, tls: undefined, authenticated: undefined },
 *     }),
 * };
 * assertEquals(typeof carrier.carry, "function");
 * ```
 *
 * @module
 */
import { converse, type Options as ConverseOptions } from "@plausch/session/converse";
import type { Observer } from "@plausch/session/event";
import type { Outcome } from "@plausch/session/outcome";
import type { Mail } from "@plausch/session/send-many";
import type { SessionError } from "@plausch/session/session-error";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import * as Effect from "effect/Effect";
import * as Socket from "effect/socket/Socket";

/** Mail for one host. */
export interface Errand {
  /** Names the host together with all that is asked of the connection: where two keys are equal, one session serves both. */
  readonly key: string;
  /**
   * Dials the host each time its `reader` is acquired. It is of this errand alone: the `writer` of a socket belongs to the connection
   * that was made last. It is asked for when the host is to be dialled, and only then: where sessions are kept, a getter saves most
   * messages a socket that nobody dials with.
   */
  readonly socket: Socket.Socket;
  /** How much is asked of TLS. */
  readonly tls: TlsLevel;
  /** The settings of the handshake: whom the certificate must be for, and what else can prove it. */
  readonly tlsOptions: TlsOptions;
  /** The message, with the recipients that this host is to have. */
  readonly mail: Mail;
  /** Sees every event of the conversation. */
  readonly observe: Observer;
}

/** Takes mail to hosts. */
export interface Carrier {
  /**
   * Takes the mail to the host. Succeeds with a verdict for each recipient, refused or not, known by the very path that the errand has
   * for it; fails with a `SessionError`, which
   * has the verdicts too, where the conversation broke, and with a `GrammarError` where a value cannot be encoded.
   */
  readonly carry: (errand: Errand) => Effect.Effect<Outcome, SessionError | GrammarError>;
}

/** How conversations are held, but for what each errand says itself. */
export type ConversationOptions = Omit<ConverseOptions, "content" | "envelope" | "observe" | "tls" | "tlsOptions">;

/**
 * A carrier that holds one whole conversation for each errand, from the greeting to QUIT.
 *
 * @example
 * ```ts
 * import * as Carrier from "@plausch/delivery/carrier";
 * import * as Content from "@plausch/session/content";
 * import * as Envelope from "@plausch/session/envelope";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import * as Socket from "effect/socket/Socket";
 *
 * const carrier = Carrier.conversing({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 * const mail = {
 *   envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] })),
 *   content: Result.getOrThrow(Content.make(new TextEncoder().encode("Subject: t\r\n\r\nhello\r\n"))),
 * };
 * const program = Effect.gen(function* () {
 *   const socket = yield* Socket.Socket;
 *   return yield* carrier.carry({ key: "mx", socket, tls: "none", tlsOptions: {}, mail, observe: () => {} });
 * });
 * const script = Result.getOrThrow(Transcript.parse("< 554 5.7.1 not you\n> QUIT\n< 221 bye\n"));
 * const outcome = await Effect.runPromise(Effect.provide(program, MockSocket.layer(script)));
 * assertEquals(outcome.recipients.map(({ verdict }) => verdict), ["rejected"]);
 * ```
 */
export const conversing = (options: ConversationOptions): Carrier => ({
  carry: ({ mail: { envelope, content }, socket, tls, tlsOptions, observe }) =>
    Effect.provideService(
      converse({ ...options, envelope, content, tls, tlsOptions, observe }),
      Socket.Socket,
      socket,
    ),
});
