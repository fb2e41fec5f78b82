import type { Finding } from "./finding.ts";
import { importsOf } from "./source.ts";
import { type Member, modulesOf, packagesOf, type Workspace } from "./workspace.ts";

/** What one room of the house may import. */
export interface Layer {
  /** Our packages, without `@plausch/`. */
  readonly packages: ReadonlyArray<string>;
  /** Our packages that one file may import besides. */
  readonly packagesOf?: Readonly<Record<string, ReadonlyArray<string>>>;
  /** Modules of effect, without `effect/`; `"*"`: all. */
  readonly effect: ReadonlyArray<string> | "*";
  /** Other libraries, as imported. */
  readonly libraries?: ReadonlyArray<string>;
  /** Modules of `node:`, by the file that may import them; `"*"`: every file. */
  readonly node?: Readonly<Record<string, ReadonlyArray<string>>>;
}

/** The rooms and their doors: who may import what. Keep it equal to the table in docs/architecture.md. */
export const layers: Readonly<Record<string, Layer>> = {
  line: { packages: [], effect: ["Data", "Result"] },
  smtp: { packages: [], effect: ["Data", "Redacted", "Result"], libraries: ["@noble/hashes"] },
  dns: {
    packages: [],
    effect: "*",
    node: { "live.ts": ["crypto", "dgram", "dns", "fs/promises", "net"] },
  },
  mx: { packages: ["dns", "tls"], effect: "*" },
  session: { packages: ["line", "smtp", "tls"], effect: "*" },
  tls: { packages: [], effect: ["Data", "Duration", "Effect", "Result", "socket/Socket"] },
  net: {
    packages: ["line", "tls"],
    effect: "*",
    node: {
      "*": ["buffer", "crypto", "dgram", "dns", "net", "stream", "timers", "tls"],
      "https_client.ts": ["http", "https"],
    },
  },
  testing: { packages: ["line", "smtp", "tls"], effect: "*" },
  sink: {
    packages: ["line", "smtp", "tls", "net"],
    effect: "*",
    libraries: ["@peculiar/x509", "reflect-metadata"],
    node: { "maildir.ts": ["fs/promises", "path"] },
  },
  delivery: {
    packages: ["dns", "mx", "session", "smtp", "tls"],
    packagesOf: { "live.ts": ["net"], "live_mta_sts.ts": ["net"] },
    effect: "*",
  },
  message: { packages: ["smtp"], effect: "*", libraries: ["nodemailer"] },
};

const isOrBelow = (specifier: string, name: string): boolean => specifier === name || specifier.startsWith(`${name}/`);

/** Why a file may not import this; undefined if it may. */
const objection = (specifier: string, path: string, name: string, layer: Layer): string | undefined => {
  const [scheme] = specifier.split(":", 1);
  if (specifier.startsWith("./") || specifier.startsWith("../")) {
    return new URL(specifier, new URL(path, "file:///room/")).pathname.startsWith("/room/")
      ? undefined
      : "reaches out of its package by path; import the other package by name";
  }
  if (scheme === "npm" || scheme === "jsr" || scheme === "http" || scheme === "https") {
    return `names the registry "${scheme}:" inline; name the library, and its version once in deno.json`;
  }
  if (scheme === "node") {
    const allowed = [...layer.node?.["*"] ?? [], ...layer.node?.[path] ?? []];
    return allowed.includes(specifier.slice("node:".length))
      ? undefined
      : "is not for this file; keep input and output in the package's one file for it";
  }
  if (specifier === "effect") return 'is a barrel that loads all of effect; import the module, as "effect/Effect"';
  if (isOrBelow(specifier, "effect")) {
    const module = specifier.slice("effect/".length);
    return layer.effect === "*" || layer.effect.includes(module)
      ? undefined
      : `is not for this package, which is pure data (${layer.effect.join(", ")}); move the effect to a package above`;
  }
  if (isOrBelow(specifier, `@plausch/${name}`)) return 'is this package itself; import the file, as "./reply.ts"';
  if (specifier.startsWith("@plausch/")) {
    const allowed = [...layer.packages, ...layer.packagesOf?.[path] ?? []];
    return allowed.some((other) => isOrBelow(specifier, `@plausch/${other}`))
      ? undefined
      : `is above or beside this package, which may import ${
        allowed.join(", ") || "none of ours"
      }; move the code, or change the table in tools/checks/layers.ts and docs/architecture.md`;
  }
  return layer.libraries?.some((library) => isOrBelow(specifier, library))
    ? undefined
    : "is no library of this package; add it to tools/checks/layers.ts and docs/dependencies.md, or do without";
};

const checkMember = (member: Member, name: string, layer: Layer): ReadonlyArray<Finding> =>
  modulesOf(member).flatMap(([file, text]) => {
    const path = `${member.folder}/${file}`;
    return importsOf(text).flatMap(({ specifier, line }): ReadonlyArray<Finding> => {
      if (specifier === undefined) return [{ path, line, message: "imports a computed name; name the module" }];
      const why = objection(specifier, file, name, layer);
      return why === undefined ? [] : [{ path, line, message: `"${specifier}" ${why}` }];
    });
  });

/** Checks that every package imports only what its layer may. */
export const check = (workspace: Workspace): ReadonlyArray<Finding> =>
  packagesOf(workspace).flatMap((member) => {
    const name = member.folder.slice("packages/".length);
    const layer = layers[name];
    return layer === undefined
      ? [{
        path: `${member.folder}/deno.json`,
        line: 1,
        message: "has no place in the table of layers; add it to tools/checks/layers.ts and docs/architecture.md",
      }]
      : checkMember(member, name, layer);
  });
