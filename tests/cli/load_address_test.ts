import { assertEquals, assertStringIncludes } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { run } from "../../tools/plausch/cli.ts";
import { commands } from "../../tools/plausch/commands.ts";
import { commandLine } from "../../tools/plausch/commands/load.ts";
import { fromOptions, Lookup } from "../../tools/plausch/load/destination.ts";
import { isOwn } from "../../tools/plausch/load/own_address.ts";
import * as Options from "../../tools/plausch/options.ts";
import { plausch, shellFor } from "./_cli.ts";

const own = [
  "127.0.0.1",
  "127.255.255.254",
  "10.0.0.0",
  "10.255.255.255",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.0.1",
  "169.254.1.1",
  "::1",
  "0:0:0:0:0:0:0:1",
  "fc00::1",
  "fdff:ffff::1",
  "fe80::1",
  "fe80::1%eth0",
  "febf::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::FFFF:192.168.1.1",
  "0:0:0:0:0:ffff:10.1.2.3",
];

const foreign = [
  "126.255.255.255",
  "128.0.0.1",
  "9.255.255.255",
  "11.0.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.255.255",
  "192.169.0.0",
  "169.253.255.255",
  "100.64.0.1",
  "0.0.0.0",
  "192.0.2.25",
  "255.255.255.255",
  "::",
  "::2",
  "fbff::1",
  "fec0::1",
  "2001:db8::1",
  "::ffff:192.0.2.25",
  "::ffff:c000:219",
  // Addresses that hold 127.0.0.1 in another way lead elsewhere, or nowhere.
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "localhost",
  "",
  "127.1",
];

Deno.test("addresses of this machine and of private networks are one's own, and no others", () => {
  assertEquals(own.filter((address) => !isOwn(address)), []);
  assertEquals(foreign.filter(isOwn), []);
});

const names: Readonly<Record<string, ReadonlyArray<string>>> = {
  "here.test": ["::1", "127.0.0.1"],
  "mixed.test": ["192.168.1.1", "192.0.2.25"],
  "mapped.test": ["::ffff:192.0.2.25"],
};

const find = (host: string): Promise<ReadonlyArray<string>> => {
  const found = names[host];
  return found === undefined
    ? Promise.reject(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }))
    : Promise.resolve(found);
};

const destinations = (...args: ReadonlyArray<string>) =>
  Effect.runPromise(
    fromOptions(Result.getOrThrow(Options.parse(commandLine, args))).pipe(
      Effect.provideService(Lookup, find),
      Effect.match({ onSuccess: (found) => found, onFailure: (error) => `${error._tag}: ${error.message}` }),
    ),
  );

Deno.test("what is dialled is an address that was checked, and the name is kept for TLS", async () => {
  assertEquals(await destinations("-s", "here.test:2525"), [
    { name: "here.test", host: "::1", port: 2525 },
    { name: "here.test", host: "127.0.0.1", port: 2525 },
  ]);
});

Deno.test("one address that is foreign is enough to refuse, in whatever form it comes", async () => {
  for (const [host, address] of [["mixed.test", "192.0.2.25"], ["mapped.test", "::ffff:192.0.2.25"]] as const) {
    assertEquals(
      await destinations("-s", host),
      `UsageError: ${host} is ${address}, which is neither a loopback nor a private address, and load is for nobody ` +
        "else's server; if this one is yours, add --yes-i-own-it",
    );
  }
  assertStringIncludes(`${await destinations("-s", "192.0.2.25")}`, "192.0.2.25 is neither a loopback nor a private");
  assertStringIncludes(`${await destinations("-s", "[::ffff:192.0.2.25]")}`, "::ffff:192.0.2.25 is neither");
});

Deno.test("--yes-i-own-it takes any address", async () => {
  assertEquals(await destinations("-s", "mixed.test", "--yes-i-own-it"), [
    { name: "mixed.test", host: "192.168.1.1", port: 25 },
    { name: "mixed.test", host: "192.0.2.25", port: 25 },
  ]);
});

Deno.test("a Unix socket is on this machine", async () => {
  assertEquals(await destinations("--socket", "/run/x"), [{ path: "/run/x" }]);
});

Deno.test("a server has to be named", async () => {
  const { code, err } = await plausch(["load"]);
  assertEquals(code, 64);
  assertStringIncludes(err, "--server is missing; name your own: --server HOST[:PORT], or --socket PATH");
});

Deno.test("a name without an address is told before anything is sent", async () => {
  const { shell, printed } = shellFor({});
  const code = await Effect.runPromise(
    run(["load", "-s", "nowhere.test"], shell, commands).pipe(Effect.provideService(Lookup, find)),
  );
  assertEquals(code, 69);
  assertStringIncludes(printed().err, "*** Cannot look up nowhere.test: The name has no address");
});
