/**
 * Messages made from parts (RFC 5322, MIME): enough to write a letter from a program or a command line. The MIME work is
 * done by nodemailer's composer; what is added here is a gate that no header injection passes, and a clock and a random
 * source that tests can hold still.
 *
 * @example A letter in German
 * ```ts
 * import * as Compose from "@plausch/message/compose";
 * import * as Effect from "effect/Effect";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const message = await Effect.runPromise(
 *   Compose.compose({ from: "mir@c.test", to: ["mir@d.test"], subject: "Grüße", text: "Na?" }),
 * );
 * assertStringIncludes(new TextDecoder().decode(message), "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n");
 * ```
 *
 * @module
 */
export * from "./compose.ts";
