import { assertEquals } from "@std/assert";
import * as EffectDns from "@plausch/dns/effect-dns";
import * as Zone from "@plausch/dns/zone";
import * as Effect from "effect/Effect";
import * as Dns from "effect/net/Dns";
import * as NetAddress from "effect/net/NetAddress";
import * as Result from "effect/Result";
import { it } from "../support/it.ts";

const dns = EffectDns.make(Result.getOrThrow(Zone.make({
  records: {
    "dual.example": { A: "192.0.2.1", AAAA: "2001:db8::1" },
    "half.example": { A: "192.0.2.1", AAAA: { failure: "ServerFailure" } },
    "dead.example": { failure: "Timeout" },
    "v4.example": { A: "192.0.2.1", AAAA: { failure: "Refused" } },
    "broken.example": { AAAA: { failure: "ServerFailure" } },
    "example.org": { MX: ["10 mx1.example.org", "20 mx\\0271.example.org"], TXT: '"v=spf1" " -all"' },
    "odd.example": { MX: "10 mx\\0271.example.org" },
    "null.example": { MX: "0 ." },
    "www.example": { CNAME: "dual.example" },
    "_25._tcp.example.org": { TLSA: "3 1 1 c0ffee" },
  },
})));

const lookup = (host: string, options?: Dns.LookupOptions) =>
  Effect.match(dns.lookup(host, options), {
    onFailure: (error) => error.reason,
    onSuccess: (addresses) => addresses.map(NetAddress.formatIp).join(" "),
  });

it("addresses of both families, IPv6 first, or of one", () =>
  Effect.gen(function* () {
    assertEquals(yield* lookup("dual.example"), "2001:db8::1 192.0.2.1");
    assertEquals(yield* lookup("www.example."), "2001:db8::1 192.0.2.1");
    assertEquals(yield* lookup("dual.example", { family: "IPv4" }), "192.0.2.1");
    assertEquals(yield* lookup("dual.example", { family: "IPv6" }), "2001:db8::1");
  }));

it("one family is enough; where none is left, the failure shows", () =>
  Effect.gen(function* () {
    assertEquals(yield* lookup("half.example"), "192.0.2.1");
    assertEquals(yield* lookup("half.example", { family: "IPv6" }), "ServerFailure");
    assertEquals(yield* lookup("v4.example", { family: "IPv6" }), "Refused");
    assertEquals(yield* lookup("dead.example"), "Timeout");
    assertEquals(yield* lookup("broken.example"), "ServerFailure");
    assertEquals(yield* lookup("nowhere.example"), "NotFound");
    assertEquals(yield* lookup("a..b"), "BadName");
  }));

const resolve = (name: string, type: Dns.RecordType) =>
  Effect.match(dns.resolve(name, type), {
    onFailure: (error) => error.reason,
    onSuccess: (records) => records.map(Dns.formatRecord).join(" | "),
  });

it("records of every type that both know, with names fully qualified", () =>
  Effect.gen(function* () {
    assertEquals(yield* resolve("example.org", "MX"), "MX 10 mx1.example.org.");
    assertEquals(yield* resolve("null.example", "MX"), "MX 0 .");
    assertEquals(yield* resolve("example.org", "TXT"), 'TXT "v=spf1" " -all"');
    assertEquals(yield* resolve("www.example", "CNAME"), "CNAME dual.example.");
    assertEquals(yield* resolve("www.example", "A"), "A 192.0.2.1");
    assertEquals(yield* resolve("www.example", "AAAA"), "AAAA 2001:db8::1");
    assertEquals(yield* resolve("_25._tcp.example.org", "TLSA"), "TLSA 3 1 1 C0FFEE");
  }));

it("what cannot be answered has the reason that effect has for it", () =>
  Effect.gen(function* () {
    assertEquals(yield* resolve("example.org", "A"), "NotFound");
    assertEquals(yield* resolve("odd.example", "MX"), "InvalidResponse");
    assertEquals(yield* resolve("example.org", "SRV"), "Unsupported");
    assertEquals(yield* resolve("dead.example", "MX"), "Timeout");
  }));
