import { assertEquals } from "@std/assert";
import { check } from "../../tools/checks/words.ts";
import { places } from "./support.ts";

const findings = (text: string) => places(check(new Map([["docs/a.md", text]])));

// Put together here, so that this file passes the check itself.
const bad = [
  "../sha" + "red/cases",
  "TO" + "DO: later",
  "// FIX" + "ME",
  "X" + "XX",
  "see /wo" + "rk/main",
  "cd /ho" + "me/me",
  '"/ro' + 'ot/.cache"',
];

for (const text of bad) {
  Deno.test(`found: ${text}`, () => assertEquals(findings(`first\n${text}\n`), ["docs/a.md:2"]));
}

for (
  const text of ["TODOS", "a/work/b", "./work/", "framework/x", "https://x.example/home/page", "/homework/", "todo"]
) {
  Deno.test(`passes: ${text}`, () => assertEquals(findings(text), []));
}
