/**
 * The embedded server: a small honest ESMTP server on loopback, built on plausch's own parser, for demonstrations and
 * tests.
 *
 * {@linkcode Sink} listens and serves; {@linkcode ServerProtocol} is the protocol alone, without sockets; {@linkcode Store}
 * and {@linkcode Maildir} keep messages.
 *
 * @example The protocol by hand
 * ```ts
 * import { ServerProtocol } from "@plausch/sink";
 * import { assertEquals } from "@std/assert";
 *
 * const server = ServerProtocol.make({ host: "sink.test" });
 * server.greet();
 * assertEquals(new TextDecoder().decode(server.output()), "220 sink.test ESMTP plausch sink\r\n");
 * ```
 *
 * @module
 */
/** Who can log in. */
export * as Authentication from "./authentication.ts";
/** A certificate for a sink. */
export * as Certificate from "./certificate.ts";
/** What a sink offers. */
export * as Extension from "./extension.ts";
/** What goes wrong on request. */
export * as Fault from "./fault.ts";
export * from "./fault_error.ts";
/** How much a sink takes from one client. */
export * as Limits from "./limits.ts";
/** A store of files. */
export * as Maildir from "./maildir.ts";
/** What a site decides. */
export type * as Policy from "./policy.ts";
/** The server's side of SMTP, without input and output. */
export * as ServerProtocol from "./server_protocol.ts";
/** The server itself. */
export * as Sink from "./sink.ts";
/** Where messages go. */
export * as Store from "./store.ts";
/** A message that waits for its store. */
export type * as Submission from "./submission.ts";
