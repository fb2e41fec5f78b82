import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as NameServer from "@plausch/dns/name-server";
import * as ResolvConf from "@plausch/dns/resolv-conf";
import * as Result from "effect/Result";

for (
  const [text, address, port, printed] of [
    ["192.0.2.53", "192.0.2.53", 53, "192.0.2.53:53"],
    ["127.0.0.1:5353", "127.0.0.1", 5353, "127.0.0.1:5353"],
    ["2001:DB8::53", "2001:db8::53", 53, "[2001:db8::53]:53"],
    ["[2001:db8::53]", "2001:db8::53", 53, "[2001:db8::53]:53"],
    ["[::1]:65535", "::1", 65535, "[::1]:65535"],
    ["192.0.2.53:1", "192.0.2.53", 1, "192.0.2.53:1"],
    ["fe80::1%eth0", "fe80::1%eth0", 53, "[fe80::1%eth0]:53"],
    ["[fe80::1%2]:5353", "fe80::1%2", 5353, "[fe80::1%2]:5353"],
  ] as const
) {
  Deno.test(`a name server: ${text}`, () => {
    const server = Result.getOrThrow(NameServer.fromString(text));
    assertEquals(server, { address, port, family: address.includes(":") ? 6 : 4 });
    assertEquals(NameServer.format(server), printed);
    assertEquals(Result.getOrThrow(NameServer.fromString(printed)), server);
  });
}

for (
  const text of [
    "",
    "dns.example",
    "dns.example:53",
    "192.0.2.53:",
    "192.0.2.53:0",
    "192.0.2.53:65536",
    "192.0.2.53:+1",
    "0127.0.0.1",
    "[192.0.2.53]:53",
    "[2001:db8::53",
    "2001:db8::53]:53",
    "[]:53",
    "192.0.2.53%eth0",
    "fe80::1%",
    ":53",
  ]
) {
  Deno.test(`not a name server: ${JSON.stringify(text)}`, () => {
    const error = Result.getOrThrow(Result.flip(NameServer.fromString(text)));
    assertEquals([error.reason, error.isTemporary], ["BadServer", false]);
    assertStringIncludes(error.message, `Cannot use the name server "${text}": write an IP address`);
  });
}

Deno.test("a datagram is from the server when address and port are, however they are spelled", () => {
  const v4 = Result.getOrThrow(NameServer.fromString("192.0.2.53"));
  assert(NameServer.isFrom(v4, "192.0.2.53", 53));
  assert(!NameServer.isFrom(v4, "192.0.2.53", 54));
  assert(!NameServer.isFrom(v4, "192.0.2.54", 53));
  const v6 = Result.getOrThrow(NameServer.fromString("fe80::1%eth0"));
  assert(NameServer.isFrom(v6, "FE80:0:0:0::1%2", 53));
  assert(!NameServer.isFrom(v6, "fe80::2%eth0", 53));
});

Deno.test("only 127.0.0.0/8 and ::1 are this machine", () => {
  const isLoopback = (text: string) => NameServer.isLoopback(Result.getOrThrow(NameServer.fromString(text)));
  assertEquals(["127.0.0.1", "127.0.0.53:5353", "::1", "[0:0::1]:53"].map(isLoopback), [true, true, true, true]);
  assertEquals(["192.0.2.127", "2001:db8::1", "::", "fe80::1%lo"].map(isLoopback), [false, false, false, false]);
});

Deno.test("resolv.conf: servers each once, comments and nonsense passed over", () => {
  const settings = ResolvConf.parse(
    [
      "; written by hand",
      "search example.org",
      "nameserver 192.0.2.53   # the first",
      "nameserver\t2001:db8::53",
      "nameserver 192.0.2.53",
      "nameserver dns.example",
      "nameserver",
      "#nameserver 192.0.2.99",
      "options ndots:2 timeout:90 attempts:0 trust-ad",
      "options edns0",
    ].join("\r\n"),
  );
  assertEquals(settings.servers.map(NameServer.format), ["192.0.2.53:53", "[2001:db8::53]:53"]);
  assertEquals(settings, { servers: settings.servers, timeoutSeconds: 30, attempts: 1, trustAd: true });
});

Deno.test("resolv.conf: an empty file means the server on this machine, and no settings", () => {
  assertEquals(ResolvConf.parse(""), {
    servers: [{ address: "127.0.0.1", port: 53, family: 4 }],
    timeoutSeconds: undefined,
    attempts: undefined,
    trustAd: false,
  });
  assertEquals(ResolvConf.parse("options timeout:x attempts:").attempts, undefined);
});

Deno.test("the system's settings fill what the options leave open, and its trust is never taken for distrust", () => {
  const trusting = ResolvConf.parse("options timeout:3 attempts:4 trust-ad");
  const silent = ResolvConf.parse("");
  const options = (
    settings: ResolvConf.ResolvConf,
    more: { readonly trustAd?: boolean; readonly tries?: number } = {},
  ) => {
    const { timeout, tries, trustAd } = ResolvConf.complete(settings, { servers: settings.servers, ...more });
    return [timeout, tries, trustAd];
  };
  assertEquals(options(trusting), ["3 seconds", 4, true]);
  assertEquals(options(trusting, { trustAd: false, tries: 1 }), ["3 seconds", 1, false]);
  assertEquals(options(silent), [undefined, undefined, undefined]);
  assertEquals(options(silent, { trustAd: true }), [undefined, undefined, true]);
});
