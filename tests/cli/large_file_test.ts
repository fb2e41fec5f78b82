import { assertEquals, assertStringIncludes } from "@std/assert";
import { plausch, withSink } from "./_cli.ts";

const withFile = async (content: string, use: (path: string) => Promise<void>): Promise<void> => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, content);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
};

const header = "Subject: large\n\n";
const line = `.${"x".repeat(70)}\n`;
const large = header + line.repeat(20_000);

Deno.test("a large file is sent as it is read, with dots stuffed, and arrives whole", () =>
  withFile(large, (path) =>
    withSink(async (sink, store) => {
      const args = ["-s", `127.0.0.1:${sink.port}`, "-f", "me@x.test", "-t", "you@y.test", "--data", `@${path}`];
      const { code, out, err } = await plausch(["send", ...args]);
      assertEquals([code, err], [0, ""]);
      assertStringIncludes(out, ` SIZE=${large.replaceAll("\n", "\r\n").length}`);
      const [message] = store.messages;
      assertEquals(new TextDecoder().decode(message?.octets), large.replaceAll("\n", "\r\n"));
    })));

Deno.test("the same in chunks", () =>
  withFile(large, (path) =>
    withSink(async (sink, store) => {
      const args = ["-s", `127.0.0.1:${sink.port}`, "-f", "me@x.test", "-t", "you@y.test", "--data", `@${path}`];
      const { code } = await plausch(["send", ...args, "--bdat-size", "300000"]);
      assertEquals(code, 0);
      assertEquals(store.messages[0]?.octets.length, large.replaceAll("\n", "\r\n").length);
    })));

Deno.test("a large file that the policy refuses is not sent", () =>
  withFile(large, async (path) => {
    const args = ["-s", "127.0.0.1:1", "-f", "me@x.test", "-t", "you@y.test", "--data", `@${path}`];
    const { code, err } = await plausch(["send", ...args, "--line-ends", "strict"]);
    assertEquals(code, 65);
    assertStringIncludes(err, "LF");
  }));
