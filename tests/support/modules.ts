import { assertEquals } from "@std/assert";
import { fromFileUrl } from "./path.ts";

/** The checkout. */
export const root = new URL("../../", import.meta.url);

/** What `deno info --json` says of a module. */
interface Module {
  readonly specifier: string;
  readonly dependencies?: ReadonlyArray<{
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier?: string };
  }>;
}

/** All that is loaded before a module runs: what it imports, and what that imports, and so on. With `whenever`, what may be loaded later too. */
export const loadedWith = async (path: string, whenever = false): Promise<ReadonlyArray<string>> => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", path],
    cwd: fromFileUrl(root),
    stderr: "null",
  }).output();
  assertEquals(code, 0);
  const { modules }: { readonly modules: ReadonlyArray<Module> } = JSON.parse(new TextDecoder().decode(stdout));
  const byName = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set([new URL(path, root).href]);
  // A set hands out what is added while it is read.
  for (const specifier of loaded) {
    for (const { isDynamic, code } of byName.get(specifier)?.dependencies ?? []) {
      if ((whenever || isDynamic !== true) && code?.specifier !== undefined) loaded.add(code.specifier);
    }
  }
  return [...loaded].map((specifier) => specifier.replace(root.href, "").replace(/^npm:\/(@?[^@]+)@[^/]*/, "npm:$1"));
};

/** The names that look like this. */
export const matching = (names: ReadonlyArray<string>, pattern: RegExp) => names.filter((name) => pattern.test(name));

/** What of Node a conversation in clear needs. */
export const nodeInClear = ["node:buffer", "node:net", "node:timers"];
