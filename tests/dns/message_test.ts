import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Message from "@plausch/dns/message";
import * as Name from "@plausch/dns/name";
import * as Record from "@plausch/dns/record";
import * as Arbitrary from "effect/Arbitrary";
import * as Result from "effect/Result";
import { Buffer } from "node:buffer";
// The well-kept library as a second opinion: on well-formed messages both must read the same.
import * as DnsPacket from "npm:dns-packet@5.6.1";
import { property } from "../support/property.ts";
import { integer, octets } from "./_arbitrary.ts";
import { hex, replies } from "./_replies.ts";

const message = (text: string) => Result.getOrThrow(Message.decode(hex(text)));

const answer = (text: string, name: string, type: Record.RecordType) =>
  Message.toAnswer(message(text), { name, type, server: "127.0.0.1:53", transport: "udp", elapsed: 1 });

const faultOf = (octets: Uint8Array): string => {
  const result = Message.decode(octets);
  assert(Result.isFailure(result), "the message was read");
  assertEquals(result.failure.reason, "Malformed");
  return result.failure.message;
};

// ---- replies of real servers

Deno.test("an MX answer of unbound, with compressed names, AD and EDNS", () => {
  const { answers, ad, ednsSize, rcode, recursionAvailable, authoritative } = message(replies.mx);
  assertEquals(answers.map(Record.format), [
    "plausch.test.\t\t5\tIN\tMX\t10 mx1.plausch.test.",
    "plausch.test.\t\t5\tIN\tMX\t10 mx2.plausch.test.",
    "plausch.test.\t\t5\tIN\tMX\t20 mx3.plausch.test.",
  ]);
  assertEquals({ ad, ednsSize, rcode, recursionAvailable, authoritative }, {
    ad: true,
    ednsSize: 1232,
    rcode: "NOERROR",
    recursionAvailable: true,
    authoritative: false,
  });
});

for (
  const [key, text] of [
    ["nullMx", "0 ."],
    ["escaped", "10 mx\\0271.plausch.test."],
    ["aaaa", "::1"],
    ["tlsa", "3 1 1 6C76DB4D82660DA06B1CBAB5BB9D9375724BF60D9E351CBB2429ABE7B093E207"],
    ["txt", '"v=STSv1; id=20260801T000000;"'],
  ] as const
) {
  Deno.test(`the record of a real reply: ${text}`, () => {
    assertEquals(message(replies[key]).answers.map(Record.formatData), [text]);
  });
}

Deno.test("an alias is followed to its records", () => {
  const found = Result.getOrThrow(answer(replies.alias, "aliasmx.plausch.test", "A"));
  assertEquals(found.status, "Records");
  assertEquals(found.canonicalName, "mx1.plausch.test");
  assertEquals(found.aliases.map((alias) => alias.name), ["aliasmx.plausch.test"]);
});

Deno.test("NXDOMAIN and NODATA are answers, with the time to keep them from the SOA record", () => {
  const noName = Result.getOrThrow(answer(replies.noName, "nope.plausch.test", "MX"));
  assertEquals([noName.status, noName.rcode, noName.negativeTtl], ["NoName", "NXDOMAIN", 1]);
  const noData = Result.getOrThrow(answer(replies.noData, "nothing.plausch.test", "MX"));
  assertEquals([noData.status, noData.rcode, noData.negativeTtl], ["NoData", "NOERROR", 1]);
  assertEquals(
    message(replies.noName).soa && Record.formatData(message(replies.noName).soa!),
    "ns1.plausch.test. hostmaster.plausch.test. 2026080101 3600 900 1209600 300",
  );
});

for (
  const [key, name, type, reason, rcode] of [
    ["serverFailure", "bogus.test", "MX", "ServerFailure", "SERVFAIL"],
    ["refused", "deaf.test", "MX", "Refused", "REFUSED"],
    ["loop", "loop1.plausch.test", "A", "AliasLoop", "NOERROR"],
  ] as const
) {
  Deno.test(`trouble is a temporary error, never "no such record": ${reason}`, () => {
    const error = Result.getOrThrow(Result.flip(answer(replies[key], name, type)));
    assertEquals([error.reason, error.rcode, error.isTemporary], [reason, rcode, true]);
    assertStringIncludes(error.message, `Cannot look up ${type} of "${name}" at 127.0.0.1:53: `);
  });
}

Deno.test("a cut reply is known by its TC bit", () => {
  assert(Message.isTruncated(hex(replies.truncated)));
  assert(!Message.isTruncated(hex(replies.mx)));
  assertEquals([message(replies.truncated).truncated, message(replies.mx).truncated], [true, false]);
});

// ---- response codes

