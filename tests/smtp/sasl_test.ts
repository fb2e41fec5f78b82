import * as Octets from "@plausch/smtp/octets";
import * as Sasl from "@plausch/smtp/sasl";
import { assert, assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { anyText } from "./_arbitrary.ts";

const plain = (user: string, password: string, authorizationId?: string) =>
  Sasl.plain({ user, password: Redacted.make(password), authorizationId });
const fault = (result: Result.Result<unknown, { readonly reason: string }>) => Result.getOrThrow(Result.flip(result));

Deno.test("the examples of RFC 4616 and of the LOGIN draft", () => {
  const text = (result: ReturnType<typeof plain>) => atob(Redacted.value(Result.getOrThrow(result)));
  assertEquals(text(plain("tim", "tanstaaftanstaaf")), "\0tim\0tanstaaftanstaaf");
  assertEquals(text(plain("Kurt", "xipj3plmq", "Ursel")), "Ursel\0Kurt\0xipj3plmq");
  const login = Result.getOrThrow(Sasl.login({ user: "tim", password: Redacted.make("tanstaaftanstaaf") }));
  assertEquals(Redacted.value(login.user), "dGlt");
  assertEquals(Redacted.value(login.password), "dGFuc3RhYWZ0YW5zdGFhZg==");
});

Deno.test("texts are UTF-8, and octets that are none stay what they are", () => {
  const response = Redacted.value(Result.getOrThrow(plain("jürgen", "p\udcffw")));
  const octets = Uint8Array.from(atob(response), (char) => char.charCodeAt(0));
  assertEquals(octets, Octets.encode("\0jürgen\0p\udcffw"));
});

Deno.test("what PLAIN cannot carry is refused, and so is what no name should hold", () => {
  assertEquals(fault(plain("", "p")).reason, "EmptyName");
  assertEquals(fault(plain("u", "")).reason, "EmptyPassword");
  assertEquals(fault(plain("u\0v", "p")).reason, "NulInPlain");
  assertEquals(fault(plain("u\rv", "p")).reason, "ControlCharacter");
  assertEquals(fault(plain("u\u009bv", "p")).reason, "ControlCharacter");
  assertEquals(fault(plain("u\udcff", "p")).reason, "BadUtf8");
  assertEquals(fault(plain("u", "p\0q")).reason, "NulInPlain");
  assertEquals(fault(plain("u", "p", "a\0b")).reason, "NulInPlain");
  assertEquals(fault(plain("u", "p", "")).reason, "EmptyName");
  const login = (user: string, password: string) =>
    fault(Sasl.login({ user, password: Redacted.make(password) })).reason;
  assertEquals([login("u\n", "p"), login("", "p"), login("u", "")], ["ControlCharacter", "EmptyName", "EmptyPassword"]);
});

Deno.test("nothing prints a secret", () => {
  const login = Sasl.login({ user: "user", password: Redacted.make("hunter2") });
  for (const value of [plain("user", "hunter2"), login, plain("user", "hunter2\0"), plain("user\0", "hunter2")]) {
    const shown = [JSON.stringify(value), String(value), Deno.inspect(value, { depth: 9 })].join("\n");
    for (const secret of ["hunter2", btoa("hunter2"), btoa("\0user\0hunter2")]) assert(!shown.includes(secret), shown);
  }
});

property("what is encoded decodes to its three parts", Arbitrary.all([anyText, anyText]), ([user, password]) => {
  const response = plain(user, password);
  if (Result.isFailure(response)) return true;
  const octets = Uint8Array.from(atob(Redacted.value(response.success)), (char) => char.charCodeAt(0));
  assertEquals(octets.filter((octet) => octet === 0).length, 2);
  assertEquals(octets, Octets.encode(`\0${user}\0${password}`));
  return true;
});
