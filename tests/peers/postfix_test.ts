/**
 * Postfix, the server that knows most: pipelining, chunks, delivery reports, international addresses, XCLIENT and XFORWARD, the
 * PROXY protocol, and the verbs that send nothing. TLS and AUTH have files of their own.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { copies, logged, newMark, peerTest, portOf, stored, withoutTrace } from "./_peers.ts";
import { letter, send, text } from "./_send.ts";

const accepted = "accepted final 250 2.0.0";

peerTest(
  "postfix is sent a group of commands at once, and one at a time on request",
  ["postfix"],
  async ({ postfix }) => {
    const talk = async (...args: ReadonlyArray<string>) => {
      const sent = await send({ port: postfix.port, to: ["bob@plausch.test", "alice@plausch.test"], args });
      assertEquals(sent.code, 0, sent.text);
      const events = sent.events.flatMap(({ event, stage, last }) =>
        event === "said" || event === "heard" ? [`${event} ${stage}`] : last ? ["said final"] : []
      );
      return events.slice(events.indexOf("said mail"), events.indexOf("heard final") + 1);
    };
    const group = ["mail", "rcpt", "rcpt", "data"];
    const whole = [...group.map((stage) => `said ${stage}`), ...group.map((stage) => `heard ${stage}`)];
    assertEquals(await talk("--tls", "none"), [...whole, "said final", "heard final"]);
    const single = [...group, "final"].flatMap((stage) => [`said ${stage}`, `heard ${stage}`]);
    assertEquals(await talk("--tls", "none", "--no-pipeline"), single);
  },
);

peerTest("postfix refuses every recipient of a pipelined group: nothing is sent", ["postfix"], async ({ postfix }) => {
  const to = ["reject550@plausch.test", "full552@plausch.test", "tempfail450@plausch.test"];
  for (const mode of ["--pipeline", "--no-pipeline"]) {
    const mark = newMark();
    const sent = await send({ port: postfix.port, to, message: letter(mark), args: [mode] });
    assertEquals(sent.verdicts, {
      "reject550@plausch.test": "rejected rcpt 550 5.1.1",
      "full552@plausch.test": "rejected rcpt 552 5.2.2",
      "tempfail450@plausch.test": "deferred rcpt 450 4.2.0",
    }, sent.text);
    assertEquals(sent.code, 75);
    assertEquals(await copies(postfix, mark), []);
  }
});

const chunks: ReadonlyArray<readonly [args: ReadonlyArray<string>, size: number]> = [
  [["--bdat"], 2000],
  [["--bdat", "--bdat-size", "100"], 100],
  [["--bdat", "--bdat-size", "100", "--no-pipeline"], 100],
  [["--bdat", "--bdat-size", "1"], 1],
];
for (const [args, size] of chunks) {
  peerTest(`postfix puts together what comes in chunks: ${args.join(" ")}`, ["postfix"], async ({ postfix }) => {
    const mark = newMark();
    const message = size === 1 ? new TextEncoder().encode(`X-Mark: ${mark}\r\n\r\n.\r\n`) : letter(mark);
    const sent = await send({ port: postfix.port, message, args });
    assertEquals([sent.code, sent.verdicts["bob@plausch.test"]], [0, accepted], sent.text);
    assert(!sent.verbs.includes("DATA"));
    const bdat = sent.said.filter((line) => line.startsWith("BDAT ")).map((line) => line.split(" "));
    const sizes = bdat.map(([, octets]) => Number(octets));
    assertEquals(sizes.reduce((sum, each) => sum + each, 0), message.length);
    assertEquals(sizes.slice(0, -1), sizes.slice(0, -1).map(() => size));
    assertEquals(bdat.map((words) => words[2] === "LAST"), bdat.map((_, at) => at === bdat.length - 1));
    assertEquals(withoutTrace(postfix, await stored(postfix, mark)), message);
  });
}

peerTest("postfix refuses some recipients and takes the chunks for the others", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  const to = ["reject550@plausch.test", "bob@plausch.test"];
  const sent = await send({ port: postfix.port, to, message: letter(mark), args: ["--bdat", "--bdat-size", "512"] });
  assertEquals(sent.code, 82, sent.text);
  assertEquals(sent.verdicts, { "reject550@plausch.test": "rejected rcpt 550 5.1.1", "bob@plausch.test": accepted });
  assertEquals(withoutTrace(postfix, await stored(postfix, mark)), letter(mark));
});

peerTest("postfix refuses every recipient: not a chunk is stored", ["postfix"], async ({ postfix }) => {
  for (const mode of ["--pipeline", "--no-pipeline"]) {
    const mark = newMark();
    const args = ["--bdat", "--bdat-size", "100", mode];
    const sent = await send({ port: postfix.port, to: "reject550@plausch.test", message: letter(mark), args });
    assertEquals(sent.verdicts, { "reject550@plausch.test": "rejected rcpt 550 5.1.1" }, sent.text);
    assertEquals([sent.code, await copies(postfix, mark)], [81, []]);
  }
});

/** The report that Postfix sends to the sender, once it is there. */
const report = async (postfix: Parameters<typeof stored>[0], mark: string): Promise<string> =>
  text(await stored(postfix, `Original-Envelope-Id: ${mark}`, { mailbox: "postmaster" }));

