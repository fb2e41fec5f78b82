/**
 * The repo's own checks: `deno task checks`. Prints `path:line: what is wrong; what to do` and exits with 1 if there is any.
 * All decisions are in the files beside; this one reads.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command: the console is its output
import * as docs from "./docs.ts";
import * as exports from "./exports.ts";
import { type Finding, format, sort } from "./finding.ts";
import * as forbiddenCode from "./forbidden_code.ts";
import * as layers from "./layers.ts";
import * as references from "./references.ts";
import * as rooms from "./rooms.ts";
import * as versions from "./versions.ts";
import * as words from "./words.ts";
import { type Config, exportsOf, type Member, packagesOf, type Workspace } from "./workspace.ts";

interface RootConfig extends Config {
  readonly workspace: ReadonlyArray<string>;
  readonly links: ReadonlyArray<string>;
}

const root = new URL("../../", import.meta.url);
const read = (path: string): Promise<string> => Deno.readTextFile(new URL(path, root));
const readConfig = async <C extends Config>(path: string): Promise<C> => JSON.parse(await read(path));

/** What git does not track, and recorded data, which may say anything. */
const skipped = new Set([".git", "node_modules", "tests/cases", "deno.lock"]);
const isText = (path: string): boolean => /\.(?:ts|md|json|ya?ml|sh|txt)$|(?:^|\/)(?:run|LICENSE)$/.test(path);

/** The paths of all texts below a folder, from the root. */
const list = async (folder = ""): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(new URL(folder, root))) {
    const path = `${folder}${name}`;
    if (skipped.has(name) || skipped.has(path)) continue;
    if (isDirectory) found.push(...await list(`${path}/`));
    else if (isFile && isText(path)) found.push(path);
  }
  return found;
};

const readWorkspace = async (texts: ReadonlyMap<string, string>): Promise<Workspace> => {
  const config = await readConfig<RootConfig>("deno.json");
  const folders = config.workspace.map((folder) => folder.replace(/^\.\//, ""));
  const members = await Promise.all(folders.map(async (folder): Promise<Member> => ({
    folder,
    config: await readConfig(`${folder}/deno.json`),
    files: new Map(
      [...texts].flatMap(([path, text]) =>
        path.startsWith(`${folder}/`) ? [[path.slice(folder.length + 1), text]] : []
      ),
    ),
  })));
  const links = await Promise.all(
    config.links.map((link) => link.replace(/^\.\//, "")).map(async (folder) => ({
      folder,
      config: await readConfig(`${folder}/deno.json`),
    })),
  );
  return { config, members: members.filter((member) => member.config.name !== undefined), links };
};

/** Checks the comments of one member: `deno doc` reads them. */
const checkDocs = async ({ folder, config, files }: Member): Promise<ReadonlyArray<Finding>> => {
  const modules = exportsOf(config).map(([, target]) => target.replace(/^\.\//, "")).filter((file) => files.has(file));
  const args = ["doc", "--json", ...modules.map((file) => `${folder}/${file}`)];
  const { success, stdout, stderr } = await new Deno.Command("deno", { args, cwd: root, env: { NO_COLOR: "1" } })
    .output();
  if (success) return docs.check(JSON.parse(new TextDecoder().decode(stdout)), root.href);
  const error = new TextDecoder().decode(stderr).split("\n").find((line) => line.startsWith("error: "));
  return [{
    path: `${folder}/deno.json`,
    line: 1,
    message: `deno doc fails; make it pass: ${error ?? "no reason given"}`,
  }];
};

const texts = new Map(await Promise.all((await list()).map(async (path) => [path, await read(path)] as const)));
const workspace = await readWorkspace(texts);
const ids = async (path: string): Promise<ReadonlyArray<string>> =>
  (await read(path)).trimEnd().split("\n").map((line) => JSON.parse(line).id);
const cases = new Set([...await ids("tests/cases/dialogues.jsonl"), ...await ids("tests/cases/delivery.jsonl")]);
const known: references.Known = { file: (path) => texts.has(path), case: (id) => cases.has(id) };
const pageOf = (path: string): readonly [path: string, page: string] => [path, texts.get(path) ?? ""];
const results: ReadonlyArray<readonly [name: string, findings: ReadonlyArray<Finding>]> = [
  ["layers", layers.check(workspace)],
  ["forbidden code", forbiddenCode.check(workspace)],
  ["exports", exports.check(workspace)],
  ["versions", versions.check(workspace)],
  ["words", words.check(texts)],
  ["rooms", rooms.check(...pageOf("docs/architecture.md"), layers.layers)],
  ["references", references.check(...pageOf("docs/rfcs.md"), known)],
  ["docs", (await Promise.all(packagesOf(workspace).map(checkDocs))).flat()],
];

for (const finding of sort(results.flatMap(([, findings]) => findings))) console.log(format(finding));
const failed = results.filter(([, findings]) => findings.length > 0);
for (const [name, findings] of failed) console.error(`${name}: ${findings.length} to fix`);
console.error(`checks: ${results.length - failed.length} passed, ${failed.length} failed`);
if (failed.length > 0) Deno.exit(1);
