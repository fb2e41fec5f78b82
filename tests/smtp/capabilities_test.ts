import * as Capabilities from "@plausch/smtp/capabilities";
import * as Octets from "@plausch/smtp/octets";
import * as Reply from "@plausch/smtp/reply";
import * as ReplyParser from "@plausch/smtp/reply-parser";
import { assert, assertEquals } from "@std/assert";
import { octets } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { wildOctets } from "./_replies.ts";

const offer = (...lines: ReadonlyArray<string>): Capabilities.Capabilities =>
  Capabilities.fromReply({ code: 250, lines: ["mx.test", ...lines], enhanced: undefined, warnings: [] });

const sizeOf = (...lines: ReadonlyArray<string>) => offer(...lines).size;

Deno.test("what the last server offered is not read again; a line more, less or other is", () => {
  const first = offer("PIPELINING", "SIZE 1000");
  assert(offer("PIPELINING", "SIZE 1000") === first);
  assertEquals(offer("PIPELINING", "SIZE 1001").size, 1001);
  assertEquals(offer("PIPELINING", "SIZE 1001", "DSN").dsn, true);
  assertEquals(offer("PIPELINING").size, undefined);
  const lines = ["mx.test", "DSN"];
  const reply = { code: 250, lines, enhanced: undefined, warnings: [] };
  assertEquals(Capabilities.fromReply(reply).dsn, true);
  lines[1] = "ETRN";
  assertEquals(Capabilities.fromReply(reply).dsn, false);
});

Deno.test("the extensions that programs ask for are booleans", () => {
  const flags = {
    "PIPELINING": "pipelining",
    "8BITMIME": "eightBitMime",
    "SMTPUTF8": "smtputf8",
    "ENHANCEDSTATUSCODES": "enhancedStatusCodes",
    "DSN": "dsn",
    "CHUNKING": "chunking",
    "BINARYMIME": "binaryMime",
    "STARTTLS": "startTls",
    "REQUIRETLS": "requireTls",
    "ETRN": "etrn",
    "VRFY": "vrfy",
    "EXPN": "expn",
    "HELP": "help",
  } as const;
  const names = Object.values(flags);
  for (const [keyword, flag] of Object.entries(flags)) {
    const capabilities = offer(keyword.toLowerCase());
    assertEquals(names.filter((name) => capabilities[name]), [flag]);
    assert(Capabilities.has(capabilities, keyword));
    assert(Capabilities.has(capabilities, keyword.toLowerCase()));
  }
  assertEquals(names.filter((name) => Capabilities.none[name] || offer()[name]), []);
});

Deno.test("a keyword is what the whole word says, not what it begins with", () => {
  assertEquals([...offer("9-X9 a9").keywords], [["9-X9", ["a9"]]]);
  const capabilities = offer("STARTTLSX", "XPIPELINING", "SIZE-1 5", "AUTHX PLAIN");
  assert(!capabilities.startTls && !capabilities.pipelining);
  assertEquals([capabilities.size, capabilities.auth], [undefined, []]);
});

Deno.test("SIZE is a limit from 1 to 2^53-1, or none", () => {
  assertEquals(sizeOf("SIZE 1"), 1);
  assertEquals(sizeOf("SIZE 9007199254740991"), 9007199254740991);
  assertEquals(sizeOf("SIZE 00000000000000001000"), 1000);
  assertEquals(sizeOf("SIZE 1000 surplus"), 1000);
  assertEquals(sizeOf("SIZE 1000", "SIZE 2000"), 1000);
  for (
    const parameter of [
      "",
      "0",
      "00",
      "-1",
      "+1",
      "1.5",
      "1e3",
      "0x10",
      "1000K",
      "9007199254740992",
      "18446744073709551616",
      "000000000000000000001",
      "NaN",
      "Infinity",
      "\u0661",
    ]
  ) {
    assertEquals(sizeOf(`SIZE ${parameter}`), undefined, parameter);
  }
  assertEquals(sizeOf("SIZE=1000"), undefined);
  assertEquals(sizeOf(), undefined);
});