peerTest("postfix reports the success it was asked to report", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  const args = [
    ...["--dsn-notify", "SUCCESS,FAILURE,DELAY", "--dsn-envid", mark, "--dsn-orcpt", "rfc822;Bob+List@elsewhere.test"],
  ];
  const sent = await send({ port: postfix.port, from: "postmaster@plausch.test", message: letter(mark), args });
  assertEquals([sent.code, sent.verdicts["bob@plausch.test"]], [0, accepted], sent.text);
  const told = await report(postfix, mark);
  assertStringIncludes(told, "Final-Recipient: rfc822; bob@plausch.test\nOriginal-Recipient:");
  assertStringIncludes(told, "Original-Recipient: rfc822;Bob+List@elsewhere.test\n");
  assertStringIncludes(told, "Action: delivered\n");
});

for (const [ret, whole] of [["HDRS", false], ["FULL", true]] as const) {
  peerTest(
    `postfix returns what was asked for when it cannot deliver: RET=${ret}`,
    ["postfix"],
    async ({ postfix }) => {
      const mark = newMark();
      const [from, to] = ["postmaster@plausch.test", "bounced@plausch.test"];
      const args = ["--dsn-ret", ret, "--dsn-envid", mark];
      const sent = await send({ port: postfix.port, from, to, message: letter(mark), args });
      assertEquals([sent.code, sent.verdicts[to]], [0, accepted], sent.text);
      const told = await report(postfix, mark);
      assertStringIncludes(told, "Action: failed\n");
      assertStringIncludes(told, `Message-ID: <${mark}@client.plausch.test>`);
      assertEquals(told.includes(".a line with a dot"), whole);
    },
  );
}

peerTest("postfix reports a failure, unless it was asked never to report", ["postfix"], async ({ postfix }) => {
  const toNobody = async (...args: ReadonlyArray<string>): Promise<string> => {
    const mark = newMark();
    const [from, to] = ["postmaster@plausch.test", "bounced@plausch.test"];
    const sent = await send({
      port: postfix.port,
      from,
      to,
      message: letter(mark),
      args: [...args, "--dsn-envid", mark],
    });
    assertEquals([sent.code, sent.verdicts[to]], [0, accepted], sent.text);
    return mark;
  };
  const never = await toNobody("--dsn-notify", "NEVER");
  const [, queue = ""] = /([0-9A-F]+): message-id/.exec(await logged(postfix, `message-id=<${never}@`)) ?? [];
  await logged(postfix, `${queue}: removed`);
  assertStringIncludes(await report(postfix, await toNobody("--dsn-notify", "FAILURE")), "Action: failed\n");
  assertStringIncludes(await report(postfix, await toNobody()), "Action: failed\n");
  assertEquals(await copies(postfix, `Original-Envelope-Id: ${never}`), []);
});

peerTest("postfix takes international addresses and header fields", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  const utf8 = new TextEncoder().encode(`Subject: J\u00fcrgen \u7528\u6237\r\nX-Mark: ${mark}\r\n\r\nhello\r\n`);
  const from = "j\u00fcrgen@plausch.test";
  const sent = await send({ port: postfix.port, from, to: "\u7528\u6237@plausch.test", message: utf8 });
  assertEquals([sent.code, sent.verdicts], [0, { "\u7528\u6237@plausch.test": accepted }], sent.text);
  assertMatch(sent.said.find((line) => line.startsWith("MAIL")) ?? "", / SMTPUTF8( |$)/);
  const kept = await stored(postfix, mark);
  assertEquals(withoutTrace(postfix, kept), utf8);
  assertStringIncludes(text(kept), " with UTF8SMTP");
});

