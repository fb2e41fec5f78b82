import type { Config, Workspace } from "../../tools/checks/workspace.ts";
import type { Finding } from "../../tools/checks/finding.ts";

type Files = Readonly<Record<string, string>>;

/** A workspace in memory: members by folder, files by path. A member's `deno.json` is filled in where it is not given. */
export const workspaceOf = (members: Readonly<Record<string, Files>>, root: Partial<Workspace> = {}): Workspace => ({
  config: {},
  links: [],
  members: Object.entries(members).map(([folder, files]) => {
    const config: Config = files["deno.json"] === undefined
      ? { name: folder.replace("packages/", "@plausch/"), version: "0.1.0", license: "MIT" }
      : JSON.parse(files["deno.json"]);
    return { folder, config, files: new Map(Object.entries(files)) };
  }),
  ...root,
});

/** Findings as `path:line`, for tests of where something is found. */
export const places = (findings: ReadonlyArray<Finding>): ReadonlyArray<string> =>
  findings.map(({ path, line }) => `${path}:${line}`);