Deno.test("mechanisms are joined from AUTH and the legacy AUTH=, in order, in upper case, without doubles", () => {
  assertEquals(offer("AUTH=LOGIN").auth, ["LOGIN"]);
  assertEquals(offer("auth=login PLAIN", "AUTH plain Cram-MD5").auth, ["LOGIN", "PLAIN", "CRAM-MD5"]);
  assertEquals(offer("AUTH LOGIN LOGIN").auth, ["LOGIN"]);
  assertEquals(offer("AUTH").auth, []);
  assertEquals(offer("AUTH=").auth, []);
  assert(Capabilities.has(offer("AUTH="), "AUTH"));
  assertEquals(offer("AUTH PLAIN", "AUTH=LOGIN").ignored, []);
});

Deno.test("limits are whole numbers from 1 on; others stay parameters", () => {
  const capabilities = offer(
    "LIMITS RCPTMAX=100 mailmax=50 X9=9 RCPTDOMAINMAX=0 X=9007199254740992 Y=1.5 Z= =5 W V=a __proto__=1",
  );
  assertEquals([...capabilities.limits], [["RCPTMAX", 100], ["MAILMAX", 50], ["X9", 9]]);
  assertEquals(capabilities.keywords.get("LIMITS")?.length, 11);
});

Deno.test("DELIVERBY has a minimum or none (RFC 2852 section 2)", () => {
  const minimum = (line: string) => offer(line).deliverBy;
  assertEquals(offer().deliverBy, undefined);
  assertEquals(minimum("DELIVERBY"), { minimum: undefined });
  assertEquals(minimum("deliverby 240"), { minimum: 240 });
  assertEquals(minimum("DELIVERBY 0"), { minimum: 0 });
  assertEquals(minimum("DELIVERBY 60,x-new"), { minimum: 60 });
  for (const parameter of [",x-new", "-1", "1.5", "1000000000", "soon"]) {
    assertEquals(minimum(`DELIVERBY ${parameter}`), { minimum: undefined }, parameter);
  }
});

Deno.test("FUTURERELEASE has two limits, or is not believed (RFC 4865 section 3)", () => {
  const limits = (line: string) => offer(line).futureRelease;
  assertEquals(limits("FUTURERELEASE 604800 2030-01-31T08:00:00Z"), {
    maxInterval: 604800,
    maxDateTime: "2030-01-31T08:00:00Z",
  });
  assertEquals(limits("futurerelease 1 2030-01-31t08:00:00z"), {
    maxInterval: 1,
    maxDateTime: "2030-01-31T08:00:00Z",
  });
  for (
    const parameters of ["", " 604800", " 0 2030-01-31T08:00:00Z", " 1 2030-01-32T08:00:00Z", " 1 1899999999", " x y"]
  ) {
    assertEquals(limits(`FUTURERELEASE${parameters}`), undefined, parameters);
  }
  assert(Capabilities.has(offer("FUTURERELEASE"), "FUTURERELEASE"));
});

Deno.test("MT-PRIORITY has a profile or none (RFC 6710 section 3)", () => {
  assertEquals(offer().mtPriority, undefined);
  assertEquals(offer("MT-PRIORITY").mtPriority, { profile: undefined });
  assertEquals(offer("mt-priority MIXER").mtPriority, { profile: "MIXER" });
});

Deno.test("XCLIENT and XFORWARD name their attributes, in upper case and without doubles", () => {
  assertEquals([offer().xclient, offer().xforward], [undefined, undefined]);
  const capabilities = offer("XCLIENT NAME addr Name", "XFORWARD");
  assertEquals([capabilities.xclient, capabilities.xforward], [["NAME", "ADDR"], []]);
  assertEquals(capabilities.keywords.get("XCLIENT"), ["NAME", "addr", "Name"]);
});

