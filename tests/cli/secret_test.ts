// Where passwords come from, with the command line as a process of its own.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { alice, assertSecret, everything, hasTerminal, plauschOnTerminal, plauschProcess, withSink } from "./_cli.ts";

const args = (port: number, ...more: ReadonlyArray<string>) => [
  ...["send", "-s", `127.0.0.1:${port}`, "--quit-after", "auth", "--user", alice.user, ...more],
];

const ignore = !hasTerminal;

Deno.test("on a terminal the password is asked for, and not shown", { ignore }, async () => {
  await withSink(async ({ port }) => {
    const ran = await plauschOnTerminal(args(port), "Password of alice:", `${alice.password}x\x7f\r`);
    assertEquals(ran.code, 0, ran.out);
    assertStringIncludes(ran.out, "235 2.7.0");
    assertSecret(ran);
  }, everything);
});

Deno.test("Ctrl-C ends the question", { ignore }, async () => {
  const ran = await plauschOnTerminal(args(1), "Password of alice:", "abc\x03");
  assertEquals(ran.code, 130, ran.out);
  assert(!ran.out.includes("Trying"));
});

Deno.test("without a terminal nobody is asked", async () => {
  for (const more of [[], ["--password-prompt"]]) {
    const ran = await plauschProcess(args(1, ...more), { stdin: `${alice.password}\n` });
    assertEquals([ran.code, ran.out], [64, ""]);
    assertStringIncludes(ran.err, "are no terminal; use --password-env VAR or --password-file FILE");
    assertSecret(ran);
  }
});

Deno.test("a password from the environment needs a permission, and the error names it", async () => {
  await withSink(async ({ port }) => {
    const from = args(port, "--password-env", "PLAUSCH_TEST_PASSWORD");
    const env = { PLAUSCH_TEST_PASSWORD: alice.password };
    const net = `--allow-net=127.0.0.1:${port}`;
    const without = await plauschProcess(from, { env, permissions: [net] });
    assertEquals([without.code, without.out], [64, ""]);
    assertStringIncludes(without.err, "add --allow-env=PLAUSCH_TEST_PASSWORD to the deno command");
    assertSecret(without);
    const ran = await plauschProcess(from, { env, permissions: [net, "--allow-env=PLAUSCH_TEST_PASSWORD"] });
    assertEquals([ran.code, ran.err], [0, ""]);
    assertStringIncludes(ran.out, "235 2.7.0");
    assertSecret(ran);
  }, everything);
});
