/**
 * Servers that other people wrote as clients of our sink: Postfix relays to it by SMTP and by LMTP, Dovecot by SMTP and in chunks.
 * What plausch sends to them arrives there, message and parameters, and what the sink refuses comes back to the sender.
 */
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Path from "@plausch/smtp/path";
import * as Reply from "@plausch/smtp/reply";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { certificate, newMark, peerTest, portOf, relayedPort, stored } from "./_peers.ts";
import { letter, send, text } from "./_send.ts";

/** What arrived, once something did. */
type Arrived = () => Promise<Store.Message>;

/** Lets the sink listen where the peers relay to, for the time of one function; gives the lines it heard, too. */
const withSink = async <A>(
  use: "smtp" | "lmtp",
  options: Partial<Sink.ListenOptions>,
  body: (arrived: Arrived, heard: ReadonlyArray<string>) => Promise<A>,
): Promise<A> => {
  const store = Store.memory();
  const heard: Array<string> = [];
  const observe = (event: Sink.SinkEvent): void => {
    if (event._tag === "Chat" && event.event._tag === "Heard") heard.push(event.event.line);
  };
  const arrived: Arrived = async () => {
    for (let left = 200; left > 0; left--) {
      const message = store.messages.at(-1);
      if (message !== undefined) return message;
      await sleep(50);
    }
    throw new Error(`Nothing was relayed to the sink; it heard ${JSON.stringify(heard)}`);
  };
  const port = relayedPort(use);
  return await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    yield* Sink.listen({ store, port, host: "sink.test", protocol: use, observe, ...options });
    return yield* Effect.promise(() => body(arrived, heard));
  })));
};

const encrypted = async (): Promise<Partial<Sink.ListenOptions>> => {
  const [cert, key] = [
    await readFile(certificate("good.chain.pem"), "utf8"),
    await readFile(certificate("good.key"), "utf8"),
  ];
  return { tls: { options: { cert, key: Redacted.make(key) } } };
};

/** Whether what arrived ends with what was sent: servers put their trace on top. */
const assertEnds = (message: Store.Message, sent: Uint8Array): void =>
  assertEquals(text(message.octets.slice(-sent.length)), text(sent));

peerTest(
  "postfix relays to the sink under TLS, with every delivery report that was asked for",
  ["postfix"],
  async (peers) => {
    await withSink("smtp", await encrypted(), async (arrived) => {
      const mark = newMark();
      const args = [
        ...["--dsn-notify", "SUCCESS,DELAY", "--dsn-ret", "HDRS", "--dsn-envid", "id+1"],
        ...["--dsn-orcpt", "rfc822;List+x@elsewhere.test"],
      ];
      const sent = await send({ port: peers.postfix.port, to: "x@sink.test", message: letter(mark, "\u00fc"), args });
      assertEquals(sent.code, 0, sent.text);
      const message = await arrived();
      assertEnds(message, letter(mark, "\u00fc"));
      assertEquals([message.protocol, message.tls?.protocol], ["ESMTPS", "TLSv1.3"]);
      const { size = 0, ...parameters } = message.mailParameters ?? {};
      assert(size >= message.octets.length);
      assertEquals(parameters, { body: "8BITMIME", ret: "HDRS", envid: "id+1" });
      const [rcpt] = message.rcptParameters ?? [];
      assertEquals(rcpt?.orcpt, { addressType: "rfc822", address: "List+x@elsewhere.test" });
      assertEquals(new Set(rcpt?.notify), new Set(["SUCCESS", "DELAY"]));
    });
  },
);

peerTest("postfix relays international addresses to the sink", ["postfix"], async ({ postfix }) => {
  await withSink("smtp", {}, async (arrived) => {
    const mark = newMark();
    const sent = await send({
      port: postfix.port,
      from: "j\u00fcrgen@plausch.test",
      to: "\u7528\u6237@sink.test",
      message: letter(mark),
    });
    assertEquals(sent.code, 0, sent.text);
    const message = await arrived();
    assertEquals([message.protocol, ...message.forwardPaths.map(Path.address)], ["UTF8SMTP", "\u7528\u6237@sink.test"]);
    assertEnds(message, letter(mark));
  });
});

