import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Result from "effect/Result";
import * as Options from "../../tools/plausch/options.ts";

const command: Options.CommandLine = {
  name: "test",
  summary: "Tests.",
  operands: [],
  options: [
    { name: "to", short: "t", value: "ADDRESS", many: true, help: "to" },
    { name: "from", short: "f", value: "ADDRESS", help: "from" },
    { name: "quiet", short: "q", help: "quiet" },
  ],
  examples: [],
};
const parse = (...args: ReadonlyArray<string>) => Options.parse(command, args);
const given = (...args: ReadonlyArray<string>) => Result.getOrThrow(parse(...args));
const problem = (...args: ReadonlyArray<string>) => {
  const result = parse(...args);
  assert(Result.isFailure(result), `${args.join(" ")} was taken`);
  return result.failure.message;
};

Deno.test("options are read long and short, with the value behind or in the same word", () => {
  assertEquals(given("--to", "a", "-t", "b", "--to=c", "-t=d").values("to"), ["a", "b", "c", "d"]);
  assertEquals(given("-q").has("quiet"), true);
  assertEquals(given().has("quiet"), false);
  assertEquals(given().value("from"), undefined);
});

Deno.test("a value may begin with a hyphen, be empty, or look like a number", () => {
  assertEquals(given("--from", "-").value("from"), "-");
  assertEquals(given("--from", "-x@y").value("from"), "-x@y");
  assertEquals(given("--from", "").value("from"), "");
  assertEquals(given("--from", "0123").value("from"), "0123");
  assertEquals(given("--from", "<>").value("from"), "<>");
  assertEquals(given("--from=a=b").value("from"), "a=b");
});

Deno.test("an unknown option names the nearest known one, or the help", () => {
  assertStringIncludes(problem("--form", "x"), "did you mean --from?");
  assertStringIncludes(problem("--quite"), "did you mean --quiet?");
  assertStringIncludes(problem("--server", "x"), "plausch test --help");
  assertStringIncludes(problem("-x"), "-x");
});

Deno.test("a switch takes no value", () => {
  assertStringIncludes(problem("--quiet=no"), '--quiet takes no value, not even "no"; write --quiet, or leave it out');
  assertStringIncludes(problem("-q=1"), "-q takes no value");
  assertStringIncludes(problem("--help="), "--help takes no value");
  assertEquals(given("--from", "--quiet=no").value("from"), "--quiet=no");
});

Deno.test("a missing value, a repeated option and a surplus operand are told", () => {
  assertStringIncludes(problem("--from"), "--from needs a value; write --from ADDRESS");
  assertStringIncludes(problem("--from", "--quiet"), "--from needs a value");
  assertStringIncludes(problem("-f", "a", "-f", "b"), "--from can be given only once");
  assertStringIncludes(problem("stray"), '"stray"');
});

Deno.test("an operand that looks like a number stays what it is", () => {
  const result = Options.parse({ ...command, operands: ["DOMAIN"] }, ["0x10"]);
  assertEquals(Result.getOrThrow(result).operands, ["0x10"]);
});

Deno.test("two dashes end the options", () => {
  const result = Options.parse({ ...command, operands: ["DOMAIN"] }, ["--", "--odd"]);
  assertEquals(Result.getOrThrow(result).operands, ["--odd"]);
});

Deno.test("an operand that ends in ... is one or more", () => {
  const operands = (...args: ReadonlyArray<string>) =>
    Result.map(Options.parse({ ...command, operands: ["DOMAIN..."] }, args), (given) => given.operands);
  assertEquals(operands("a", "b", "c"), Result.succeed(["a", "b", "c"]));
  assertEquals(operands("a"), Result.succeed(["a"]));
  assertEquals(Result.isFailure(operands()), true);
});

Deno.test("the nearest name is near", () => {
  assertEquals(Options.nearest("sned", ["send", "sink", "mx"]), "send");
  assertEquals(Options.nearest("tsl", ["tls", "json"]), "tls");
  assertEquals(Options.nearest("slt", ["tls", "json"]), undefined);
  assertEquals(Options.nearest("xyzzy", ["send", "sink", "mx"]), undefined);
});

Deno.test("help is at most 80 columns wide", () => {
  for (const line of Options.help(command).split("\n")) assert(line.length <= 80, line);
});
