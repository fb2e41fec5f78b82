/**
 * A stand-in for the part of `@std/cli` that this checkout uses; see `parse_args.ts` and `prompt_secret.ts`.
 *
 * ```ts
 * import { parseArgs } from "@std/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseArgs(["--quiet"], { boolean: ["quiet"] }), { quiet: true, _: [] });
 * ```
 *
 * @module
 */
export * from "./parse_args.ts";
export * from "./prompt_secret.ts";
