import * as Sasl from "@plausch/smtp/sasl";
import * as SaslServer from "@plausch/smtp/sasl-server";
import * as Saslprep from "@plausch/smtp/saslprep";
import { assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { anyOf, oneOf, optional } from "./_arbitrary.ts";
import { clear, client, converse, initial, token } from "./_sasl.ts";

const joined = (pieces: ReadonlyArray<string>, maxLength: number) =>
  Arbitrary.map(Arbitrary.array(oneOf(pieces), { minLength: 1, maxLength }), (parts) => parts.join(""));

const ascii = Array.from({ length: 0x5f }, (_, at) => String.fromCharCode(0x20 + at));
const international = ["é", "e\u0301", "ß", "用", "😀", "\u00a0", "\u00ad", "\u2168", "ﬁ", "Ω", "א"];
const names = anyOf(joined(ascii, 12), joined([...ascii, ...international], 12), joined(["=", ",", "=2C", "=3D"], 6));
const secrets = anyOf(names, joined([...ascii, ...international, "\udcff", "\r", "\n", "\t", "\x7f"], 12));
const tokens = joined(ascii.slice(1), 40);

const byPassword = oneOf(["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"] as const);
const byToken = oneOf(["OAUTHBEARER", "XOAUTH2"] as const);
const nonces = joined(ascii.slice(1).filter((char) => char !== ","), 20);
const actsForOthers = (mechanism: Sasl.Mechanism) => mechanism !== "LOGIN" && mechanism !== "CRAM-MD5";

const cheap = { minIterations: 1 };
const options = { runs: 1500, seed: "plausch" };

/** The server asks SCRAM clients for less than it should, to be done sooner. */
const serve = (mechanism: Sasl.Mechanism, nonce: string, user: SaslServer.ServerOptions["user"]) =>
  SaslServer.server(mechanism, { nonce, user, iterations: 3 });

property(
  "client and server agree about whoever has the right password",
  Arbitrary.all({
    mechanism: byPassword,
    user: names,
    secret: secrets,
    actAs: optional(names),
    nonces: Arbitrary.all([nonces, nonces]),
    withInitial: oneOf([true, false]),
  }),
  ({ mechanism, user, secret, actAs, nonces: [ours, theirs], withInitial }) => {
    const authorizationId = actsForOthers(mechanism) ? actAs : undefined;
    const credentials = { _tag: "Password", user, password: Redacted.make(secret), authorizationId } as const;
    const begun = Sasl.client(mechanism, credentials, { nonce: ours, ...cheap });
    const isScram = mechanism.startsWith("SCRAM");
    const name = isScram ? Saslprep.prepare(user, "query") : user;
    if (Result.isFailure(begun)) return begun.failure.reason === "UnpreparedName" && name === undefined;
    const server = serve(mechanism, theirs, (asked) => asked === name ? credentials.password : undefined);
    const { end } = converse(begun.success, server, withInitial);
    assertEquals(end, {
      _tag: "Success",
      user: name!,
      ...(authorizationId === undefined ? {} : { authorizationId }),
    });
    return true;
  },
  options,
);

property(
  "another password is rejected, and so is another user",
  Arbitrary.all({
    mechanism: byPassword,
    secret: secrets,
    other: secrets,
    isKnown: oneOf([true, false]),
    withInitial: oneOf([true, false]),
  }),
  ({ mechanism, secret, other, isKnown, withInitial }) => {
    const form = mechanism === "CRAM-MD5" ? (text: string) => text : Saslprep.preparePassword;
    const credentials = { _tag: "Password", user: "tim", password: Redacted.make(secret) } as const;
    const server = serve(mechanism, "s", () => isKnown ? Redacted.make(other) : undefined);
    const { end } = converse(client(mechanism, credentials, cheap), server, withInitial);
    const isRight = isKnown && form(secret) === form(other);
    assertEquals(end, isRight ? { _tag: "Success", user: "tim" } : { _tag: "Failure", reason: "rejected" });
    return true;
  },
  options,
);

property(
  "a token lets in whose it is, and nobody else",
  Arbitrary.all({ mechanism: byToken, user: names, secret: tokens, other: tokens, withInitial: oneOf([true, false]) }),
  ({ mechanism, user, secret, other, withInitial }) => {
    const end = (held: string, name: string) => {
      const server = serve(mechanism, "s", (asked) => asked === name ? Redacted.make(held) : undefined);
      return converse(client(mechanism, token(user, secret)), server, withInitial).end;
    };
    const rejected = { _tag: "Failure", reason: "rejected" } as const;
    assertEquals(end(secret, user), { _tag: "Success", user });
    assertEquals(end(other, user), other === secret ? { _tag: "Success", user } : rejected);
    assertEquals(end(secret, `${user}x`), rejected);
    return true;
  },
);

property(
  "every message of a SCRAM exchange that is changed on its way is found out",
  Arbitrary.all({
    mechanism: oneOf(["SCRAM-SHA-256", "SCRAM-SHA-1"] as const),
    message: oneOf([0, 1, 2, 3]),
    at: oneOf(Array.from({ length: 80 }, (_, at) => at)),
    to: oneOf([...'aZ09,=+/"', "\0", "é", ""]),
  }),
  ({ mechanism, message, at, to }) => {
    const server = serve(mechanism, "servernonce", () => Redacted.make("pencil"));
    const exchange = client(mechanism, { _tag: "Password", user: "user", password: Redacted.make("pencil") }, cheap);
    let sent = 0;
    let isChanged = false;
    const forge = (text: string): string => {
      if (sent++ !== message) return text;
      const place = at % text.length;
      // The last character before the padding has bits that mean nothing
      if (/^.=*$/s.test(text.slice(place))) return text;
      const forged = text.slice(0, place) + to + text.slice(place + 1);
      isChanged = forged !== text;
      return forged;
    };
    const encode = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
    let line = forge(initial(exchange)!);
    for (let turn = 0; turn < 2; turn++) {
      const step = server.receive(encode(line));
      if (step._tag !== "Challenge") return isChanged;
      const response = exchange.respond(encode(forge(clear(step.text))));
      if (Result.isFailure(response)) return isChanged;
      line = clear(Redacted.value(response.success));
      if (turn === 0) line = forge(line);
    }
    return !isChanged && server.receive("")._tag === "Success" && Result.isSuccess(exchange.finish());
  },
  options,
);
