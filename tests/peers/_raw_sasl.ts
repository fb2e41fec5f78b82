/**
 * AUTH by hand (RFC 4954), without any of plausch: every mechanism that a peer knows, as far as a client that trusts its server
 * needs it.
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { tokenKey } from "./_peers.ts";
import type { RawSmtp } from "./_raw_smtp.ts";

const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString("base64");

/** A JSON Web Token (RFC 7519) that dovecot takes for this user, for ten minutes. */
export const token = async (user: string): Promise<string> => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: user, iat: now - 10, exp: now + 600 })}`;
  const key = Buffer.from(await readFile(tokenKey(), "utf8"), "base64");
  return `${claims}.${createHmac("sha256", key).update(claims).digest("base64url")}`;
};

/** What stands after 334 in a reply, decoded. */
const challenge = (reply: string): string => {
  if (!reply.startsWith("334 ")) throw new Error(`Expected 334, got ${JSON.stringify(reply)}`);
  return Buffer.from(reply.slice(4).trim(), "base64").toString();
};

/** RFC 5802 and 7677; the server's own proof is left unread. */
const scram = async (server: RawSmtp, mechanism: string, user: string, secret: string): Promise<string> => {
  const hash = mechanism === "SCRAM-SHA-256" ? "sha256" : "sha1";
  const hmac = (key: Uint8Array, text: string | Uint8Array) => createHmac(hash, key).update(text).digest();
  const bare = `n=${user},r=${base64(crypto.getRandomValues(new Uint8Array(12)))}`;
  const first = challenge(await server.say(`AUTH ${mechanism} ${base64(`n,,${bare}`)}`));
  const [nonce = "", salt = "", rounds = ""] = first.split(",").map((field) => field.slice(2));
  const size = hash === "sha256" ? 32 : 20;
  const salted = pbkdf2Sync(secret, Buffer.from(salt, "base64"), Number(rounds), size, hash);
  const client = hmac(salted, "Client Key");
  const withoutProof = `c=biws,r=${nonce}`;
  const signature = hmac(createHash(hash).update(client).digest(), `${bare},${first},${withoutProof}`);
  const proof = client.map((octet, at) => octet ^ signature[at]!);
  return server.say(base64(`${withoutProof},p=${base64(proof)}`));
};

/** Says AUTH, answers what the server asks, and gives its last reply. `secret` is the password or the token. */
export const authenticate = async (
  server: RawSmtp,
  mechanism: string,
  user: string,
  secret: string,
): Promise<string> => {
  const last = await begin(server, mechanism, user, secret);
  // What a server adds at the end, such as the proof of SCRAM or the reason of a failure, is acknowledged.
  return last.startsWith("334 ") ? server.say(mechanism === "OAUTHBEARER" ? base64("\u0001") : "") : last;
};

const begin = async (server: RawSmtp, mechanism: string, user: string, secret: string): Promise<string> => {
  switch (mechanism) {
    case "PLAIN":
      return server.say(`AUTH PLAIN ${base64(`\0${user}\0${secret}`)}`);
    case "LOGIN":
      await server.say("AUTH LOGIN");
      await server.say(base64(user));
      return server.say(base64(secret));
    case "CRAM-MD5": {
      const asked = challenge(await server.say("AUTH CRAM-MD5"));
      return server.say(base64(`${user} ${createHmac("md5", secret).update(asked).digest("hex")}`));
    }
    case "SCRAM-SHA-1":
    case "SCRAM-SHA-256":
      return scram(server, mechanism, user, secret);
    case "XOAUTH2":
      return server.say(`AUTH XOAUTH2 ${base64(`user=${user}\u0001auth=Bearer ${secret}\u0001\u0001`)}`);
    case "OAUTHBEARER":
      return server.say(`AUTH OAUTHBEARER ${base64(`n,a=${user},\u0001auth=Bearer ${secret}\u0001\u0001`)}`);
    case "EXTERNAL":
      return server.say("AUTH EXTERNAL =");
    case "ANONYMOUS":
      return server.say(`AUTH ANONYMOUS ${base64(user)}`);
    default:
      throw new Error(`No such mechanism: "${mechanism}"`);
  }
};
