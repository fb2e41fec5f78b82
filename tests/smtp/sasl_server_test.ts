import * as Sasl from "@plausch/smtp/sasl";
import * as SaslServer from "@plausch/smtp/sasl-server";
import { assertEquals } from "@std/assert";
import * as Redacted from "effect/Redacted";
import { base64, client, converse, password, token } from "./_sasl.ts";

const users: Readonly<Record<string, string>> = { tim: "tanstaaftanstaaf", "u@c.test": "ya29.token", "": "" };
const user = (name: string) => Object.hasOwn(users, name) ? Redacted.make(users[name]!) : undefined;

const serve = (mechanism: Sasl.Mechanism, options?: Partial<SaslServer.ServerOptions>) =>
  SaslServer.server(mechanism, { user, nonce: "1896.697170952@postoffice.reston.mci.net", ...options });

const malformed = { _tag: "Failure", reason: "malformed" } as const;
const rejected = { _tag: "Failure", reason: "rejected" } as const;
const challenge = (text: string) => ({ _tag: "Challenge", text: base64(text) }) as const;
const tim = { _tag: "Success", user: "tim" } as const;

/** What a server says to these responses, in clear, one after the other. */
const talk = (server: SaslServer.ServerExchange, ...responses: ReadonlyArray<string | undefined>) =>
  responses.map((response) => server.receive(response === undefined ? undefined : base64(response))).at(-1);

Deno.test("PLAIN is three parts, of which the last two are not empty", () => {
  assertEquals(talk(serve("PLAIN"), "\0tim\0tanstaaftanstaaf"), tim);
  assertEquals(talk(serve("PLAIN"), "Ursel\0tim\0tanstaaftanstaaf"), { ...tim, authorizationId: "Ursel" });
  assertEquals(serve("PLAIN").receive(undefined), challenge(""));
  assertEquals(talk(serve("PLAIN"), undefined, "\0tim\0tanstaaftanstaaf"), tim);
  for (const response of ["\0tim\0wrong", "\0Tim\0tanstaaftanstaaf", "\0nobody\0tanstaaftanstaaf", "\0nobody\0x"]) {
    assertEquals(talk(serve("PLAIN"), response), rejected, response);
  }
  for (
    const response of ["", "tim", "tim\0p", "\0tim\0", "\0\0p", "\0\0", "\0tim\0p\0", "a\nb\0tim\0tanstaaftanstaaf"]
  ) {
    assertEquals(talk(serve("PLAIN"), response), malformed, JSON.stringify(response));
  }
});

Deno.test("LOGIN asks for the name, unless it came along, and for the password", () => {
  assertEquals(serve("LOGIN").receive(undefined), challenge("Username:"));
  assertEquals(talk(serve("LOGIN"), undefined, "tim"), challenge("Password:"));
  assertEquals(talk(serve("LOGIN"), undefined, "tim", "tanstaaftanstaaf"), tim);
  assertEquals(talk(serve("LOGIN"), "tim", "tanstaaftanstaaf"), tim);
  assertEquals(talk(serve("LOGIN"), "tim", "wrong"), rejected);
  assertEquals(talk(serve("LOGIN"), "nobody", ""), rejected);
  // Somebody who has no name and no password is nobody whom PLAIN could let in
  assertEquals(talk(serve("LOGIN"), "", ""), malformed);
});

Deno.test("CRAM-MD5 is the example of RFC 2195, and speaks first", () => {
  const digest = "b913a602c7eda7a495b4e6e7334d3890";
  assertEquals(serve("CRAM-MD5").receive(undefined), challenge("<1896.697170952@postoffice.reston.mci.net>"));
  assertEquals(serve("CRAM-MD5", { nonce: "abc" }).receive(undefined), challenge("<abc@localhost>"));
  assertEquals(talk(serve("CRAM-MD5"), undefined, `tim ${digest}`), tim);
  assertEquals(talk(serve("CRAM-MD5"), undefined, `tim ${digest.replace("b", "c")}`), rejected);
  assertEquals(talk(serve("CRAM-MD5"), undefined, `nobody ${digest}`), rejected);
  for (const response of ["", "tim", `tim ${digest}0`, `tim${digest}`, ` ${digest}`, `tim ${digest.toUpperCase()}`]) {
    assertEquals(talk(serve("CRAM-MD5"), undefined, response), malformed, response);
  }
  assertEquals(talk(serve("CRAM-MD5"), `tim ${digest}`), malformed);
});

