import * as Fault from "@plausch/sink/fault";
import { FaultError, type FaultPart } from "@plausch/sink/fault-error";
import * as Reply from "@plausch/smtp/reply";
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import * as Result from "effect/Result";

const read = (text: string) => Result.getOrThrow(Fault.fromString(text));
const refused = (text: string) => Result.getOrThrow(Result.flip(Fault.fromString(text)));

const readable: ReadonlyArray<readonly [text: string, fault: Fault.Fault]> = [
  ["rcpt:450", { stage: "rcpt", action: { _tag: "Reply", reply: Reply.make(450, "A fault on request") } }],
  [
    "rcpt#2:550 5.1.1 no such user",
    { stage: "rcpt", action: { _tag: "Reply", reply: Reply.make(550, "5.1.1 no such user") }, nth: 2 },
  ],
  ["rcpt:550 ", { stage: "rcpt", action: { _tag: "Reply", reply: Reply.make(550, "") } }],
  ["data:354 go: on", { stage: "data", action: { _tag: "Reply", reply: Reply.make(354, "go: on") } }],
  ["final:drop", { stage: "final", action: { _tag: "Drop" } }],
  ["final:drop=after", { stage: "final", action: { _tag: "DropAfter" } }],
  ["ehlo:delay=5s", { stage: "ehlo", action: { _tag: "Delay", millis: 5000 } }],
  ["ehlo:delay=250ms", { stage: "ehlo", action: { _tag: "Delay", millis: 250 } }],
  ["ehlo:delay=1.5m", { stage: "ehlo", action: { _tag: "Delay", millis: 90_000 } }],
  ["mail:partial=5", { stage: "mail", action: { _tag: "Partial", octets: 5, then: "stall" } }],
  ["mail:partial=0,drop", { stage: "mail", action: { _tag: "Partial", octets: 0, then: "drop" } }],
  ["mail:partial=7,stall", { stage: "mail", action: { _tag: "Partial", octets: 7, then: "stall" } }],
  ["quit:stall", { stage: "quit", action: { _tag: "Stall" } }],
  ["greeting:garbage=HTTP/1.1 400", { stage: "greeting", action: { _tag: "Garbage", text: "HTTP/1.1 400" } }],
  ["starttls:inject=250 a=b:c", { stage: "starttls", action: { _tag: "Inject", text: "250 a=b:c" } }],
  ["tls:alert", { stage: "tls", action: { _tag: "Alert" } }],
  ["connect@3:drop", { stage: "connect", action: { _tag: "Drop" }, connection: 3 }],
  ["rcpt#2@1~0.5:stall", { stage: "rcpt", action: { _tag: "Stall" }, nth: 2, connection: 1, probability: 0.5 }],
  ["rcpt~.25:stall", { stage: "rcpt", action: { _tag: "Stall" }, probability: 0.25 }],
  ["rcpt~1:stall", { stage: "rcpt", action: { _tag: "Stall" }, probability: 1 }],
];
for (const [text, fault] of readable) {
  Deno.test(`"${text}" is a fault, and what it is written as is the same one`, () => {
    assertEquals(read(text), fault);
    assertEquals(read(Fault.format(fault)), fault);
  });
}

const unreadable: ReadonlyArray<readonly [text: string, part: FaultPart, wrong: string]> = [
  ["", "stage", ""],
  ["rcpt", "action", ""],
  ["rcpt:", "action", ""],
  ["ropt:450", "stage", "ropt"],
  ["RCPT:450", "stage", "RCPT"],
  [" rcpt:450", "stage", " rcpt"],
  ["constructor:450", "stage", "constructor"],
  ["rcpt#0:450", "nth", "0"],
  ["rcpt#:450", "nth", ""],
  ["rcpt#x:450", "nth", "x"],
  ["rcpt@-1:450", "connection", "-1"],
  ["rcpt@1#2:450", "connection", "1#2"],
  ["rcpt~2:450", "probability", "2"],
  ["rcpt~half:450", "probability", "half"],
  ["rcpt:45", "action", "45"],
  ["rcpt:150", "action", "150"],
  ["rcpt:600", "action", "600"],
  ["rcpt:450\t4.2.0", "action", "450\t4.2.0"],
  ["rcpt:450 a\r\n250 b", "action", "450 a\r\n250 b"],
  ["rcpt:delay", "action", "delay"],
  ["rcpt:delay=", "action", "delay="],
  ["rcpt:delay=5", "action", "delay=5"],
  ["rcpt:delay=-5s", "action", "delay=-5s"],
  ["rcpt:drop=before", "action", "drop=before"],
  ["rcpt:stall=5s", "action", "stall=5s"],
  ["rcpt:garbage=", "action", "garbage="],
  ["rcpt:garbage=a\nb", "action", "garbage=a\nb"],
  ["rcpt:partial", "action", "partial"],
  ["rcpt:partial=x", "action", "partial=x"],
  ["rcpt:partial=5,quit", "action", "partial=5,quit"],
  ["rcpt:toString", "action", "toString"],
  // what a stage cannot do
  ["rcpt:alert", "action", "alert"],
  ["tls:450", "action", "450"],
  ["tls:partial=5", "action", "partial=5"],
  ["tls:drop=after", "action", "drop=after"],
  ["connect:partial=5", "action", "partial=5"],
  ["connect:inject", "action", "inject"],
];
for (const [text, part, wrong] of unreadable) {
  Deno.test(`${JSON.stringify(text)} is none: the ${part} is wrong`, () => {
    const error = refused(text);
    assertEquals([error.part, error.text, error.input], [part, wrong, text]);
    assertInstanceOf(error, FaultError);
  });
}

Deno.test("an error names the part and what it should be, is permanent, and is safe to print", () => {
  const error = refused("rcpt\u001b[2J#2:450");
  assertMatch(
    error.message,
    /^Cannot read the fault "rcpt\\x1b\[2J#2:450": the stage "rcpt\\x1b\[2J" is not a stage: /i,
  );
  assertMatch(refused("tls:450").message, /the action "450" is not possible at the stage "tls"$/);
  assertEquals([error._tag, error.name, error.isTemporary], ["FaultError", "FaultError", false]);
});

Deno.test("garbage and injections have words of their own: the one is no reply, the other is", () => {
  const [garbage, injection] = [read("mail:garbage").action, read("mail:inject").action];
  assert(garbage._tag === "Garbage" && !/^\d{3}/.test(garbage.text));
  assert(injection._tag === "Inject" && /^250 /.test(injection.text));
});

Deno.test("every stage can be named", () => {
  for (const stage of Fault.stages) assertEquals(read(`${stage}:drop`).stage, stage);
});

Deno.test("a reply of many lines is written in one", () => {
  const fault: Fault.Fault = { stage: "ehlo", action: { _tag: "Reply", reply: Reply.make(250, ["a", "b"]) } };
  assertEquals(Fault.format(fault), "ehlo:250 a b");
});
