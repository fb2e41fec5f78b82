import type { Finding } from "./finding.ts";
import { importsOf } from "./source.ts";
import { exportsOf, type Member, modulesOf, packagesOf, type Workspace } from "./workspace.ts";

const isPrivate = (file: string): boolean => file.split("/").some((part) => part.startsWith("_"));

/** The export key that a file has: `reply_parser.ts` is `./reply-parser`. */
export const keyOf = (file: string): string =>
  file === "mod.ts" ? "." : `./${file.replace(/\.ts$/, "").replaceAll("_", "-")}`;

const isSnakeCase = (file: string): boolean => /^(?:[a-z0-9]+\/)*_?[a-z0-9]+(?:_[a-z0-9]+)*\.ts$/.test(file);

/** Each public file has its key, each key its public file. */
const checkKeys = (member: Member): ReadonlyArray<Finding> => {
  const path = `${member.folder}/deno.json`;
  const source = member.files.get("deno.json") ?? "";
  const lineOf = (text: string): number =>
    1 + Math.max(0, source.split("\n").findIndex((line) => line.includes(JSON.stringify(text))));
  const entries = exportsOf(member.config);
  const targets = new Set(entries.map(([, target]) => target));

  const files = modulesOf(member).flatMap(([file]): ReadonlyArray<Finding> => {
    const at = { path: `${member.folder}/${file}`, line: 1 };
    if (!isSnakeCase(file)) return [{ ...at, message: "is not named in snake_case; rename it" }];
    return isPrivate(file) || targets.has(`./${file}`)
      ? []
      : [{ ...at, message: `is not exported; add "${keyOf(file)}": "./${file}" to deno.json, or name it "_${file}"` }];
  });
  const keys = entries.flatMap(([key, target]): ReadonlyArray<Finding> => {
    const file = target.replace(/^\.\//, "");
    const wrong = !member.files.has(file)
      ? `exports "${target}", which does not exist; add the file or remove the key`
      : isPrivate(file)
      ? `exports the private file "${target}"; remove the key, or rename the file`
      : key !== keyOf(file)
      ? `exports "${target}" as "${key}"; name the key "${keyOf(file)}"`
      : undefined;
    return wrong === undefined ? [] : [{ path, line: lineOf(key), message: wrong }];
  });
  return [...files, ...keys];
};

/** The package's front door shows every room. */
const checkBarrel = (member: Member): ReadonlyArray<Finding> => {
  const barrel = member.files.get("mod.ts");
  const path = `${member.folder}/mod.ts`;
  if (barrel === undefined) {
    return [{ path, line: 1, message: "does not exist; add the module that exports the others" }];
  }
  const shown = new Set(importsOf(barrel).map(({ specifier }) => specifier));
  return modulesOf(member).flatMap(([file]) =>
    file === "mod.ts" || isPrivate(file) || shown.has(`./${file}`)
      ? []
      : [{ path, line: 1, message: `does not export "./${file}"; add export * as … from it` }]
  );
};

const checkReadme = (member: Member): ReadonlyArray<Finding> => {
  const path = `${member.folder}/README.md`;
  const readme = member.files.get("README.md");
  if (readme === undefined) return [{ path, line: 1, message: "does not exist; add it, with an example that runs" }];
  const fences = readme.match(/^```ts\n[^]*?^```/gm) ?? [];
  return fences.some((fence) => fence.includes(`"${member.config.name}`))
    ? []
    : [{ path, line: 1, message: `has no example; add a ts fence that imports "${member.config.name}"` }];
};

/** Checks that what a package ships, what it exports and what it shows are the same. */
export const check = (workspace: Workspace): ReadonlyArray<Finding> =>
  packagesOf(workspace).flatMap((member) => [...checkKeys(member), ...checkBarrel(member), ...checkReadme(member)]);
