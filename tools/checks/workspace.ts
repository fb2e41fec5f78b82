/** What the checks read of a `deno.json`. */
export interface Config {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  /** One path stands for the entry `"."`. */
  readonly exports?: string | Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, string>>;
}

/** A published member of the workspace with its files. */
export interface Member {
  /** Its folder, from the root of the checkout. */
  readonly folder: string;
  readonly config: Config;
  /** The text of each file, by path below the folder. */
  readonly files: ReadonlyMap<string, string>;
}

/** The checkout as a value, so that every check is a pure function. */
export interface Workspace {
  readonly config: Config;
  readonly members: ReadonlyArray<Member>;
  /** The `deno.json` of each stand-in that `links` names. */
  readonly links: ReadonlyArray<{ readonly folder: string; readonly config: Config }>;
}

/** The exports of a member, by key. */
export const exportsOf = (config: Config): ReadonlyArray<readonly [key: string, target: string]> =>
  config.exports === undefined
    ? []
    : typeof config.exports === "string"
    ? [[".", config.exports]]
    : Object.entries(config.exports);

/** The members under `packages/`: the libraries. */
export const packagesOf = (workspace: Workspace): ReadonlyArray<Member> =>
  workspace.members.filter(({ folder }) => folder.startsWith("packages/"));

/** A member's TypeScript files. */
export const modulesOf = (member: Member): ReadonlyArray<readonly [path: string, text: string]> =>
  [...member.files].filter(([path]) => path.endsWith(".ts"));
