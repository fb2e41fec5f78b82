/** That the search for secrets finds them: the other tests rely on it. */
import { assertEquals, assertThrows } from "@std/assert";
import { assertNoSecret } from "./_secrets.ts";
import { password } from "./_send.ts";

Deno.test("a password is found as it is, and in base64 behind any octets", () => {
  const told = [
    password,
    encodeURIComponent(password),
    `\0alice\0${password}`,
    `\0a\0${password}`,
    `\0al\0${password}`,
  ];
  for (const text of told) {
    const shown = text.startsWith("\0") ? btoa(text) : text;
    assertThrows(() => assertNoSecret(`<- 334 ${shown}`, [password]), Error, "A secret is shown");
  }
  for (const text of [btoa(`n,a=alice,\u0001auth=Bearer ${password}\u0001`), btoa(`xy${password}zz`)]) {
    assertThrows(() => assertNoSecret(text, [password]), Error, "A secret is shown");
  }
  assertEquals(assertNoSecret("a wonderful land, AGFsaWNlAA==", [password]), undefined);
});
