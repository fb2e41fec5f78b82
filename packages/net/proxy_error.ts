/**
 * What is wrong with a PROXY header: one that came, or one that should be written.
 *
 * @example
 * ```ts
 * import { ProxyError } from "@plausch/net/proxy-error";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new ProxyError({ reason: "NotProxy" });
 * assertEquals(error.message, "Cannot take the PROXY header: the connection does not begin with one");
 * ```
 *
 * @module
 */
import * as Data from "effect/Data";

/**
 * - `NotProxy`: the first octets are no PROXY header.
 * - `BadLine`: the line of version 1 is not as it must be.
 * - `BadHeader`: version, command, family or length of version 2 is not as it must be.
 * - `BadAddress`: an address that is none, or two of different families.
 * - `BadPort`: a port that is no whole number from 0 to 65535.
 * - `BadTlv`: the further values of version 2 do not fill their room, or there is more of them than room.
 * - `BadChecksum`: the checksum of version 2 is not that of the header.
 * - `Incomplete`: the connection ended in the middle of the header.
 * - `Timeout`: the header did not come in time.
 */
export type ProxyErrorReason =
  | "NotProxy"
  | "BadLine"
  | "BadHeader"
  | "BadAddress"
  | "BadPort"
  | "BadTlv"
  | "BadChecksum"
  | "Incomplete"
  | "Timeout";

const words: Readonly<Record<ProxyErrorReason, string>> = {
  NotProxy: "the connection does not begin with one",
  BadLine: "its line is not as version 1 has it",
  BadHeader: "version, command, family or length are not as version 2 has them",
  BadAddress: "an address in it is none, or the two are of different families",
  BadPort: "a port in it is not a whole number from 0 to 65535",
  BadTlv: "its further values do not fit into it",
  BadChecksum: "its checksum is wrong",
  Incomplete: "the connection ended in the middle of it",
  Timeout: "it did not come in time",
};

/** A PROXY header that cannot be taken, or cannot be written. */
export class ProxyError extends Data.Error<{
  /** What is wrong. */
  readonly reason: ProxyErrorReason;
}> {
  /** Tells this error apart in `Effect.catchTag`. */
  readonly _tag = "ProxyError" as const;

  /** The error's class name. */
  override get name(): string {
    return "ProxyError";
  }

  /** One sentence for people. It repeats nothing of what came. */
  override get message(): string {
    return `Cannot take the PROXY header: ${words[this.reason]}`;
  }
}
