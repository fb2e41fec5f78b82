import { assertEquals, assertThrows } from "@std/assert";
import * as Page from "./page.ts";

const begin = "<!-- bench: begin -->";
const end = "<!-- bench: end -->";

Deno.test("the text between the comments is replaced, and nothing else", () => {
  const page = `# Title\n\n${begin}\n\nold\n\n${end}\n\nrest\n`;
  const replaced = Page.replace(page, "new $& text");
  assertEquals(replaced, `# Title\n\n${begin}\n\nnew $& text\n\n${end}\n\nrest\n`);
  assertEquals(Page.replace(replaced, "old"), page);
});

Deno.test("a page without its comments, or with too many, is left alone", () => {
  for (const page of ["", begin, `${end}${begin}`, `${begin}${end}${end}`, `${begin}${begin}${end}`]) {
    assertThrows(() => Page.replace(page, "x"), RangeError, "Cannot find");
  }
});