peerTest("postfix is asked for SMTPUTF8 when only the header needs it", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  const utf8 = new TextEncoder().encode(`Subject: J\u00fcrgen\r\nX-Mark: ${mark}\r\n\r\nhello\r\n`);
  const sent = await send({ port: postfix.port, message: utf8 });
  assertEquals(sent.code, 0, sent.text);
  assertMatch(sent.said.find((line) => line.startsWith("MAIL")) ?? "", / SMTPUTF8( |$)/);
  assertEquals(withoutTrace(postfix, await stored(postfix, mark)), utf8);
});

peerTest(
  "postfix is asked for 8BITMIME when the message needs it, and not otherwise",
  ["postfix"],
  async ({ postfix }) => {
    for (const [extra, needs] of [["latin-1 \u00fc", true], ["plain", false]] as const) {
      const mark = newMark();
      const sent = await send({ port: postfix.port, message: letter(mark, extra) });
      assertEquals(sent.code, 0, sent.text);
      assertEquals(sent.said.some((line) => line.startsWith("MAIL") && line.includes("BODY=8BITMIME")), needs);
      assertEquals(withoutTrace(postfix, await stored(postfix, mark)), letter(mark, extra));
    }
  },
);

peerTest(
  "postfix is not sent what is over its SIZE, and told how much comes otherwise",
  ["postfix"],
  async ({ postfix }) => {
    const large = await send({ port: postfix.port, message: letter(newMark(), "x\r\n".repeat(60_000)) });
    assertEquals(large.code, 81, large.text);
    assertStringIncludes(large.verdicts["bob@plausch.test"] ?? "", "MessageTooBig");
    assert(!large.verbs.includes("MAIL"));
    const message = letter(newMark());
    const fitting = await send({ port: postfix.port, message });
    assertStringIncludes(fitting.said.find((line) => line.startsWith("MAIL")) ?? "", ` SIZE=${message.length}`);
  },
);

peerTest(
  "postfix says 421 and closes: what was refused stays refused, all else is deferred",
  ["postfix"],
  async (peers) => {
    const to = ["reject550@plausch.test", "drop421@plausch.test", "bob@plausch.test"];
    const sent = await send({ port: peers.postfix.port, to, args: ["--no-pipeline"] });
    assertEquals(sent.code, 75, sent.text);
    assertEquals(sent.verdicts["reject550@plausch.test"], "rejected rcpt 550 5.1.1");
    assertEquals(sent.verdicts["drop421@plausch.test"], "deferred rcpt 421 4.3.2");
    assertMatch(sent.verdicts["bob@plausch.test"] ?? "", /^deferred rcpt/);
  },
);

peerTest(
  "postfix takes 50 recipients at once: the rest follows in a further transaction",
  ["postfix"],
  async (peers) => {
    const mark = newMark();
    const to = Array.from({ length: 53 }, (_, at) => `n${at}@plausch.test`);
    const sent = await send({ port: peers.postfix.port, to, message: letter(mark) });
    assertEquals(sent.code, 0, sent.text);
    assertEquals(new Set(Object.values(sent.verdicts)), new Set([accepted]));
    assertEquals(Object.keys(sent.verdicts).length, 53);
    assertEquals(sent.verbs.filter((verb) => verb === "MAIL").length, 2);
    for (let left = 100; (await copies(peers.postfix, mark, "all")).length < 53; left--) {
      assert(left > 0, "not all of 53 copies came");
      await sleep(50);
    }
  },
);

peerTest("postfix believes what XCLIENT says of the client", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  const args = ["--xclient", "NAME=spike.test", "--xclient", "ADDR=192.0.2.7", "--xclient", "HELO=other helo+"];
  const sent = await send({
    port: portOf(postfix, "trusted"),
    message: letter(mark),
    args: [...args, "--tls", "none"],
  });
  assertEquals(sent.code, 0, sent.text);
  // The greeting comes anew, and so does EHLO.
  assertEquals(sent.verbs.slice(0, 4), ["EHLO", "XCLIENT", "EHLO", "MAIL"]);
  assertEquals(sent.said[1], "XCLIENT NAME=spike.test ADDR=192.0.2.7 HELO=other+20helo+2B");
  assertEquals(sent.heard.find(({ stage }) => stage === "xclient")?.code, 220);
  assertStringIncludes(text(await stored(postfix, mark)), "(spike.test [192.0.2.7])");
});

