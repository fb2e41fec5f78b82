import { assert, assertEquals } from "@std/assert";
import * as AddressGuard from "@plausch/mx/address-guard";
import * as Arbitrary from "effect/Arbitrary";
import * as NetAddress from "effect/net/NetAddress";
import * as Schema from "effect/Schema";
import page from "../../docs/security.md" with { type: "text" };
import { property } from "../support/property.ts";

/** The first and the last address of each range, and its neighbours outside, where those may be dialled. */
const edges: ReadonlyArray<
  readonly [is: AddressGuard.AddressClass, first: string, last: string, before?: string | undefined, after?: string]
> = [
  ["Unspecified", "0.0.0.0", "0.0.0.0"],
  ["ThisNetwork", "0.0.0.1", "0.255.255.255", undefined, "1.0.0.0"],
  ["Private", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"],
  ["CarrierNat", "100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"],
  ["Loopback", "127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"],
  ["LinkLocal", "169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"],
  ["Private", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"],
  ["Protocol", "192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"],
  ["Private", "192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"],
  ["Benchmark", "198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"],
  ["Multicast", "224.0.0.0", "239.255.255.255", "223.255.255.255"],
  ["Reserved", "240.0.0.0", "255.255.255.254"],
  ["Broadcast", "255.255.255.255", "255.255.255.255"],
  ["Unspecified", "::", "::"],
  ["Loopback", "::1", "::1"],
  ["Reserved", "64:ff9c::", "1fff:ffff::", undefined, "2000::"],
  ["Protocol", "2001:1::", "2001:1::ffff", undefined, "2001:200::"],
  ["Benchmark", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff"],
  ["Protocol", "2001:2:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", undefined, "2001:200::"],
  ["Reserved", "4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["UniqueLocal", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["Reserved", "fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["LinkLocal", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["SiteLocal", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["Multicast", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
];

for (const [is, first, last, before, after] of edges) {
  Deno.test(`${first} to ${last} is refused as ${is}, and nothing beside it`, () => {
    for (const address of [first, last]) {
      const refusal = AddressGuard.refusal(address);
      assertEquals([refusal?.class, refusal?.address, refusal?.embedding], [is, address, undefined]);
    }
    for (const address of [before, after]) {
      if (address !== undefined) assertEquals(AddressGuard.refusal(address), undefined, address);
    }
  });
}

Deno.test("what the Internet reaches is dialled, and so are the ranges for documentation", () => {
  const addresses = "8.8.8.8 1.1.1.1 192.0.2.1 198.51.100.1 203.0.113.1 192.88.99.1 2606:4700::1111 2a00:1450::1 " +
    "2001:db8::1 3fff::1 2001:4860:4860::8888";
  for (const address of addresses.split(" ")) assertEquals(AddressGuard.refusal(address), undefined, address);
});

/** How each method writes an IPv4 address. */
const write: { readonly [M in AddressGuard.Embedding]: ReadonlyArray<(hex: string, other: string) => string> } = {
  "IPv4-compatible": [(v4) => `::${v4}`],
  "IPv4-mapped": [(v4) => `::ffff:${v4}`],
  "IPv4-translated": [(v4) => `::ffff:0:${v4}`],
  "6to4": [
    (v4) => `2002:${v4}::1`,
    (v4) => `2002:${v4}:0:0:5efe:808:808`,
    (v4) => `2002:${v4}:ffff:ffff:ffff:ffff:ffff`,
  ],
  NAT64: [
    (v4) => `64:ff9b::${v4}`,
    (v4) => `64:ff9b:1::${v4}`,
    // Prefixes of 48, 56 and 64 bits: octet 8 stays zero. Something harmless stands behind.
    (v4) => `64:ff9b:1:${v4.slice(0, 4)}:00${v4.slice(5, 7)}:${v4.slice(7)}00:808:808`,
    (v4) => `64:ff9b:1:08${v4.slice(0, 2)}:00${v4.slice(2, 4)}:${v4.slice(5)}:808:808`,
    (v4) => `64:ff9b:1:0808:00${v4.slice(0, 2)}:${v4.slice(2, 4)}${v4.slice(5, 7)}:${v4.slice(7)}08:808`,
  ],
  Teredo: [(_v4, other) => `2001:0:808:808:0:0:${other}`, (v4) => `2001:0:${v4}:0:0:f7f7:f7f7`],
  ISATAP: [(v4) => `2001:db8:1:2:0:5efe:${v4}`, (v4) => `2a00::200:5efe:${v4}`],
};

const hex = (octets: ReadonlyArray<number>): string => {
  const digits = octets.map((octet) => octet.toString(16).padStart(2, "0"));
  return `${digits[0]}${digits[1]}:${digits[2]}${digits[3]}`;
};

const hidden = (ipv4: string) => {
  const octets = ipv4.split(".").map(Number);
  return Object.entries(write).flatMap(([method, forms]) =>
    forms.map((form) => ({ method, address: form(hex(octets), hex(octets.map((octet) => octet ^ 0xff))) }))
  );
};

for (
  const [ipv4, is] of [
    ["127.0.0.1", "Loopback"],
    ["10.1.2.3", "Private"],
    ["169.254.169.254", "LinkLocal"],
    ["100.100.100.200", "CarrierNat"],
    ["255.255.255.255", "Broadcast"],
  ] as const
) {
  Deno.test(`${ipv4} is found inside of IPv6 addresses`, () => {
    for (const { method, address } of hidden(ipv4)) {
      const refusal = AddressGuard.refusal(address);
      assertEquals(refusal?.class, is, address);
      assertEquals(refusal?.embedding, { method, address: ipv4 } as AddressGuard.Refusal["embedding"], address);
    }
  });
}

Deno.test("an IPv6 address that stands for a public IPv4 address may be dialled, where it cannot stand for another", () => {
  const reached = hidden("8.8.4.4").filter(({ address }) => !/^64:ff9b:1:[^:]/.test(address));
  assertEquals(new Set(reached.map(({ method }) => method)).size, 7);
  for (const { address } of reached) assertEquals(AddressGuard.refusal(address), undefined, address);
});

Deno.test("an identifier of ISATAP does not make its prefix a good one", () => {
  for (
    const [address, is] of [
      ["fd00::5efe:808:808", "UniqueLocal"],
      ["fe80::200:5efe:808:808", "LinkLocal"],
      ["2002:a00:1:0:0:5efe:808:808", "Private"],
      ["2001:db8::100:5efe:7f00:1", undefined],
      ["2001:db8::5eff:7f00:1", undefined],
    ] as const
  ) assertEquals(AddressGuard.refusal(address)?.class, is, address);
});

Deno.test("a translated address with nothing in it is refused", () => {
  for (const address of ["::ffff:0:0", "64:ff9b::", "64:ff9b:1::", "2002::", "2001::ffff:ffff"]) {
    assertEquals(AddressGuard.refusal(address)?.class, "Unspecified", address);
  }
});

Deno.test("only the usual form of an address is one", () => {
  const texts =
    "0127.0.0.1 127.1 0x7f.0.0.1 2130706433 192.0.2.1. 192.0.2.01 192.0.2.256 [::1] fe80::1%eth0 localhost " +
    "1:2:3 ::1::2 ١.٢.٣.٤";
  for (const text of ["", " 192.0.2.1", ...texts.split(" ")]) {
    assertEquals(AddressGuard.refusal(text)?.class, "NotAnAddress", text);
  }
  assertEquals(AddressGuard.refusal("2001:DB8:0::1"), undefined, "IPv6 has no second meaning");
  assertEquals(AddressGuard.refusal("::FFFF:127.0.0.1")?.class, "Loopback");
});

const octet = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })));

property(
  "an IPv4 address and its mapped form are judged alike, and IPv6 outside of 2000::/3 is dialled only as NAT64 or mapped",
  Arbitrary.array(octet, { minLength: 16, maxLength: 16 }),
  (octets) => {
    const ipv4 = octets.slice(12).join(".");
    const mapped = AddressGuard.refusal(`::ffff:${ipv4}`);
    const ipv6 = NetAddress.formatIp(NetAddress.ipv6FromBytesUnsafe(Uint8Array.from(octets)));
    return mapped?.class === AddressGuard.refusal(ipv4)?.class &&
      (octets[0]! >> 5 === 1 || octets[0]! === 0 || AddressGuard.refusal(ipv6) !== undefined);
  },
);

Deno.test("docs/security.md has each class with its ranges", () => {
  const rows = Array.from(page.matchAll(/^\| `(\w+)` +\| ([^|]+)\|$/gm), ([, is, ranges]) => [is!, ranges!] as const);
  const known = new Set<string>([...edges.map(([is]) => is), "NotAnAddress"]);
  assertEquals(rows.map(([is]) => is).toSorted(), [...known].sort());
  for (const [is, ranges] of rows.filter(([is]) => is !== "NotAnAddress")) {
    const firsts = ranges.split(",").map((range) => range.trim().replace(/^0\.0\.0\.0\/8$/, "0.0.0.1"))
      .filter((range) => /^[\da-f.:/]+$/.test(range)).map((range) => range.replace(/\/\d+$/, ""));
    assert(firsts.length > 0, is);
    for (const first of firsts) if (first !== "2001::") assertEquals(AddressGuard.refusal(first)?.class, is, first);
  }
});

Deno.test("what is wrong is said in a few words", () => {
  const explain = (address: string) => AddressGuard.explain(AddressGuard.refusal(address)!);
  assertEquals(explain("::1"), "::1 (loopback)");
  assertEquals(explain("2002:a00:1::"), "2002:a00:1:: (private: 6to4 of 10.0.0.1)");
  const escaped = AddressGuard.explain(AddressGuard.refusal("\u001b[2J")!);
  assert(!escaped.includes("\u001b"), escaped);
});
