/**
 * Delivery: from a message to a verdict for each recipient, over every mail exchanger that may take it.
 *
 * @example
 * ```ts
 * import { Carrier } from "@plausch/delivery";
 * import * as Domain from "@plausch/smtp/domain";
 * import { assertEquals } from "@std/assert";
 * import * as Result from "effect/Result";
 *
 * const carrier = Carrier.conversing({ host: Result.getOrThrow(Domain.hostFromString("mx.example.com")) });
 * assertEquals(typeof carrier.carry, "function");
 * ```
 *
 * @module
 */

/** Takes mail to one host. */
export * as Carrier from "./carrier.ts";
export * from "./dialer.ts";
