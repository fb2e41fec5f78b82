import type { Finding } from "./finding.ts";
import type { Workspace } from "./workspace.ts";

/** The range that a specifier such as `jsr:@std/cli@^1.0.32` names. */
const rangeOf = (specifier: string): string | undefined => /^[a-z]+:@?[^@]+@(.+?)(?:\/.*)?$/.exec(specifier)?.[1];

/** Checks that all members are of one version and licence, and that stand-ins pretend to be the version we ask for. */
export const check = (workspace: Workspace): ReadonlyArray<Finding> => {
  const wanted = workspace.members[0]?.config.version;
  const members = workspace.members.flatMap(({ folder, config }): ReadonlyArray<Finding> => {
    const at = { path: `${folder}/deno.json`, line: 1 };
    return [
      ...config.version === wanted && wanted !== undefined ? [] : [{
        ...at,
        message: `is version ${config.version ?? "none"}, others are ${wanted ?? "none"}; give all members one version`,
      }],
      ...config.license === "MIT" ? [] : [{ ...at, message: 'has no "license": "MIT"; add it' }],
      ...Object.keys(config.imports ?? {}).filter((name) => name in (workspace.config.imports ?? {})).map((name) => ({
        ...at,
        message: `gives "${name}" a second version; leave it to the root's deno.json`,
      })),
    ];
  });
  const links = workspace.links.flatMap(({ folder, config: { name = "", version } }): ReadonlyArray<Finding> => {
    const range = rangeOf(workspace.config.imports?.[name] ?? "");
    return range === `^${version}` ? [] : [{
      path: `${folder}/deno.json`,
      line: 1,
      message: `stands in for ${name} ${version}, but the root asks for ${range ?? "none"}; make them one`,
    }];
  });
  return [...members, ...links];
};