for (
  const [rcode, extended, reason, shown] of [
    [1, 0, "FormatError", "FORMERR"],
    [2, 0, "ServerFailure", "SERVFAIL"],
    [4, 0, "NotImplemented", "NOTIMP"],
    [5, 0, "Refused", "REFUSED"],
    [9, 0, "ServerFailure", "NOTAUTH"],
    [0, 1, "FormatError", "BADVERS"],
    [7, 1, "ServerFailure", "RCODE23"],
  ] as const
) {
  Deno.test(`response code ${shown} is ${reason}`, () => {
    const opt = `00 0029 04d0 ${extended.toString(16).padStart(2, "0")}000000 0000`;
    const text = `0001 818${rcode} 0000 0000 0000 0001 ${opt}`;
    const error = Result.getOrThrow(Result.flip(answer(text, "a.example", "MX")));
    assertEquals([error.reason, error.rcode], [reason, shown]);
  });
}

Deno.test("an empty answer of a server that does not recurse is a referral, not NODATA", () => {
  const referral = "0001 8000 0000 0000 0001 0000 00 0002 0001 00000e10 0003 0161 00";
  const error = Result.getOrThrow(Result.flip(answer(referral, "a.example", "MX")));
  assertEquals([error.reason, error.isTemporary], ["NotRecursive", true]);
});

Deno.test("an alias that leads out of the zone of a server that does not recurse is no NODATA either", () => {
  const text = "0001 8400 0000 0001 0000 0000 0161 00 0005 0001 0000012c 0003 0162 00";
  assertEquals(Result.getOrThrow(Result.flip(answer(text, "a", "MX"))).reason, "NotRecursive");
});

Deno.test("an authoritative server may say NODATA without a SOA record; then there is no time to keep it", () => {
  const found = Result.getOrThrow(answer("0001 8400 0000 0000 0000 0000", "a.example", "MX"));
  assertEquals([found.status, found.negativeTtl], ["NoData", undefined]);
});

Deno.test("records that come with NXDOMAIN are malformed", () => {
  const text = "0001 8183 0000 0001 0000 0000 0161 00 0001 0001 0000012c 0004 c0000201";
  assertEquals(Result.getOrThrow(Result.flip(answer(text, "a", "A"))).reason, "Malformed");
});

// ---- what is passed over

const record = (type: string, data: string, cls = "0001", ttl = "0000012c") => {
  const length = hex(data).length.toString(16).padStart(4, "0");
  return `0161 00 ${type} ${cls} ${ttl} ${length} ${data}`;
};
const reply = (...records: ReadonlyArray<string>) =>
  `0001 8180 0000 ${records.length.toString(16).padStart(4, "0")} 0000 0000 ${records.join(" ")}`;

Deno.test("records of other types and classes are left out", () => {
  const text = reply(
    record("002e", "00010203"), // RRSIG
    record("0001", "7f000001", "0003"), // class CH
    record("0001", "c0000201"),
    record("ff01", ""), // a private type
  );
  assertEquals(message(text).answers.map(Record.formatData), ["192.0.2.1"]);
});

Deno.test("octets behind the last record do no harm", () => {
  assertEquals(message(reply(record("0001", "c0000201")) + "00ff").answers.length, 1);
});

Deno.test("a TTL with the top bit set counts as 0", () => {
  assertEquals(message(reply(record("0001", "c0000201", "0001", "80000001"))).answers[0]?.ttl, 0);
  assertEquals(message(reply(record("0001", "c0000201", "0001", "7fffffff"))).answers[0]?.ttl, 0x7fffffff);
});

// ---- hostile messages

for (
  const [why, text] of [
    ["an A record of 2 octets, which must not borrow from the next", reply(record("0001", "7f00"), record("0001", ""))],
    ["an A record of 5 octets", reply(record("0001", "7f00000100"))],
    ["an AAAA record of 4 octets", reply(record("001c", "7f000001"))],
    ["an MX record without a host", reply(record("000f", "000a"))],
    ["an MX record with octets behind the host", reply(record("000f", "000a 0162 00 00"))],
    ["an MX host that runs into the next record", reply(record("000f", "000a 0a62"), record("0001", "c0000201"))],
    ["a CNAME with octets behind the name", reply(record("0005", "0162 00 61"))],
    ["an empty CNAME", reply(record("0005", ""), record("0001", "c0000201"))],
    ["an empty TXT record", reply(record("0010", ""))],
    ["a TXT string over the end of its record", reply(record("0010", "0561"), record("0010", "0161"))],
    ["a TLSA record of 3 octets", reply(record("0034", "030101"))],
    ["a SOA record that is cut", "0001 8180 0000 0000 0001 0000 " + record("0006", "0161 00 0162 00 00000001")],
    ["data over the end of the message", reply("0161 00 0001 0001 0000012c 0004 7f00")],
    ["a length over the end of the message, of a type that is not read", reply("0161 00 ff01 0001 0000012c ffff 00")],
    ["fewer records than counted", "0001 8180 0000 0005 0000 0000 " + record("0001", "c0000201")],
    ["more questions than there are", "0001 8180 0002 0000 0000 0000 0161 00 0001 0001"],
    ["a question cut behind the name", "0001 8180 0001 0000 0000 0000 0161 00 0001"],
    ["a header cut short", "0001 8180 0000"],
    ["a pointer to itself as owner", "0001 8180 0000 0001 0000 0000 c00c 0001 0001 0000012c 0004 c0000201"],
    ["two OPT records", `0001 8180 0000 0000 0000 0002 ${"00 0029 04d0 00000000 0000".repeat(2)}`],
    ["nothing", ""],
  ] as const
) {
  Deno.test(`malformed: ${why}`, () => {
    assertStringIncludes(faultOf(hex(text)), "the answer is not a valid DNS message: ");
  });
}

