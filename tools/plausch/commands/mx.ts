import * as Effect from "effect/Effect";
import { ExitCode } from "../exit_code.ts";
import type { CommandLine, Given, UsageError } from "../options.ts";
import type { Shell } from "../shell.ts";
export const commandLine: CommandLine = { name: "mx", summary: "", operands: ["DOMAIN"], options: [], examples: [] };
export const run = (_given: Given): Effect.Effect<ExitCode, UsageError, Shell> => Effect.succeed(ExitCode.ok);
