// These tests hold for the genuine @std/cli too: what they ask for is what the stand-in promises.
import { assertEquals, assertStrictEquals } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";

/** The options of a command line like ours: repeatable, plain and negatable, with short names. */
const parse = (args: ReadonlyArray<string>, unknown: (arg: string, key?: string, value?: unknown) => unknown) =>
  parseArgs(args, {
    string: ["to", "from", "port"],
    boolean: ["quiet", "color"],
    collect: ["to"],
    negatable: ["color"],
    alias: { quiet: "q", to: "t" },
    default: { color: true, port: "25" },
    "--": true,
    unknown,
  });

const given = (...args: ReadonlyArray<string>) => {
  const unknown: Array<unknown> = [];
  const parsed = parse(args, (arg, key, value) => {
    unknown.push(key === undefined ? arg : [arg, key, value]);
    return key === undefined;
  });
  return { parsed, unknown };
};

const nothing = { to: [], t: [], quiet: false, q: false, color: true, port: "25", _: [], "--": [] };

Deno.test("nothing given: lists are empty, booleans false, defaults hold, plain texts are missing", () => {
  assertEquals(given(), { parsed: nothing, unknown: [] });
});

Deno.test("a text takes the next argument or what is behind the equals sign", () => {
  for (const args of [["--from", "a@b.example"], ["--from=a@b.example"]]) {
    assertEquals(given(...args).parsed, { ...nothing, from: "a@b.example" });
  }
});

Deno.test("a text stays a text where it looks like a number, and keeps its equals signs", () => {
  assertEquals(given("--port", "0025").parsed.port, "0025");
  assertEquals(given("--from=a=b=c").parsed.from, "a=b=c");
  assertEquals(given("--from=").parsed.from, "");
});

Deno.test("a text without a value is empty: at the end, and before another option", () => {
  assertEquals(given("--from").parsed.from, "");
  assertEquals(given("--from", "--quiet").parsed, { ...nothing, from: "", quiet: true, q: true });
});

Deno.test("the last of several plain texts wins, a collected one keeps them all", () => {
  assertEquals(given("--from=a", "--from=b").parsed.from, "b");
  assertEquals(given("--to=a", "-t", "b", "--to", "c").parsed.to, ["a", "b", "c"]);
});

Deno.test("an alias and its option hold the same", () => {
  const { parsed } = given("-q", "-t", "a");
  assertEquals([parsed.q, parsed.quiet], [true, true]);
  assertEquals([parsed.t, parsed.to], [["a"], ["a"]]);
});

Deno.test("a boolean takes true and false and nothing else", () => {
  assertEquals(given("--quiet", "false").parsed, nothing);
  assertEquals(given("--quiet=false").parsed, nothing);
  assertEquals(given("--quiet", "file").parsed, { ...nothing, quiet: true, q: true, _: ["file"] });
});

Deno.test("a negatable option can be turned off, another one cannot", () => {
  assertEquals(given("--no-color").parsed.color, false);
  assertEquals(given("--no-quiet"), { parsed: nothing, unknown: [["--no-quiet", "no-quiet", true]] });
});

Deno.test("short options in a group: letters, then a number or a symbol as the last one's value", () => {
  assertEquals(given("-qt", "a").parsed, { ...nothing, quiet: true, q: true, to: ["a"], t: ["a"] });
  assertEquals(given("-t25").parsed.to, ["25"]);
  assertEquals(given("-t=a").parsed.to, ["a"]);
});

Deno.test("what is not declared goes to the callback, with its name and value, and stays out if that returns false", () => {
  assertEquals(given("--form=a", "-z", "--nope", "x"), {
    parsed: nothing,
    unknown: [["--form=a", "form", "a"], ["-z", "z", true], ["--nope", "nope", "x"]],
  });
  assertEquals(given("a.example", "-").unknown, ["a.example", "-"]);
});

Deno.test("behind the double dash nothing is an option", () => {
  assertEquals(given("--quiet", "a", "--", "--to", "--", "5").parsed, {
    ...nothing,
    quiet: true,
    q: true,
    _: ["a"],
    "--": ["--to", "--", "5"],
  });
  assertEquals(parseArgs(["a", "--", "-b"], { string: ["x"] })._, ["a", "-b"]);
});

Deno.test("stopEarly leaves what follows the first plain argument alone", () => {
  const args = parseArgs(["--quiet", "send", "--quiet", "5"], { boolean: ["quiet"], string: ["_"], stopEarly: true });
  assertEquals<unknown>(args, { quiet: true, _: ["send", "--quiet", "5"] });
});

Deno.test("numbers are numbers where no text is declared", () => {
  assertEquals(parseArgs(["5", "0x10", "1e3", "", " "], { string: ["x"] })._, [5, 16, 1000, "", " "]);
  assertEquals<unknown>(parseArgs(["5"], { string: ["_"] })._, ["5"]);
  assertEquals(parseArgs(["--n=5"], { boolean: ["x"] }), { n: 5, x: false, _: [] });
});

Deno.test("an option's name does not reach a prototype", () => {
  parseArgs(["--__proto__.polluted=1", "--a.__proto__.polluted=1", "--constructor.prototype.polluted=1"]);
  assertStrictEquals(Reflect.get({}, "polluted"), undefined);
});

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const sameType = <A, B>(_same: Same<A, B>) => {};

Deno.test("the types tell what each option holds", () => {
  const { parsed } = given();
  sameType<typeof parsed.to, Array<string>>(true);
  sameType<typeof parsed.from, string | undefined>(true);
  sameType<typeof parsed.port, string>(true);
  sameType<typeof parsed.quiet, boolean>(true);
  sameType<typeof parsed.q, boolean>(true);
  sameType<typeof parsed._, Array<string | number>>(true);
  sameType<typeof parsed["--"], Array<string>>(true);
  // An option that was not declared can be anything.
  sameType<typeof parsed.nope, unknown>(true);
  assertEquals(parsed.nope, undefined);
});
