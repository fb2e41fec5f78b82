// `plausch sink --discard`: a process that takes messages of any size, and keeps nothing of them.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as net from "node:net";
import { fromFileUrl } from "../support/path.ts";
import { plausch } from "./_cli.ts";

const root = fromFileUrl(new URL("../../", import.meta.url));
const mebibyte = 1024 * 1024;

interface Discarding {
  readonly pid: number;
  readonly port: number;
  readonly printed: () => string;
}

/** Starts it on a free port, which it prints. */
const withDiscard = async (args: ReadonlyArray<string>, use: (sink: Discarding) => Promise<void>): Promise<void> => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "-A", "tools/plausch/main.ts", "sink", "--discard", "--port", "0", ...args],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let printed = "";
  const port = Promise.withResolvers<number>();
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      printed += text;
      const found = /Listening on 127\.0\.0\.1:(\d+); messages are not kept\n/.exec(printed);
      if (found !== null) port.resolve(Number(found[1]));
    }
    port.reject(new Error(`It did not listen:\n${printed}`));
  })();
  try {
    await use({ pid: child.pid, port: await port.promise, printed: () => printed });
  } finally {
    child.kill("SIGTERM");
    await child.status;
    await reading;
  }
};

/** A client that waits for each reply. */
const connect = async (port: number) => {
  const socket = net.connect({ host: "127.0.0.1", port });
  let heard = "";
  let wake = (): void => {};
  socket.setEncoding("latin1").on("data", (text: string) => {
    heard += text;
    wake();
  });
  const closed = new Promise((resolve) => socket.on("close", resolve));
  const write = (chunk: Uint8Array | string): Promise<void> =>
    new Promise((resolve, reject) => socket.write(chunk, (error) => error ? reject(error) : resolve()));
  const hear = async (): Promise<string> => {
    let reply: RegExpExecArray | null;
    while ((reply = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(heard)) === null) {
      await new Promise<void>((resolve) => wake = resolve);
    }
    heard = heard.slice(reply[0].length);
    return reply[0];
  };
  await hear();
  return {
    write,
    hear,
    heard: () => heard,
    say: async (line: string): Promise<string> => {
      await write(`${line}\r\n`);
      return hear();
    },
    quit: async () => {
      socket.end("QUIT\r\n");
      await closed;
    },
  };
};
type Client = Awaited<ReturnType<typeof connect>>;

const envelope = async ({ say }: Client, parameters = ""): Promise<void> => {
  assertMatch(await say("EHLO c.test"), /250[ -]SIZE 0\r\n/);
  assertMatch(await say(`MAIL FROM:<a@c.test>${parameters}`), /^250 /);
  assertMatch(await say("RCPT TO:<b@d.test>"), /^250 /);
};

const block = new TextEncoder().encode(`.${".".repeat(61)}\r\n`.repeat(mebibyte / 64));

const byData = async (client: Client, blocks: number): Promise<string> => {
  await envelope(client, ` SIZE=${blocks * mebibyte}`);
  assertMatch(await client.say("DATA"), /^354 /);
  for (let count = 0; count < blocks; count++) await client.write(block);
  await client.write(".\r");
  assertEquals(client.heard(), "");
  await client.write("\n");
  return client.hear();
};

const byChunks = async (client: Client, blocks: number): Promise<string> => {
  await envelope(client);
  await client.write(`BDAT ${blocks * block.length}\r\n`);
  for (let count = 0; count < blocks; count++) await client.write(block);
  assertMatch(await client.hear(), /^250 /);
  return client.say("BDAT 0 LAST");
};

/** The most memory that the process ever had, in octets. Deno itself opens /proc only with all permissions. */
const peak = async (pid: number): Promise<number> => {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).output();
  return 1024 * Number(/VmHWM:\s*(\d+) kB/.exec(new TextDecoder("latin1").decode(stdout))![1]);
};

Deno.test({
  name: "sink --discard: a message of 64 MiB takes no more memory than one of 8 MiB; DATA and BDAT",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withDiscard(["--quiet"], async ({ pid, port, printed }) => {
      const client = await connect(port);
      for (const send of [byData, byChunks]) assertMatch(await send(client, 8), /^250 2\.0\.0 Stored as /);
      const before = await peak(pid);
      for (const send of [byData, byChunks]) assertMatch(await send(client, 64), /^250 2\.0\.0 Stored as /);
      const grown = (await peak(pid)) - before;
      assert(grown < 24 * mebibyte, `It grew by ${grown} octets`);
      await client.quit();
      assertEquals(printed().trim().split("\n").length, 2);
    }),
});

Deno.test("sink --discard: what no message may have is refused as ever", () =>
  withDiscard(["--limits", "RCPTMAX=1"], async ({ port }) => {
    const client = await connect(port);
    await envelope(client);
    assertMatch(await client.say("RCPT TO:<c@d.test>"), /^452 4\.5\.3 /);
    await client.say("DATA");
    assertMatch(await client.say("one\ntwo"), /^550 5\.5\.2 Message refused at octet 3/);
  }));

Deno.test("sink --discard --maildir: they contradict each other", async () => {
  const { code, err } = await plausch(["sink", "--discard", "--maildir", "mail"]);
  assertEquals(code, 64);
  assertStringIncludes(err, "--discard and --maildir contradict each other");
});