Deno.test("OAUTHBEARER is the example of RFC 7628, and tells why before it refuses", () => {
  const response = (text: string) => talk(serve("OAUTHBEARER"), text.replaceAll("^", "\x01"));
  const success = { _tag: "Success", user: "u@c.test" } as const;
  assertEquals(response("n,a=u@c.test,^host=server.example.com^port=587^auth=Bearer ya29.token^^"), success);
  assertEquals(response("y,a=u@c.test,^auth=bearer  ya29.token^later=x^^"), success);
  const report = challenge('{"status":"invalid_token"}');
  assertEquals(response("n,a=u@c.test,^auth=Bearer other^^"), report);
  assertEquals(response("n,a=nobody,^auth=Bearer ya29.token^^"), report);
  assertEquals(talk(serve("OAUTHBEARER"), "n,a=tim,\x01auth=Bearer x\x01\x01", "\x01"), rejected);
  for (
    const text of [
      "",
      "^",
      "n,a=u@c.test,^auth=Bearer ya29.token^",
      "n,a=u@c.test,^auth=Bearer ya29.token",
      "n,,^auth=Bearer ya29.token^^",
      "n,a=,^auth=Bearer ya29.token^^",
      "n,a=u=c,^auth=Bearer ya29.token^^",
      "n,u=u@c.test,^auth=Bearer ya29.token^^",
      "p=tls-unique,a=u@c.test,^auth=Bearer ya29.token^^",
      "n,a=u@c.test,^auth=Basic ya29.token^^",
      "n,a=u@c.test,^auth=^^",
      "n,a=u@c.test,^^",
      "n,a=u@c.test,^noise^auth=Bearer ya29.token^^",
      "user=u@c.test^auth=Bearer ya29.token^^",
    ]
  ) {
    assertEquals(response(text), malformed, text);
  }
});

Deno.test("XOAUTH2 is a name and a token, and tells why before it refuses", () => {
  const response = (text: string) => talk(serve("XOAUTH2"), text.replaceAll("^", "\x01"));
  assertEquals(response("user=u@c.test^auth=Bearer ya29.token^^"), { _tag: "Success", user: "u@c.test" });
  assertEquals(response("user=u@c.test^auth=Bearer x^^"), challenge('{"status":"400","schemes":"Bearer"}'));
  assertEquals(talk(serve("XOAUTH2"), "user=tim\x01auth=Bearer x\x01\x01", ""), rejected);
  for (
    const text of [
      "",
      "user=^auth=Bearer x^^",
      "user=u@c.test^auth=Bearer ya29.token^",
      "n,a=u@c.test,^auth=Bearer x^^",
    ]
  ) {
    assertEquals(response(text), malformed, text);
  }
});

Deno.test("EXTERNAL lets in whom the server knows by other means", () => {
  assertEquals(serve("EXTERNAL", { external: "tim" }).receive("="), tim);
  assertEquals(talk(serve("EXTERNAL", { external: "tim" }), undefined, ""), tim);
  assertEquals(talk(serve("EXTERNAL", { external: "tim" }), "fred"), { ...tim, authorizationId: "fred" });
  assertEquals(talk(serve("EXTERNAL", { external: "tim" }), "fr\0ed"), malformed);
  assertEquals(serve("EXTERNAL").receive("="), rejected);
});

Deno.test("ANONYMOUS lets in everybody who leaves nothing odd", () => {
  assertEquals(talk(serve("ANONYMOUS"), "sirhc"), { _tag: "Success", user: "anonymous", trace: "sirhc" });
  assertEquals(serve("ANONYMOUS").receive("="), { _tag: "Success", user: "anonymous", trace: "" });
  assertEquals(talk(serve("ANONYMOUS"), "a\x1b[2Jb"), malformed);
});

Deno.test("every exchange can be cancelled, and takes base64 alone", () => {
  for (const mechanism of Sasl.mechanisms) {
    const cancelled = { _tag: "Failure", reason: "cancelled" } as const;
    const waiting = () => {
      const server = serve(mechanism);
      assertEquals(server.receive(undefined)._tag, "Challenge", mechanism);
      return server;
    };
    assertEquals(waiting().receive("*"), cancelled, mechanism);
    assertEquals(serve(mechanism).receive("*"), cancelled, mechanism);
    for (const line of ["not base64", "dGlt=", "dGl", "dGlt dGlt", "**"]) {
      assertEquals(waiting().receive(line), malformed, `${mechanism} ${line}`);
      assertEquals(serve(mechanism).receive(line), malformed, `${mechanism} ${line}`);
    }
    // An empty response is "=" along with AUTH, and nowhere else
    assertEquals(waiting().receive("="), malformed, mechanism);
    assertEquals(waiting().receive(undefined), malformed, mechanism);
  }
});

Deno.test("an exchange that is over stays so", () => {
  const plain = base64("\0tim\0tanstaaftanstaaf");
  const server = serve("PLAIN");
  assertEquals([server.receive(plain), server.receive(plain)], [tim, malformed]);
  const failed = serve("PLAIN");
  assertEquals([failed.receive(base64("\0tim\0x")), failed.receive(plain)], [rejected, malformed]);
  const cancelled = serve("PLAIN");
  cancelled.receive("*");
  assertEquals(cancelled.receive(plain), malformed);
});

Deno.test("each mechanism lets in with a response along with AUTH, and with one on a line of its own", () => {
  for (const mechanism of Sasl.mechanisms) {
    const credentials: Sasl.Credentials = mechanism === "EXTERNAL"
      ? { _tag: "External" }
      : mechanism === "ANONYMOUS"
      ? { _tag: "Anonymous" }
      : mechanism === "OAUTHBEARER" || mechanism === "XOAUTH2"
      ? token("u@c.test", "ya29.token")
      : password("tim", "tanstaaftanstaaf");
    for (const withInitial of [true, false]) {
      const server = serve(mechanism, { external: "tim" });
      assertEquals(converse(client(mechanism, credentials), server, withInitial).end._tag, "Success", mechanism);
    }
  }
});