Deno.test("a datagram that keeps other readers busy for a minute is refused at its first record", () => {
  // The first answer is a TXT record that claims more than there is. A reader that loses its place there begins again at
  // the header, which is made to read as a TXT record too, of 989 strings, 1000 times: dns-packet 5.6.1 does so.
  const octets = new Uint8Array(1000);
  octets.set(hex("0000 1000 0000 03e8 0003 dd00 00 0010 0001 00000000 fde8"));
  assertStringIncludes(faultOf(octets), "runs over the end");
});

Deno.test("the largest message is read in little time, however its names are compressed", () => {
  // The data of the first record is a name and 126 pointers, each to the one before; then come owners that point to the
  // last, as many as fit.
  const message = new Uint8Array(65_535);
  const owners = Math.floor((message.length - 278) / 12);
  message.set(hex(`0001 8180 0000 ${(owners + 1).toString(16)} 0000 0000 00 ff01 0001 00000000 00ff 0161 00`));
  for (let pointer = 0; pointer < 126; pointer++) {
    const to = pointer === 0 ? 23 : 24 + pointer * 2;
    message.set([0xc0 | (to >> 8), to & 0xff], 26 + pointer * 2);
  }
  for (let owner = 0; owner < owners; owner++) {
    message.set([0xc1, 20, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0], 278 + owner * 12);
  }
  const started = performance.now();
  assert(Result.isSuccess(Message.decode(message)));
  assert(performance.now() - started < 2000, `it took ${performance.now() - started} ms`);
});

property("any octets are read, or malformed, and nothing else", octets(0, 200), (bytes) => {
  const result = Message.decode(bytes);
  return Result.isSuccess(result) || result.failure.reason === "Malformed";
});

const real = Object.values(replies).map(hex);

property(
  "a real reply with some octets changed is read, or malformed, and what comes out is printable",
  Arbitrary.all([integer(0, real.length - 1), Arbitrary.array(Arbitrary.all([integer(0, 150), integer(0, 255)]))]),
  ([which, changes]) => {
    const bytes = Uint8Array.from(real[which] ?? []);
    for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
    const result = Message.decode(bytes);
    if (Result.isFailure(result)) return result.failure.reason === "Malformed";
    return result.success.answers.every((record) => /^[\x20-\x7e\t]+$/.test(Record.format(record)));
  },
  { runs: 3000, seed: "plausch" },
);

Deno.test("a real reply cut at any octet is malformed", () => {
  for (const bytes of real) {
    for (let end = 0; end < bytes.length; end++) faultOf(bytes.subarray(0, end));
  }
});

// ---- queries

const query = (name: string, type: Record.RecordType, id = 0x1234, ednsSize?: number) =>
  Result.getOrThrow(Message.encodeQuery({ id, name, type, ednsSize }));

Deno.test("a query as octets, without and with EDNS", () => {
  assertEquals(query("a.test", "MX"), hex("1234 0120 0001 0000 0000 0000 0161 0474657374 00 000f 0001"));
  assertEquals(
    query("a.test", "TLSA", 1, 1232),
    hex("0001 0120 0001 0000 0000 0001 0161 0474657374 00 0034 0001 00 0029 04d0 00000000 0000"),
  );
});

Deno.test("a query for a name that is none fails", () => {
  const result = Message.encodeQuery({ id: 1, name: "a..b", type: "MX" });
  assertEquals(Result.isFailure(result) && result.failure.reason, "BadName");
});

