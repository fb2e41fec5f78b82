/**
 * The session orchestrator: a conversation with an SMTP server, from greeting to QUIT, over any effect `Socket`.
 *
 * Start with {@linkcode converse} for one message, {@linkcode Session} for several, {@linkcode Conversation} for the
 * protocol alone, without sockets or effects. Whatever happens, every recipient has a verdict: accepted, rejected,
 * deferred or uncertain.
 *
 * @example One message to a scripted server
 * ```ts
 * import { Content, converse, Envelope } from "@plausch/session";
 * import { Domain } from "@plausch/smtp";
 * import { MockSocket, Transcript } from "@plausch/testing";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse("< 554 not today\n> QUIT\n< 221 bye\n"));
 * const outcome = await Effect.runPromise(
 *   converse({
 *     host: Result.getOrThrow(Domain.hostFromString("c.test")),
 *     envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] })),
 *     content: Result.getOrThrow(Content.make(new TextEncoder().encode("Subject: t\r\n\r\nhello\r\n"))),
 *   }).pipe(Effect.provide(MockSocket.layer(script))),
 * );
 * assertEquals(outcome.recipients[0]?.verdict, "rejected");
 * ```
 *
 * @module
 */
export * from "./authentication.ts";
/** What a message may need besides its first connection. */
export * as Connections from "./connections.ts";
/** A message as it goes over the wire. */
export * as Content from "./content.ts";
/** The protocol core, without input and output. */
export * as Conversation from "./conversation.ts";
export * from "./converse.ts";
/** Who sends to whom. */
export * as Envelope from "./envelope.ts";
export * from "./event.ts";
/** What to do about extensions that are not offered. */
export * as ExtensionPolicy from "./extension_policy.ts";
/** What became of a message. */
export * as Outcome from "./outcome.ts";
export * from "./send_many.ts";
/** A session with one server. */
export * as Session from "./session.ts";
export * from "./session_error.ts";
/** The stages of a conversation. */
export * as Stage from "./stage.ts";
/** How long to wait for what. */
export * as Timeouts from "./timeouts.ts";
