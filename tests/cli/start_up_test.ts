import { assert, assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { flags } from "../../tools/build/bundle.ts";
import { isOneConversation } from "../../tools/plausch/commands/send.ts";
import { withoutProcess } from "../../tools/plausch/without_process.ts";
import { loadedWith, matching, nodeInClear, root } from "../support/modules.ts";
import { fromFileUrl } from "../support/path.ts";

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

Deno.test("a conversation in clear loads no TLS, and of Node only what it connects with", async () => {
  const loaded = await loadedWith("tools/plausch/commands/send.ts");
  assertEquals(matching(loaded, /^node:/).toSorted(), nodeInClear);
  assertEquals(matching(loaded, /^packages\/net\//).toSorted(), [
    "packages/net/_connection.ts",
    "packages/net/_dial.ts",
    "packages/net/_errors.ts",
    "packages/net/_gather.ts",
    "packages/net/_reader.ts",
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

Deno.test("one conversation is known by its options", () => {
  const isOne = (line: string) => isOneConversation(line.split(" "));
  for (const line of ["-s x.test", "--server=x.test --ipv4 -q", "--socket /x", "-s x.test --nonsense", "-t"]) {
    assert(isOne(line), line);
  }
  for (const line of ["-t a@x.test", "-s x.test --retry 1", "-s x.test --deadline 1m", "-t a@x.test --body=-s"]) {
    assert(!isOne(line), line);
  }
});

Deno.test("the guide installs the bundle with the flags that it is made for", async () => {
  const guide = await Deno.readTextFile(new URL("docs/guide/install.md", root));
  assertStringIncludes(guide.replaceAll(/ *\\\n */g, " "), ` ${flags.join(" ")} dist/plausch.js`);
});