peerTest("postfix hears XCLIENT under TLS as well", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  const args = ["--xclient", "NAME=[UNAVAILABLE]", "--xclient", "ADDR=192.0.2.8", "--tls", "required"];
  const sent = await send({ port: portOf(postfix, "trusted"), message: letter(mark), args });
  assertEquals(sent.code, 0, sent.text);
  assertEquals(sent.verbs.slice(0, 5), ["EHLO", "STARTTLS", "EHLO", "XCLIENT", "EHLO"]);
  assertStringIncludes(text(await stored(postfix, mark)), "(unknown [192.0.2.8])");
});

peerTest("postfix notes what XFORWARD says of a client before", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  const args = ["--xforward", "NAME=spike.test", "--xforward", "ADDR=192.0.2.9"];
  const sent = await send({ port: portOf(postfix, "trusted"), message: letter(mark), args });
  assertEquals(sent.code, 0, sent.text);
  assert(sent.said.includes("XFORWARD NAME=spike.test ADDR=192.0.2.9"));
  const [, queue = ""] = /([0-9A-F]+): message-id/.exec(await logged(postfix, `message-id=<${mark}@`)) ?? [];
  assertStringIncludes(await logged(postfix, `${queue}: client=`), "orig_client=spike.test[192.0.2.9]");
});

peerTest("postfix does not offer XCLIENT to everybody: exit 77, nothing is sent", ["postfix"], async ({ postfix }) => {
  for (const [flag, stage] of [["--xclient", "xclient"], ["--xforward", "xforward"]] as const) {
    const sent = await send({ port: postfix.port, args: [flag, "NAME=spike.test"] });
    assertEquals([sent.code, sent.failure], [77, `XclientNotOffered ${stage}`], sent.text);
    assert(!sent.verbs.includes("MAIL"));
  }
});

for (const version of ["v1", "v2"]) {
  peerTest(`postfix believes a PROXY header (${version})`, ["postfix"], async ({ postfix }) => {
    const mark = newMark();
    const args = ["--proxy", version, "--proxy-source", "192.0.2.33:5555", "--proxy-destination", "192.0.2.34:25"];
    const sent = await send({ port: portOf(postfix, "proxy"), message: letter(mark), args });
    assertEquals([sent.code, sent.verdicts["bob@plausch.test"]], [0, accepted], sent.text);
    const kept = text(await stored(postfix, mark));
    assertStringIncludes(kept, "(unknown [192.0.2.33])");
    assertStringIncludes(kept, "(using TLSv1.3");
  });
}

peerTest("postfix learns the true address where a PROXY header makes no other up", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  const order = { port: portOf(postfix, "proxy"), message: letter(mark) };
  const sent = await send({ ...order, args: ["--proxy", "v2"] });
  assertEquals(sent.code, 0, sent.text);
  assertStringIncludes(text(await stored(postfix, mark)), "(unknown [127.0.0.1])");
  // Postfix does not know the UNKNOWN of version 1.
  const unknown = await send({ ...order, args: ["--proxy", "v1"] });
  assertEquals([unknown.code, unknown.verdicts["bob@plausch.test"]], [75, "deferred greeting 421"], unknown.text);
});

peerTest("postfix waits for a PROXY header in vain: deferred", ["postfix"], async ({ postfix }) => {
  const sent = await send({ port: portOf(postfix, "proxy"), args: ["--timeout", "500ms"] });
  assertEquals([sent.code, sent.failure], [75, "Timeout greeting"], sent.text);
});

const questions: ReadonlyArray<readonly [line: string, code: number, status: string | null]> = [
  ["VRFY alice@plausch.test", 252, "2.0.0"],
  ["VRFY reject550@plausch.test", 550, "5.1.1"],
  ["ETRN relayed.test", 250, null],
  ["ETRN elsewhere.test", 459, null],
  ["EXPN list", 500, "5.5.2"],
  ["HELP", 500, "5.5.2"],
  ["NOOP hello", 250, "2.0.0"],
  ["RSET", 250, "2.0.0"],
  ["X-FOO bar", 500, "5.5.2"],
];
for (const [line, code, status] of questions) {
  peerTest(`postfix answers ${line} with ${code}`, ["postfix"], async ({ postfix }) => {
    const sent = await send({ port: postfix.port, args: ["--tls", "none", "--say", line] });
    assertEquals(sent.said[1], line, sent.text);
    assertEquals([sent.heard[2]?.stage, sent.heard[2]?.code, sent.heard[2]?.status], ["raw", code, status]);
    assertEquals(sent.verdicts["bob@plausch.test"], accepted);
  });
}

