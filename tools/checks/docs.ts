import type { Finding } from "./finding.ts";

interface Doc {
  readonly doc?: string;
  readonly tags?: ReadonlyArray<{ readonly kind: string; readonly doc?: string }>;
}

interface Documented {
  readonly jsDoc?: Doc;
  /** The line counts from 0. */
  readonly location: { readonly filename: string; readonly line: number };
}

interface Documentable extends Documented {
  readonly name: string;
  readonly accessibility?: "public" | "protected" | "private";
  readonly isOverride?: boolean;
}

interface Declaration extends Documented {
  readonly kind: string;
  readonly declarationKind: string;
  readonly def?: {
    readonly properties?: ReadonlyArray<Documentable>;
    readonly methods?: ReadonlyArray<Documentable>;
    readonly tsType?: { readonly kind: string };
  };
}

/** What `deno doc --json` says, as far as it matters here. */
export interface DocOutput {
  /** The version of the format. */
  readonly version: number;
  readonly nodes: Readonly<
    Record<string, {
      readonly module_doc?: Doc;
      readonly symbols: ReadonlyArray<{ readonly name: string; readonly declarations: ReadonlyArray<Declaration> }>;
    }>
  >;
}

const isDocumented = (doc: Doc | undefined): boolean => doc?.doc !== undefined && doc.doc.trim() !== "";

/** Whether a comment has an example that runs and can fail. */
const hasExample = (doc: Doc | undefined): boolean =>
  [doc?.doc ?? "", ...(doc?.tags ?? []).map((tag) => tag.doc ?? "")].some((text) =>
    Array.from(text.matchAll(/^```ts(?<flags>[^\n]*)\n(?<code>[^]*?)^```/gm)).some(({ groups }) =>
      !groups!["flags"]!.includes("ignore") && /\bassert\w*[(<]/.test(groups!["code"]!)
    )
  );

const isFunction = (declaration: Declaration): boolean =>
  declaration.kind === "function" ||
  (declaration.kind === "variable" && declaration.def?.tsType?.kind === "fnOrConstructor");

/** Members explain themselves: a tag, and what a class gives another body to. */
const needsDoc = (member: Documentable): boolean =>
  member.name !== "_tag" && member.isOverride !== true && member.accessibility !== "private";

/** Checks one module's comments; `url` is the module's, `path` how findings call it. */
const checkModule = (url: string, path: string, { module_doc, symbols }: DocOutput["nodes"][string]) => {
  const findings: Array<Finding> = [];
  const report = (line: number, message: string) => findings.push({ path, line, message });

  if (!isDocumented(module_doc)) report(1, "the module is not documented; begin it with a comment that has @module");
  else if (!hasExample(module_doc)) {
    report(1, "the module has no example that asserts; add an @example with a ts fence");
  }

  for (const { name, declarations } of symbols) {
    // What another module declares is checked there, be it shown here in full or by reference.
    const ours = declarations.filter(({ declarationKind, kind, location }) =>
      declarationKind === "export" && kind !== "reference" && location.filename === url
    );
    const [first] = ours;
    if (first === undefined) continue;
    const line = first.location.line + 1;
    if (!ours.some((one) => isDocumented(one.jsDoc))) report(line, `${name} is not documented; say what it is for`);
    if (ours.some(isFunction) && !ours.some((one) => hasExample(one.jsDoc))) {
      report(line, `${name}() has no example that asserts; add an @example with a ts fence`);
    }
    for (const { kind, def } of ours) {
      if (kind !== "interface" && kind !== "class") continue;
      for (const member of [...def?.properties ?? [], ...def?.methods ?? []]) {
        if (needsDoc(member) && !isDocumented(member.jsDoc)) {
          report(member.location.line + 1, `${name}.${member.name} is not documented; say what it holds or does`);
        }
      }
    }
  }
  return findings;
};

/** The format that this file was written for: another one could hide everything from it. */
const knownVersion = 2;

/** Checks that all that is exported is documented, and that modules and functions have an example that can fail. */
export const check = ({ version, nodes }: DocOutput, root: string): ReadonlyArray<Finding> =>
  version === knownVersion
    ? Object.entries(nodes).flatMap(([url, node]) => checkModule(url, url.replace(root, ""), node))
    : [{
      path: "tools/checks/docs.ts",
      line: 1,
      message: `reads version ${knownVersion} of the output of deno doc, but got ${version}; teach it the new one`,
    }];
