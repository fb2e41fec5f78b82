/**
 * What the command line says of a name server that cannot be used.
 *
 * @module
 */
import type { DnsError } from "@plausch/dns/dns-error";
import * as Effect from "effect/Effect";
import { UsageError } from "./options.ts";

/** A name server that cannot be used is a fault of the command line, or of the machine. */
export const noResolver = (error: DnsError): Effect.Effect<never, UsageError> =>
  Effect.fail(new UsageError({ problem: error.message, hint: "name a server with --dns IP[:PORT]" }));
