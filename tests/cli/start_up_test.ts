import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { bundle, flags } from "../../tools/build/bundle.ts";
import { fromFileUrl } from "../support/path.ts";
import { plauschProcess, type Ran, withSink } from "./_cli.ts";

const root = new URL("../../", import.meta.url);

/** What `deno info --json` says of a module. */
interface Module {
  readonly specifier: string;
  readonly dependencies?: ReadonlyArray<{
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier?: string };
  }>;
}

/** All that is loaded before a module of the command line runs: what it imports, and what that imports, and so on. */
const loadedWith = async (path: string): Promise<ReadonlyArray<string>> => {
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
      if (isDynamic !== true && code?.specifier !== undefined) loaded.add(code.specifier);
    }
  }
  return [...loaded].map((specifier) => specifier.replace(root.href, "").replace(/^npm:\/(@?[^@]+)@[^/]*/, "npm:$1"));
};

const matching = (names: ReadonlyArray<string>, pattern: RegExp) => names.filter((name) => pattern.test(name));

/** What was printed, but for the names that the sink gives to messages: each is another one. */
const withoutNames = (ran: Ran): Ran => ({ ...ran, out: ran.out.replaceAll(/Stored as \S+/g, "Stored") });

Deno.test("what needs no work is said before effect, a package or a command is loaded", async () => {
  assertEquals((await loadedWith("tools/plausch/main.ts")).toSorted(), [
    "tools/plausch/deno.json",
    "tools/plausch/main.ts",
    "tools/plausch/overview.ts",
    "tools/plausch/print.ts",
  ]);
});

Deno.test("no command is loaded before it is known which", async () => {
  const loaded = await loadedWith("tools/plausch/program.ts");
  assert(loaded.includes("npm:effect/Effect"), "the graph is read");
  assertEquals(
    matching(loaded, /^node:|^packages\/(net|dns|mx|sink|message|testing)\/|^tools\/plausch\/commands\//),
    [],
  );
});

Deno.test("send loads neither the composer, DNS, X.509 nor the sink", async () => {
  const loaded = await loadedWith("tools/plausch/commands/send.ts");
  assert(loaded.includes("packages/net/connect.ts"), "the graph is read");
  const heavy =
    /nodemailer|@peculiar|reflect-metadata|dns-packet|^node:(fs|dns)|^packages\/(message|sink|testing|mx)\//;
  assertEquals(matching(loaded, heavy), []);
  assertEquals(matching(loaded, /^packages\/dns\/(live|stub_resolver|zone)\.ts$/), []);
});

Deno.test("the bundle says what the sources say", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const program = await bundle(directory);
    const bundled = async (args: ReadonlyArray<string>) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-prompt", "--no-config", ...flags, program, ...args],
        stdin: "null",
      }).output();
      return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
    };
    await withSink(async ({ port }) => {
      const send = ["send", "-s", `127.0.0.1:${port}`, "-t", "you@x.test", "-f", "me@x.test", "--helo", "client.test"];
      const lines: ReadonlyArray<ReadonlyArray<string>> = [
        ["--version"],
        [],
        ["--help"],
        ["send", "--help"],
        ["sennd"],
        [...send, "--data", "@LICENSE"],
        [...send, "--subject", "Hi", "--body", "Hello", "--header", "Date: now", "--header", "Message-ID: <1@x.test>"],
        [...send, "--tls", "required"],
        ["send", "-s", "127.0.0.1:1", "-t", "you@x.test", "-f", "me@x.test"],
      ];
      for (const line of lines) {
        const expected = await plauschProcess(line);
        assertMatch(expected.out + expected.err, /\S/);
        assertEquals(withoutNames(await bundled(line)), withoutNames(expected), line.join(" "));
      }
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("the guide installs the bundle with the flags that it is made for", async () => {
  const guide = await Deno.readTextFile(new URL("docs/guide/install.md", root));
  assertStringIncludes(guide.replaceAll(/ *\\\n */g, " "), ` ${flags.join(" ")} dist/plausch.js`);
});
