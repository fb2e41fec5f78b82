// These tests hold for the genuine @std/assert too: what they ask for is what the stand-in promises.
import * as std from "@std/assert";
import {
  assert,
  assertEquals,
  AssertionError,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";

class Point {
  constructor(readonly x: number, readonly y: number) {}
}
class Pixel extends Point {}

/** Shows its state only by a getter, as a class with private state does. */
class Hidden {
  #value: number;
  constructor(value: number) {
    this.#value = value;
  }
  get value(): number {
    return this.#value;
  }
}

const loop = (end: number) => {
  const list: Array<unknown> = [1];
  list.push(list, end);
  return list;
};

const equal: ReadonlyArray<readonly [string, unknown, unknown]> = [
  ["numbers", 1, 1],
  ["NaN", NaN, NaN],
  ["zero and minus zero", 0, -0],
  ["records in another order", { a: 1, b: [2, { c: 3 }] }, { b: [2, { c: 3 }], a: 1 }],
  ["a record without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["octets", Uint8Array.of(13, 10), Uint8Array.of(13, 10)],
  ["array buffers", Uint8Array.of(1, 2).buffer, Uint8Array.of(1, 2).buffer],
  ["maps in another order", new Map([["a", [1]], ["b", [2]]]), new Map([["b", [2]], ["a", [1]]])],
  ["maps with records as keys", new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 1]])],
  ["sets in another order", new Set([1, "2", { c: 3 }]), new Set([{ c: 3 }, 1, "2"])],
  ["dates", new Date(5), new Date(5)],
  ["dates that are none", new Date(NaN), new Date(NaN)],
  ["instances", new Point(1, 2), new Point(1, 2)],
  ["private state behind a getter", new Hidden(1), new Hidden(1)],
  ["patterns", /a+/g, /a+/g],
  ["addresses", new URL("http://a.example/"), new URL("http://A.example")],
  ["a value that contains itself", loop(1), loop(1)],
];

for (const [name, left, right] of equal) {
  Deno.test(`equal: ${name}`, () => {
    assertEquals(left, right);
    assertEquals(right, left);
    assertThrows(() => assertNotEquals(left, right), AssertionError);
  });
}

const different: ReadonlyArray<readonly [string, unknown, unknown]> = [
  ["a number and its text", 1, "1"],
  ["null and undefined", null, undefined],
  ["a key that holds undefined and no key", { a: undefined }, {}],
  ["undefined under another key", { a: undefined }, { b: undefined }],
  ["a deep member", { a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }],
  ["a symbol's value", { [Symbol.for("s")]: 1 }, { [Symbol.for("s")]: 2 }],
  ["a list and its beginning", [1, 2, 3], [1, 2]],
  ["a list and a record", [1], { 0: 1 }],
  ["octets", Uint8Array.of(13, 10), Uint8Array.of(13, 13)],
  ["octets and numbers", Uint8Array.of(1), [1]],
  ["kinds of octets", Uint8Array.of(1), Int8Array.of(1)],
  ["maps", new Map([["a", [1]]]), new Map([["a", [2]]])],
  ["maps with other keys", new Map([["a", 1]]), new Map([["b", 1]])],
  ["maps with records as keys", new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 2]])],
  ["sets", new Set([1, 2]), new Set([1, 3])],
  ["sets of records", new Set([{ a: 1 }]), new Set([{ a: 2 }])],
  ["dates", new Date(5), new Date(6)],
  ["instances of a class and a subclass", new Point(1, 2), new Pixel(1, 2)],
  ["an instance and a record", new Point(1, 2), { x: 1, y: 2 }],
  ["private state behind a getter", new Hidden(1), new Hidden(2)],
  ["error messages", new Error("a"), new Error("b")],
  ["functions", () => 1, () => 1],
  ["patterns", /a+/g, /a+/],
  ["addresses", new URL("smtp://a.example"), new URL("smtp://b.example")],
  ["a value that contains itself", loop(1), loop(2)],
];

for (const [name, left, right] of different) {
  Deno.test(`different: ${name}`, () => {
    assertNotEquals(left, right);
    assertThrows(() => assertEquals(left, right), AssertionError);
    assertThrows(() => assertEquals(right, left), AssertionError);
  });
}

const messageOf = (fail: () => unknown): string => assertThrows(fail, AssertionError).message;

Deno.test("a failure names the note and shows what differs", () => {
  // Colours differ between the genuine one and ours: the marks do not.
  const message = messageOf(() => assertEquals({ code: 250, text: "Ok" }, { code: 550, text: "Ok" }, "the reply"));
  assertStringIncludes(message, "the reply");
  for (const [mark, member] of [["-", "250"], ["+", "550"]]) {
    assert(
      message.split("\n").some((line) => line.includes(`${mark}   `) && line.includes(`code: ${member}`)),
      `no line for ${member} in: ${message}`,
    );
  }
});