peerTest("postfix tells the sender what the sink refused", ["postfix"], async ({ postfix }) => {
  const policy = { recipient: () => Reply.make(550, "5.7.1 not with us") };
  await withSink("smtp", { policy }, async () => {
    const mark = newMark();
    const order = { from: "postmaster@plausch.test", to: "x@sink.test", message: letter(mark) };
    const sent = await send({ port: postfix.port, ...order, args: ["--dsn-envid", mark] });
    assertEquals(sent.code, 0, sent.text);
    const report = text(await stored(postfix, `Original-Envelope-Id: ${mark}`, { mailbox: "postmaster" }));
    assertStringIncludes(report, "Status: 5.7.1\n");
    assertStringIncludes(report, "550 5.7.1 not with us");
  });
});

peerTest(
  "postfix delivers to the sink by LMTP, and takes the late verdict on one recipient",
  ["postfix"],
  async ({ postfix }) => {
    const policy = {
      delivery: (path: Path.ForwardPath) =>
        Path.address(path) === "late@lmtp.test" ? Reply.make(552, "5.2.2 no room") : undefined,
    };
    await withSink("lmtp", { policy, ...await encrypted() }, async (arrived, heard) => {
      const mark = newMark();
      const to = ["x@lmtp.test", "late@lmtp.test"];
      const order = { from: "postmaster@plausch.test", to, message: letter(mark) };
      const sent = await send({ port: postfix.port, ...order, args: ["--dsn-envid", mark] });
      assertEquals(sent.code, 0, sent.text);
      const message = await arrived();
      assertEnds(message, letter(mark));
      assertEquals(message.protocol, "LMTPS");
      assert(heard.some((line) => line.startsWith("LHLO ")));
      const report = text(await stored(postfix, `Original-Envelope-Id: ${mark}`, { mailbox: "postmaster" }));
      assertStringIncludes(report, "Final-Recipient: rfc822; late@lmtp.test\n");
      assertStringIncludes(report, "Status: 5.2.2\n");
      assert(!report.includes("Final-Recipient: rfc822; x@lmtp.test"));
    });
  },
);

peerTest("dovecot relays to the sink, in chunks if it came in chunks", ["dovecot"], async ({ dovecot }) => {
  for (const chunks of [[], ["--bdat", "--bdat-size", "200"]]) {
    await withSink("smtp", {}, async (arrived, heard) => {
      const mark = newMark();
      const args = ["--user", "relayed", ...chunks];
      const port = portOf(dovecot, "submission");
      const sent = await send({ port, to: "x@anywhere.test", message: letter(mark), secret: "relayed", args });
      assertEquals(sent.code, 0, sent.text);
      const message = await arrived();
      assertEnds(message, letter(mark));
      assert(heard.some((line) => line.startsWith("BDAT ")), JSON.stringify(heard));
      assert(heard.some((line) => line.endsWith(" LAST")));
    });
  }
});

peerTest("dovecot hands on what the sink says of a recipient", ["dovecot"], async ({ dovecot }) => {
  const refused = Reply.make(452, "4.2.2 no room now");
  const policy = {
    recipient: (path: Path.ForwardPath) => Path.address(path).startsWith("later") ? refused : undefined,
  };
  await withSink("smtp", { policy }, async (arrived) => {
    const mark = newMark();
    const to = ["later@anywhere.test", "x@anywhere.test"];
    const port = portOf(dovecot, "submission");
    const args = ["--user", "relayed"];
    const sent = await send({ port, to, message: letter(mark), secret: "relayed", args });
    assertEquals(sent.code, 82, sent.text);
    assertEquals(sent.verdicts["later@anywhere.test"], "deferred rcpt 452 4.2.2");
    assertEnds(await arrived(), letter(mark));
  });
});
