import * as Path from "@plausch/smtp/path";
import { assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { commandLine } from "../../tools/plausch/commands/load.ts";
import * as Mails from "../../tools/plausch/load/mails.ts";
import * as Pool from "../../tools/plausch/load/pool.ts";
import * as Options from "../../tools/plausch/options.ts";
import { Shell } from "../../tools/plausch/shell.ts";
import { property } from "../support/property.ts";
import { integer } from "../tls/support.ts";
import { shellFor } from "./_cli.ts";

const header = "Subject: x\r\n\r\n";
const text = (octets: Uint8Array): string => new TextDecoder().decode(octets);

property("a message has exactly the size that was asked for", integer(2, 2000), (size) => {
  const message = text(Mails.compose(size, header));
  return message.length === size && message.endsWith("\r\n") &&
    message.startsWith(header) === (size >= header.length + 2);
});

property("its lines are short, and end as lines do", integer(2, 2000), (size) => {
  const lines = text(Mails.compose(size, "")).split("\r\n");
  return lines.pop() === "" && lines.every((line) => /^x{0,76}$/.test(line));
});

const mails = (messages: number, ...args: ReadonlyArray<string>): Promise<Mails.Mails> =>
  Effect.runPromise(
    Mails.fromOptions(Result.getOrThrow(Options.parse(commandLine, args)), messages).pipe(
      Effect.provideService(Shell, shellFor({}).shell),
    ),
  );

const addresses = ({ envelope }: Mails.LoadMail): ReadonlyArray<string> => [
  Path.address(envelope.reversePath),
  ...envelope.recipients.map(({ path }) => Path.address(path)),
];

Deno.test("messages differ where they carry their number, and are one value where they do not", async () => {
  const numbered = await mails(9, "--from", "a{n}@x.test", "--to", "b{n}-{r}@x.test", "--recipients", "2");
  assertEquals(addresses(numbered.make(7, 0)), ["a7@x.test", "b7-1@x.test", "b7-2@x.test"]);
  const same = await mails(9, "--recipients", "2");
  assertEquals(addresses(same.make(7, 0)), ["from@load.test", "to1@load.test", "to2@load.test"]);
  assertEquals(same.make(1, 0).envelope === same.make(2, 0).envelope, true);
  assertEquals([same.size, same.make(1, 5).since], [1024, 5]);
});

Deno.test("a pool has so many messages, and takes back what was not begun", () => {
  const pool = Pool.make(3);
  assertEquals([pool.take(), pool.take(), pool.left], [1, 2, 1]);
  pool.giveBack(2);
  assertEquals([pool.left, pool.take()], [3, 3]);
});

Deno.test("a steady pace does not drift, and does not forget what it missed", () => {
  const pace = Pool.steady(1000, 5_000_000);
  assertEquals([pace.next(), pace.next()], [5_000_000, 5_001_000]);
  assertEquals([pace.isDue(5_001_999), pace.isDue(5_002_000)], [false, true]);
  const times = Array.from({ length: 10_000 }, pace.next);
  assertEquals(times.at(-1), 5_000_000 + 10_001 * 1000);
});
