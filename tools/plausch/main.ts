/**
 * The command line of plausch: chat with SMTP servers the way a careful person with `dig` and `telnet` would.
 *
 * ```sh
 * deno run --allow-net --allow-read --allow-sys jsr:@plausch/cli send --to someone@example.org --from me@example.org
 * ```
 *
 * @module
 */
import { answer } from "./overview.ts";
import { print } from "./print.ts";

// What needs no work is answered from here: nothing below, and nothing of effect, is loaded for it.
if (import.meta.main) {
  const known = answer(Deno.args);
  if (known === undefined) {
    const { start } = await import("./program.ts");
    await start(Deno.args);
  } else {
    print(Deno.stdout)(known.text);
    Deno.exit(known.code);
  }
}