Deno.test("a failure over many lines does not take long", () => {
  const lines = (seed: number) => Array.from({ length: 3000 }, (_, at) => at * seed);
  const message = messageOf(() => std.assertEquals([...lines(1), "end"], [...lines(1), "ende"]));
  assertStringIncludes(message, "ende");
  messageOf(() => std.assertEquals([7], lines(3)));
});

const passes: ReadonlyArray<readonly [string, () => void, () => void]> = [
  ["assert", () => std.assert(1), () => std.assert(0, "note")],
  ["assertFalse", () => std.assertFalse(""), () => std.assertFalse("x", "note")],
  ["assertExists", () => std.assertExists(0), () => std.assertExists(null, "note")],
  ["assertStrictEquals", () => std.assertStrictEquals(NaN, NaN), () => std.assertStrictEquals({}, {}, "note")],
  ["assertStrictEquals of zeros", () => std.assertStrictEquals(-0, -0), () => std.assertStrictEquals(0, -0, "note")],
  ["assertNotEquals", () => std.assertNotEquals(1, 2), () => std.assertNotEquals([1], [1], "note")],
  [
    "assertInstanceOf",
    () => std.assertInstanceOf(new Pixel(1, 2), Point),
    () => std.assertInstanceOf(new Point(1, 2), Pixel, "note"),
  ],
  ["assertMatch", () => std.assertMatch("250 Ok", /^250/), () => std.assertMatch("550 No", /^250/, "note")],
  [
    "assertStringIncludes",
    () => std.assertStringIncludes("250 Ok", "Ok"),
    () => std.assertStringIncludes("550 No", "Ok", "note"),
  ],
  [
    "assertArrayIncludes",
    () => std.assertArrayIncludes([{ a: 1 }, { a: 2 }, NaN], [NaN, { a: 2 }]),
    () => std.assertArrayIncludes([{ a: 1 }], [{ a: 2 }], "note"),
  ],
  [
    "assertAlmostEquals",
    () => std.assertAlmostEquals(0.1 + 0.2, 0.3),
    () => std.assertAlmostEquals(1, 1.1, 0.01, "note"),
  ],
  ["assertGreater", () => std.assertGreater(2, 1), () => std.assertGreater(1, 1, "note")],
  ["assertGreaterOrEqual", () => std.assertGreaterOrEqual(1, 1), () => std.assertGreaterOrEqual(NaN, 1, "note")],
  ["assertLess", () => std.assertLess(1, 2), () => std.assertLess(1, 1, "note")],
  ["assertLessOrEqual", () => std.assertLessOrEqual(1, 1), () => std.assertLessOrEqual(NaN, 1, "note")],
  ["assertThrows", () => std.assertThrows(() => raise("a")), () => std.assertThrows(() => 1, "note")],
  ["fail", () => {}, () => std.fail("note")],
];

const raise = (message: string): never => {
  throw new RangeError(message);
};

for (const [name, pass, fail] of passes) {
  Deno.test(`${name}: passes, and fails with the note`, () => {
    pass();
    assertStringIncludes(messageOf(fail), "note");
  });
}

Deno.test("assertThrows returns what was thrown, of the class and with the text asked for", () => {
  assertEquals(assertThrows(() => raise("no room")) instanceof RangeError, true);
  assertEquals(assertThrows(() => raise("no room"), RangeError, "room").message, "no room");
  assertEquals(assertThrows(() => raise("no room"), Error).message, "no room");
  assertThrows(() => assertThrows(() => raise("no room"), TypeError), AssertionError);
  assertThrows(() => assertThrows(() => raise("no room"), RangeError, "rooms"), AssertionError);
  assertThrows(() =>
    assertThrows(() => {
      throw "a text";
    }, RangeError), AssertionError);
});

Deno.test("assertRejects resolves to the reason, of the class and with the text asked for", async () => {
  const reject = () => Promise.reject(new RangeError("no room"));
  assertEquals((await assertRejects(reject, RangeError, "room")).message, "no room");
  assertEquals(await assertRejects(() => Promise.reject(5)), 5);
  await assertRejects(() => assertRejects(reject, TypeError), AssertionError);
  await assertRejects(() => assertRejects(reject, RangeError, "rooms"), AssertionError);
  await assertRejects(() => assertRejects(() => Promise.reject("a text"), RangeError), AssertionError);
});

Deno.test("assertRejects fails where nothing rejects, and where the function throws", async () => {
  assertStringIncludes(
    (await assertRejects(() => assertRejects(() => Promise.resolve(), "note")) as Error).message,
    "note",
  );
  await assertRejects(() => assertRejects(() => raise("at once")), AssertionError);
});

Deno.test("AssertionError keeps its name and cause", () => {
  const error = new AssertionError("a", { cause: 5 });
  assertEquals([error.name, error.message, error.cause, error instanceof Error], ["AssertionError", "a", 5, true]);
});

Deno.test("assertions narrow types", () => {
  const value: unknown = new Point(1, 2);
  std.assertInstanceOf(value, Point);
  const x: number = value.x;
  const maybe = x === 1 ? "text" : undefined;
  std.assertExists(maybe);
  const text: string = maybe;
  assertEquals(text, "text");
});