Deno.test("a reply is told by its id and its question, whatever case the server puts the name in", () => {
  const asked = query("plausch.test", "MX", 0x1234, 1232);
  const told = hex(replies.mx);
  assert(Message.isReplyTo(asked, told));
  assert(Message.isReplyTo(query("PLAUSCH.Test", "MX"), told));
  assert(!Message.isReplyTo(query("plausch.test", "MX", 0x1235), told), "another id");
  assert(!Message.isReplyTo(query("plausch.test", "TXT"), told), "another type");
  assert(!Message.isReplyTo(query("plausch.tesu", "MX"), told), "another name");
  assert(!Message.isReplyTo(query("a.plausch.test", "MX"), told), "a longer name");
  assert(!Message.isReplyTo(asked, asked), "a query");
  const letters = hex("0001 8180 0001 0000 0000 0000 04 415a617a 00 0001 0001");
  assert(Message.isReplyTo(query("azAZ", "A", 1), letters));
  assert(!Message.isReplyTo(query("azA\\[", "A", 1), letters.with(15, 0x41).with(16, 0x7b)), "brackets have no case");
  const otherClass = told.slice();
  otherClass[29] = 3;
  assert(!Message.isReplyTo(asked, otherClass), "another class");
  const update = told.slice();
  update[2] = 0xa9;
  assert(!Message.isReplyTo(asked, update), "another opcode");
  for (let end = 0; end < 30; end++) assert(!Message.isReplyTo(asked, told.subarray(0, end)), `cut at ${end}`);
});

Deno.test("only a failure may leave the question out", () => {
  const asked = query("plausch.test", "MX");
  for (const rcode of [1, 2, 4, 5]) assert(Message.isReplyTo(asked, hex(`1234 818${rcode} 0000 0000 0000 0000`)));
  for (const rcode of [0, 3]) assert(!Message.isReplyTo(asked, hex(`1234 818${rcode} 0000 0000 0000 0000`)));
  assert(!Message.isReplyTo(asked, hex("1234 8181 0002 0000 0000 0000")), "two questions");
});

// ---- the same as dns-packet

const hostName = Arbitrary.map(
  Arbitrary.array(integer(0, 35), { minLength: 1, maxLength: 12 }),
  (digits) => digits.map((digit) => digit.toString(36)).join("").replace(/(.{5})/g, "$1.") + "z",
);

property("queries are what dns-packet reads", Arbitrary.all([hostName, integer(0, 0xffff)]), ([name, id]) => {
  const packet = DnsPacket.decode(Buffer.from(query(name, "TLSA", id, 1232)));
  const [opt] = packet.additionals;
  return packet.type === "query" && packet.id === id && packet.flag_rd && packet.flag_ad && !packet.flag_cd &&
    packet.questions[0].name === name && packet.questions[0].type === "TLSA" && opt.udpPayloadSize === 1232 &&
    opt.ednsVersion === 0 && !opt.flag_do;
});

property(
  "answers that dns-packet writes are read the same",
  Arbitrary.all([hostName, hostName, integer(0, 0x7fffffff), integer(0, 0xffff), octets(1, 60), octets(16, 16)]),
  ([name, host, ttl, number, data, address]) => {
    const ipv6 = Array.from({ length: 8 }, (_, at) => ((address[at * 2]! << 8) | address[at * 2 + 1]!).toString(16));
    const written = [
      { type: "MX", data: { preference: number, exchange: host } },
      { type: "CNAME", data: host },
      { type: "A", data: address.subarray(0, 4).join(".") },
      { type: "AAAA", data: ipv6.join(":") },
      { type: "TXT", data: [Buffer.from(data), Buffer.alloc(0)] },
      { type: "TLSA", data: { usage: number & 3, selector: 1, matchingType: 2, certificate: Buffer.from(data) } },
    ].map((record) => ({ name, ttl, class: "IN", ...record }));
    const soa = { mname: host, rname: name, serial: ttl, refresh: 1, retry: 2, expire: 3, minimum: number };
    const octets = DnsPacket.encode({
      type: "response",
      id: number,
      flags: 0x1a0,
      questions: [{ name, type: "MX" }],
      answers: written,
      authorities: [{ name, ttl, type: "SOA", class: "IN", data: soa }],
    });
    const read = Result.getOrThrow(Message.decode(octets));
    const expected = written.map((record) =>
      Result.getOrThrow(Record.fromString(name, record.type as Record.RecordType, presentation(record), ttl))
    );
    assertEquals(read.answers, expected);
    assertEquals(read.soa, { _tag: "SOA", name, ttl, class: "IN", ...soa });
    return read.id === number && read.ad && Name.equals(read.answers[0]!.name, name);
  },
  { runs: 300, seed: "plausch" },
);

// deno-lint-ignore no-explicit-any
const presentation = ({ type, data }: { readonly type: string; readonly data: any }): string => {
  switch (type) {
    case "MX":
      return `${data.preference} ${data.exchange}`;
    case "TXT":
      return data.map((octets: Uint8Array) =>
        `"${Array.from(octets, (octet) => `\\${String(octet).padStart(3, "0")}`).join("")}"`
      ).join(" ");
    case "TLSA":
      return `${data.usage} ${data.selector} ${data.matchingType} ${data.certificate.toString("hex")}`;
    default:
      return data;
  }
};
