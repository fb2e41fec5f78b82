/**
 * The grammar of SMTP: commands, replies, addresses, ESMTP parameters, capabilities and credentials, as values.
 *
 * Nothing in here opens a socket, waits, or remembers a session. Parsers take what came and give a `Result`, or read on as
 * octets arrive; encoders refuse what could not be told apart from a second command. Each module is an entry of its own, so
 * `@plausch/smtp/reply` and {@linkcode Reply} are the same; programs that need few of them import those.
 *
 * @example A command, and its answer explained
 * ```ts
 * import { Command, Path, Reply, ReplyParser } from "@plausch/smtp";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const path = Result.getOrThrow(Path.forwardFromString("<nobody@example.com>"));
 * assertEquals(Result.getOrThrow(Command.format(Command.rcpt(path))), "RCPT TO:<nobody@example.com>");
 *
 * const parser = ReplyParser.make();
 * parser.push(new TextEncoder().encode("550 5.1.1 User unknown\r\n"));
 * const reply = parser.next();
 * assert(reply !== undefined);
 * assertEquals(Reply.explain(reply), "550 5.1.1: the mailbox does not exist; permanent");
 * ```
 *
 * @module
 */

/** Address literals such as `[192.0.2.1]` (RFC 5321 section 4.1.3). */
export * as AddressLiteral from "./address_literal.ts";

/** What a server offers in its reply to EHLO. */
export * as Capabilities from "./capabilities.ts";

/** Commands as values, and the one gate through which they get onto the wire. */
export * as Command from "./command.ts";

/** Commands as a server reads them. */
export * as CommandParser from "./command_parser.ts";

/** Domains and hosts. */
export * as Domain from "./domain.ts";

/** Enhanced status codes such as `5.1.1`, and what they mean (RFC 3463, RFC 5248). */
export * as EnhancedStatus from "./enhanced_status.ts";

/** The one error of this package, and its words. */
export { GrammarError, type GrammarReason, type GrammarSubject } from "./grammar_error.ts";

/** The gate for header fields. */
export * as Header from "./header.ts";

/** Mailboxes: a local part at a host. */
export * as Mailbox from "./mailbox.ts";

/** Octets as text and back, without loss. */
export * as Octets from "./octets.ts";

/** ESMTP parameters of MAIL and RCPT. */
export * as Parameter from "./parameter.ts";

/** Reverse-paths and forward-paths. */
export * as Path from "./path.ts";

/** The phase table: which verb is legal when. */
export * as Phase from "./phase.ts";

/** Text from a peer, made safe to print. */
export * as Printable from "./printable.ts";

/** Keeps credentials out of transcripts. */
export * as Redact from "./redact.ts";

/** Replies, and what they mean. */
export * as Reply from "./reply.ts";

/** Reads replies from the octets of a connection. */
export * as ReplyParser from "./reply_parser.ts";

/** The client halves of the SASL mechanisms, and the choice between them. */
export * as Sasl from "./sasl.ts";

/** Why a SASL exchange cannot go on. */
export { SaslError, type SaslReason } from "./sasl_error.ts";

/** The server halves of the SASL mechanisms, for test servers. */
export * as SaslServer from "./sasl_server.ts";

/** Names and passwords in the one form in which they are compared (RFC 4013). */
export * as Saslprep from "./saslprep.ts";

/** Any octets inside an ESMTP parameter value (RFC 3461 section 4). */
export * as Xtext from "./xtext.ts";
