/**
 * `deno task build`: bundles the command line into `dist/`, in place of what was there.
 *
 * @module
 */
import { bundle } from "./bundle.ts";

const dist = new URL("../../dist", import.meta.url);

if (import.meta.main) {
  await Deno.remove(dist, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const program = await bundle(decodeURIComponent(dist.pathname));
  await Deno.stdout.write(new TextEncoder().encode(`${program}\n`));
}
