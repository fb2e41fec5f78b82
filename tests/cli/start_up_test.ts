import { assert, assertEquals, assertMatch, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { bundle, flags } from "../../tools/build/bundle.ts";
import { commands } from "../../tools/plausch/commands.ts";
import { isOneConversation } from "../../tools/plausch/commands/send.ts";
import { withoutProcess } from "../../tools/plausch/without_process.ts";
import { fromFileUrl } from "../support/path.ts";
import { plauschProcess, type Ran, withServer, withSink } from "./_cli.ts";

const root = new URL("../../", import.meta.url);

/** What `deno info --json` says of a module. */
interface Module {
  readonly specifier: string;
  readonly dependencies?: ReadonlyArray<{
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier?: string };
  }>;
}

/** All that is loaded before a module runs: what it imports, and what that imports, and so on. With `whenever`, what may be loaded later too. */
const loadedWith = async (path: string, whenever = false): Promise<ReadonlyArray<string>> => {
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

const matching = (names: ReadonlyArray<string>, pattern: RegExp) => names.filter((name) => pattern.test(name));

/** What was printed, but for the names that the sink gives to messages: each is another one. */
const withoutNames = (ran: Ran): Ran => ({ ...ran, out: ran.out.replaceAll(/Stored as \S+/g, "Stored") });

Deno.test("what needs no work is said before effect, a package or a command is loaded", async () => {
  assertEquals((await loadedWith("tools/plausch/main.ts")).toSorted(), [
    "tools/plausch/commands.ts",
    "tools/plausch/deno.json",
    "tools/plausch/launch.ts",
    "tools/plausch/main.ts",
    "tools/plausch/overview.ts",
    "tools/plausch/print.ts",
    "tools/plausch/send/further.ts",
    "tools/plausch/without_process.ts",
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

Deno.test("send loads neither the composer, what finds mail exchangers, X.509 nor the sink", async () => {
  const loaded = await loadedWith("tools/plausch/commands/send.ts");
  assert(loaded.includes("packages/net/connect.ts"), "the graph is read");
  const heavy = /nodemailer|@peculiar|reflect-metadata|dns-packet|^packages\/(delivery|dns|message|mx|sink|testing)\//;
  assertEquals(matching(loaded, heavy), []);
});

/** What of Node a conversation in clear needs. */
const nodeInClear = ["node:buffer", "node:net", "node:timers"];

Deno.test("a conversation in clear loads no TLS, and of Node only what it connects with", async () => {
  const loaded = await loadedWith("tools/plausch/commands/send.ts");
  assertEquals(matching(loaded, /^node:/).toSorted(), nodeInClear);
  assertEquals(matching(loaded, /^packages\/net\//).toSorted(), [
    "packages/net/_connection.ts",
    "packages/net/_dial.ts",
    "packages/net/_errors.ts",
    "packages/net/_gather.ts",
    "packages/net/_tls_loader.ts",
    "packages/net/connect.ts",
    "packages/net/connection_info.ts",
    "packages/net/open_failure.ts",
  ]);
  const whenever = await loadedWith("tools/plausch/commands/send.ts", true);
  const rest = ["node:crypto", "node:tls", "packages/net/_bind_check.ts", "packages/net/proxy_protocol.ts"];
  assertEquals(rest.filter((module) => !whenever.includes(module)), []);
});

Deno.test("what is loaded without process cannot see it, and whoever comes after can", async () => {
  const { process } = globalThis;
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, "process");
  assertEquals(await withoutProcess(() => Promise.resolve(typeof globalThis.process)), "undefined");
  assertStrictEquals(globalThis.process, process);
  const failure = new Error("not there");
  assertStrictEquals(
    await withoutProcess(() => Promise.reject(failure)).catch((error) => error),
    failure,
  );
  assertEquals(Object.getOwnPropertyDescriptor(globalThis, "process"), descriptor);
});

Deno.test("effect is loaded without process: it would carry Node's async context", async () => {
  // Whether effect makes an AsyncResource for a fiber that waits.
  const script = (load: string) => `
    import { withoutProcess } from "./tools/plausch/without_process.ts";
    import { AsyncResource } from "node:async_hooks";
    let made = 0;
    const { runInAsyncScope } = AsyncResource.prototype;
    AsyncResource.prototype.runInAsyncScope = function (...args) {
      made += this.type === "effect/Fiber" ? 1 : 0;
      return runInAsyncScope.apply(this, args);
    };
    const { Effect } = await ${load};
    await Effect.runPromise(Effect.sleep(1));
    console.log(made);
  `;
  const effect = `import("effect/Effect").then((Effect) => ({ Effect }))`;
  const made = async (load: string): Promise<number> => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", script(load)],
      cwd: fromFileUrl(root),
    }).output();
    return Number(new TextDecoder().decode(stdout));
  };
  assertEquals([await made(effect) > 0, await made(`withoutProcess(() => ${effect})`)], [true, 0]);
});

/** Runs the program of a bundle. */
type Bundled = (args: ReadonlyArray<string>) => Promise<Ran>;

/** Runs something with a fresh bundle, and a way to run its program. */
const withBundle = async (
  use: (directory: string, bundled: Bundled) => Promise<void>,
): Promise<void> => {
  const directory = await Deno.makeTempDir();
  try {
    const program = await bundle(directory);
    await use(directory, async (args) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-prompt", "--no-config", ...flags, program, ...args],
        stdin: "null",
      }).output();
      return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
};

const sendTo = (port: number) =>
  ["send", "-s", `127.0.0.1:${port}`, "-t", "you@x.test", "-f", "me@x.test", "--helo", "client.test"] as const;

/** By a route of its own, for which the DNS need not be asked. */
const routeTo = (
  port: number,
) => ["send", "-t", "you@[127.0.0.1]", "-f", "me@x.test", "--helo", "client.test", "--allow-local", "-p", `${port}`];

const saysWhatTheSourcesSay = (bundled: Bundled): Promise<void> =>
  withSink(async ({ port }) => {
    const send = sendTo(port);
    const lines: ReadonlyArray<ReadonlyArray<string>> = [
      ["--version"],
      [],
      ["--help"],
      ...Object.keys(commands).map((name) => [name, "--help"]),
      ["sennd"],
      ["constructor"],
      ["../send"],
      [...send, "--data", "@LICENSE"],
      [...send, "--subject", "Hi", "--body", "Hello", "--header", "Date: now", "--header", "Message-ID: <1@x.test>"],
      [...send, "--tls", "required"],
      [...sendTo(1)],
      [...sendTo(1), "--proxy", "v2"],
      [...sendTo(1), "--retry", "1", "--retry-after", "1s"],
      [...sendTo(1), "--deadline", "1h", "--ipv4"],
      [...sendTo(1), "--tls", "perhaps"],
      ["send", "--server", "x.test", "--help"],
      ["send", "-t", "you@localhost", "-f", "me@x.test", "--data", "@LICENSE", "--header", "-s: x"],
      [...send, "--data", "@LICENSE", "--retry", "1"],
      [...routeTo(port), "--data", "@LICENSE"],
    ];
    for (const line of lines) {
      const expected = await plauschProcess(line);
      assertMatch(expected.out + expected.err, /\S/);
      assertEquals(withoutNames(await bundled(line)), withoutNames(expected), line.join(" "));
    }
  });

const loadsWhatIsUsed = async (directory: string): Promise<void> => {
  const url = new URL(`file://${directory}/`).href;
  const loaded = async (file: string) => (await loadedWith(url + file)).map((name) => name.replace(url, ""));
  // Deno reads every file that it can find a name of, so the program names none.
  assertEquals(await loadedWith(`${url}plausch.js`, true), [`${url}plausch.js`]);
  const direct = await loaded("direct/start.js");
  assertEquals(matching(direct, /^node:/).toSorted(), nodeInClear);
  const files = matching(direct, /\.js$/);
  assert(files.length < 13, `${files.length} files, and each takes its time: ${files.join(" ")}`);
  assertEquals(matching(files, /_tls|proxy_protocol|_bind_check|again|compose|prompt/), []);
  // Nor is any of it made with what the other sends need.
  const text = async (names: ReadonlyArray<string>) =>
    (await Promise.all(names.map((name) => Deno.readTextFile(`${directory}/${name}`)))).join("");
  const http = "effect/http/UrlParams";
  assertStringIncludes(await text(matching(await loaded("send/start.js"), /\.js$/)), http);
  assert(!(await text(files)).includes(http), "HTTP is loaded to send a mail");
};

Deno.test("one conversation is known by its options", () => {
  const isOne = (line: string) => isOneConversation(line.split(" "));
  for (const line of ["-s x.test", "--server=x.test --ipv4 -q", "--socket /x", "-s x.test --nonsense", "-t"]) {
    assert(isOne(line), line);
  }
  for (const line of ["-t a@x.test", "-s x.test --retry 1", "-s x.test --deadline 1m", "-t a@x.test --body=-s"]) {
    assert(!isOne(line), line);
  }
});

const tellsOfAMissingPart = async (directory: string, bundled: Bundled): Promise<void> => {
  for await (const { name } of Deno.readDir(`${directory}/direct`)) {
    if (name.startsWith("_tls-")) await Deno.remove(`${directory}/direct/${name}`);
  }
  const answers = ["220 mx.test\r\n", "250-mx.test\r\n250 STARTTLS\r\n", "220 go ahead\r\n"];
  await withServer(answers, async (port) => {
    const { code, err } = await bundled([...sendTo(port), "--tls", "required"]);
    assertStringIncludes(err, "what speaks it could not be loaded");
    assertStringIncludes(err, "A part of plausch is missing: build or install it again");
    assertEquals(code, 77);
  });
};

Deno.test("the bundle", (t) =>
  withBundle(async (directory, bundled) => {
    await t.step("says what the sources say", () => saysWhatTheSourcesSay(bundled));
    await t.step("loads what is used, in few files", () => loadsWhatIsUsed(directory));
    // The last one: it takes a part away.
    await t.step("tells of a part that is missing", () => tellsOfAMissingPart(directory, bundled));
  }));

Deno.test("the guide installs the bundle with the flags that it is made for", async () => {
  const guide = await Deno.readTextFile(new URL("docs/guide/install.md", root));
  assertStringIncludes(guide.replaceAll(/ *\\\n */g, " "), ` ${flags.join(" ")} dist/plausch.js`);
});
