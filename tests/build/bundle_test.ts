// The bundle that `deno task build` makes: it says what the sources say, and loads no more than it needs.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { bundle, flags } from "../../tools/build/bundle.ts";
import { commands } from "../../tools/plausch/commands.ts";
import { plauschProcess, type Ran, withServer, withSink } from "../cli/_cli.ts";
import { loadedWith, matching, nodeInClear } from "../support/modules.ts";

/** What was printed, but for the names that the sink gives to messages: each is another one. */
const withoutNames = (ran: Ran): Ran => ({ ...ran, out: ran.out.replaceAll(/Stored as \S+/g, "Stored") });

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
