/**
 * The command line of plausch: chat with SMTP servers the way a careful person with `dig` and `telnet` would.
 *
 * ```sh
 * deno run --allow-net --allow-read --allow-sys jsr:@plausch/cli send --to someone@example.org --from me@example.org
 * ```
 *
 * @module
 */
import { commands } from "./commands.ts";
import { launch } from "./launch.ts";

if (import.meta.main) {
  await launch(Deno.args, async () => {
    const { start } = await import("./program.ts");
    return (args) => start(args, commands);
  });
}