Deno.test("nothing is offered where only HELO is known", () => {
  const { keywords, limits, auth, ignored, name, greeting, ...rest } = Capabilities.none;
  assertEquals([keywords.size, limits.size, auth, ignored, name, greeting], [0, 0, [], [], "", ""]);
  assertEquals(Object.values(rest).filter((value) => value !== undefined && value !== false), []);
});

Deno.test("keywords named like properties of objects are keywords and nothing else", () => {
  const names = ["constructor", "toString", "hasOwnProperty", "valueOf"];
  const capabilities = offer(...names, "__proto__ polluted", "__defineGetter__");
  assertEquals([...capabilities.keywords.keys()], names.map((name) => name.toUpperCase()));
  assertEquals(capabilities.ignored, ["__proto__ polluted", "__defineGetter__"]);
  assertEquals(({} as { readonly polluted?: unknown }).polluted, undefined);
  assert(!Capabilities.has(Capabilities.none, "__proto__"));
});

Deno.test("what the grammar does not have is set aside, the rest is believed", () => {
  const capabilities = offer(
    "X_PIPE",
    "-DASH",
    "X-\x1b[2J now",
    "CAF\u00c9 1",
    "\udcff",
    "SIZE 10\x1b00",
    "BURL imap \u00fc imap://mx.test",
    "PIPELINING\u00a0",
    "DSN",
  );
  assertEquals([...capabilities.keywords], [["SIZE", []], ["BURL", ["imap", "imap://mx.test"]], ["DSN", []]]);
  assertEquals(capabilities.ignored, [
    "X_PIPE",
    "-DASH",
    "X-\x1b[2J now",
    "CAF\u00c9 1",
    "\udcff",
    "10\x1b00",
    "\u00fc",
    "PIPELINING\u00a0",
  ]);
  assertEquals([capabilities.size, capabilities.pipelining], [undefined, false]);
});

Deno.test("spaces and tabs only separate", () => {
  const capabilities = offer("  SIZE \t 5  ", "", " ", "\t", "AUTH\tPLAIN  LOGIN");
  assertEquals([...capabilities.keywords], [["SIZE", ["5"]], ["AUTH", ["PLAIN", "LOGIN"]]]);
  assertEquals(capabilities.ignored, []);
});

Deno.test("the first line is a name and a greeting, and offers nothing", () => {
  const first = (line: string) => {
    const { name, greeting, keywords } = Capabilities.fromReply(Reply.make(250, line));
    return [name, greeting, keywords.size];
  };
  assertEquals(first("mx.test"), ["mx.test", "", 0]);
  assertEquals(first("mx.test Hello  you "), ["mx.test", "Hello  you ", 0]);
  assertEquals(first("  mx.test\tHello"), ["mx.test", "Hello", 0]);
  assertEquals(first("PIPELINING"), ["PIPELINING", "", 0]);
  assertEquals(first(""), ["", "", 0]);
});

Deno.test("a reply full of parameters is read in no time", () => {
  const parameters = Array.from({ length: 30000 }, (_, i) => i.toString(36));
  assertEquals(offer(`XYZ ${parameters.join(" ")}`).keywords.get("XYZ"), parameters);
});

property("whatever a server replies to EHLO, its capabilities are well-formed", wildOctets, (wire) => {
  const parser = ReplyParser.make();
  parser.push(octets(wire));
  const reply = parser.next("hello") ?? Reply.make(250, Octets.decode(octets(wire)));
  const { keywords, auth, size, limits } = Capabilities.fromReply(reply);
  return [...keywords].every(([keyword, parameters]) =>
    /^[A-Z0-9][A-Z0-9-]*$/.test(keyword) && parameters.every((parameter) => /^[!-~]+$/.test(parameter)) &&
    new Set(parameters).size === parameters.length
  ) && auth === (keywords.get("AUTH") ?? auth) && (size === undefined || size > 0) &&
    [...limits.values()].every((limit) => limit > 0);
}, { runs: 2000, seed: "plausch" });