peerTest("postfix never hears a raw command that is more than a line", ["postfix"], async ({ postfix }) => {
  for (const line of ["NOOP\r\nMAIL FROM:<>", "NOOP\nRSET", "NOOP \u0000", "NOOP \u001b"]) {
    const sent = await send({ port: postfix.port, args: ["--say", line] });
    assert(sent.code === 64 || sent.code === 65, sent.text);
    assertEquals(sent.said, []);
  }
});

/** Nobody that we know offers these. */
const wishes: ReadonlyArray<readonly [args: ReadonlyArray<string>, extension: string]> = [
  [["--require-tls"], "REQUIRETLS"],
  [["--by", "600R"], "DELIVERBY"],
  [["--hold-for", "1h"], "FUTURERELEASE"],
  [["--hold-until", "2099-01-01T00:00:00Z"], "FUTURERELEASE"],
  [["--mt-priority", "3"], "MT-PRIORITY"],
];
for (const [args, extension] of wishes) {
  peerTest(
    `postfix does not offer ${extension}: ${args[0]} fails, or is dropped on request`,
    ["postfix"],
    async (peers) => {
      const failed = await send({ port: peers.postfix.port, args });
      assertEquals([failed.code, failed.verbs.includes("MAIL")], [81, false], failed.text);
      const dropped = await send({ port: peers.postfix.port, args: [...args, "--if-not-offered", "drop"] });
      assertEquals([dropped.code, dropped.verdicts["bob@plausch.test"]], [0, accepted], dropped.text);
      assertStringIncludes(dropped.text, extension);
    },
  );
}

peerTest("postfix answers a parameter that it does not know with 555", ["postfix"], async ({ postfix }) => {
  const mail = await send({ port: postfix.port, args: ["--mail-param", "X-PRIVATE=1"] });
  assertEquals([mail.code, mail.verdicts["bob@plausch.test"]], [81, "rejected mail 555 5.5.4"], mail.text);
  const rcpt = await send({ port: postfix.port, args: ["--rcpt-param", "X-PRIVATE"] });
  assertEquals([rcpt.code, rcpt.verdicts["bob@plausch.test"]], [81, "rejected rcpt 555 5.5.4"], rcpt.text);
});

/** The stages to stop after, and the verb that was said last before QUIT. */
const stages: ReadonlyArray<readonly [stage: string, last: string | undefined]> = [
  ["greeting", undefined],
  ["ehlo", "EHLO"],
  ["starttls", "STARTTLS"],
  ["ehlo-tls", "EHLO"],
  ["xclient", "XCLIENT"],
  ["xforward", "XFORWARD"],
  ["mail", "MAIL"],
  ["rcpt", "RCPT"],
];
for (const [stage, last] of stages) {
  peerTest(`postfix hears QUIT after ${stage}`, ["postfix"], async ({ postfix }) => {
    const args = ["--quit-after", stage, ...stage[0] === "x" ? [`--${stage}`, "NAME=spike.test"] : []];
    const sent = await send({ port: portOf(postfix, "trusted"), args });
    assertEquals([sent.code, sent.verbs.at(-1), sent.verbs.at(-2)], [0, "QUIT", last], sent.text);
    assertEquals(sent.heard.at(-1)?.code, 221);
    assertMatch(sent.verdicts["bob@plausch.test"] ?? "", /Stopped$/);
  });
}

const drops: ReadonlyArray<readonly [stage: string, last: string | undefined]> = [
  ["connect", undefined],
  ...stages,
  ["tls", "STARTTLS"],
  ["data", "DATA"],
];
for (const [stage, last] of drops) {
  peerTest(`postfix loses the client after ${stage}: nothing is stored`, ["postfix"], async ({ postfix }) => {
    const mark = newMark();
    const args = ["--drop-after", stage, ...stage[0] === "x" ? [`--${stage}`, "NAME=spike.test"] : []];
    const sent = await send({ port: portOf(postfix, "trusted"), message: letter(mark), args });
    assert(!sent.verbs.includes("QUIT"));
    assertEquals([sent.code, sent.verbs.at(-1)], [0, last], sent.text);
    assertEquals(await copies(postfix, mark), []);
  });
}

peerTest("postfix loses the client after its final answer: the message stays", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  const sent = await send({ port: postfix.port, message: letter(mark), args: ["--drop-after", "final"] });
  assertEquals([sent.code, sent.verdicts["bob@plausch.test"]], [0, accepted], sent.text);
  assert(!sent.verbs.includes("QUIT"));
  assertEquals(withoutTrace(postfix, await stored(postfix, mark)), letter(mark));
});
