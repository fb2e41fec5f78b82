/**
 * The server halves of the SASL mechanisms, for tests and test servers: they check passwords that they hold in clear.
 *
 * A half takes what the client sends, line by line, and tells what to say: a challenge, for a 334, or the end. The time that it takes
 * does not tell how much of a secret was right. Whether somebody may act for somebody else is for the caller to
 * decide.
 *
 * @example CRAM-MD5, both halves
 * ```ts
 * import * as Sasl from "@plausch/smtp/sasl";
 * import * as SaslServer from "@plausch/smtp/sasl-server";
 * import * as Redacted from "effect/Redacted";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const password = Redacted.make("tanstaaftanstaaf");
 * const user = (name: string) => name === "tim" ? password : undefined;
 * const server = SaslServer.server("CRAM-MD5", { user, nonce: "1896.697170952@postoffice.reston.mci.net" });
 * const client = Result.getOrThrow(Sasl.client("CRAM-MD5", { _tag: "Password", user: "tim", password }, { nonce: "" }));
 *
 * const challenge = server.receive(undefined);
 * assert(challenge._tag === "Challenge");
 * const response = Redacted.value(Result.getOrThrow(client.respond(challenge.text)));
 * assertEquals(server.receive(response), { _tag: "Success", user: "tim" });
 * ```
 *
 * @module
 */
import type { Redacted } from "effect/Redacted";
import * as Base64 from "./_sasl_base64.ts";
import { cramMd5 } from "./_sasl_cram_server.ts";
import * as OAuth from "./_sasl_oauth_server.ts";
import * as Plain from "./_sasl_plain_server.ts";
import * as Scram from "./_sasl_scram_server.ts";
import { malformed, type Open, type Step, type Turn } from "./_sasl_turn.ts";
import type { Mechanism } from "./sasl.ts";

/** What a server knows. */
export interface ServerOptions {
  /**
   * The password of a user, or the token for OAUTHBEARER and XOAUTH2; undefined if there is no such user. SCRAM asks for the name as
   * SASLprep (RFC 4013) has it, the other mechanisms as it came.
   */
  readonly user: (name: string) => Redacted<string> | undefined;
  /**
   * What makes this exchange unlike any other, for SCRAM and CRAM-MD5: fresh random characters for each exchange, printable ASCII without
   * commas. CRAM-MD5 makes a message identifier of it, with a host if it has none.
   */
  readonly nonce: string;
  /** The salt for SCRAM, at least one octet. Default: the octets of the nonce. */
  readonly salt?: Uint8Array | undefined;
  /** The number of iterations for SCRAM, from 1. Default: 4096. */
  readonly iterations?: number | undefined;
  /** Who it is by other means, for EXTERNAL, such as the subject of a client certificate. Default: nobody knows. */
  readonly external?: string | undefined;
}

/** The client has to answer this. */
export interface ServerChallenge {
  readonly _tag: "Challenge";
  /** The challenge in base64, for the text of a 334; empty where the client is to begin. */
  readonly text: string;
}

/** The client has proved who it is: 235. */
export interface ServerAccept {
  readonly _tag: "Success";
  /** Who it is; `anonymous` with ANONYMOUS. */
  readonly user: string;
  /** As whom it wants to act. Left out if it did not say so. */
  readonly authorizationId?: string;
  /** What an anonymous client left for the log. */
  readonly trace?: string;
}

/** The client has not: 501 if what it sent is `malformed` or it `cancelled` (RFC 4954 section 4), 535 if it is `rejected`. */
export interface ServerRefuse {
  readonly _tag: "Failure";
  /** Whether what it sent makes no sense, is wrong, or is `*`. */
  readonly reason: "malformed" | "rejected" | "cancelled";
}

/** What to say to what was received. */
export type ServerStep = ServerChallenge | ServerAccept | ServerRefuse;

/** The server's half of one exchange. */
export interface ServerExchange {
  /**
   * What to say to the response that came along with AUTH, undefined if none did, and then to each line of the client. Responses are
   * base64, `=` for an empty one along with AUTH, and `*` to cancel. When the exchange is over, everything is `malformed`.
   */
  receive(response: string | undefined): ServerStep;
}

const opens: Readonly<Record<Mechanism, Open>> = {
  "SCRAM-SHA-256": Scram.server("SCRAM-SHA-256"),
  "SCRAM-SHA-1": Scram.server("SCRAM-SHA-1"),
  "CRAM-MD5": cramMd5,
  PLAIN: Plain.plain,
  LOGIN: Plain.login,
  OAUTHBEARER: OAuth.oauthBearer,
  XOAUTH2: OAuth.xoauth2,
  EXTERNAL: Plain.external,
  ANONYMOUS: Plain.anonymous,
};

const over: Step = () => malformed;

/**
 * The server's half of a new exchange.
 *
 * @example LOGIN asks twice
 * ```ts
 * import * as SaslServer from "@plausch/smtp/sasl-server";
 * import * as Redacted from "effect/Redacted";
 * import { assertEquals } from "@std/assert";
 *
 * const user = () => Redacted.make("tanstaaftanstaaf");
 * const server = SaslServer.server("LOGIN", { user, nonce: "" });
 * assertEquals(server.receive(undefined), { _tag: "Challenge", text: btoa("Username:") });
 * assertEquals(server.receive(btoa("tim")), { _tag: "Challenge", text: btoa("Password:") });
 * assertEquals(server.receive(btoa("guess")), { _tag: "Failure", reason: "rejected" });
 * ```
 */
export const server = (mechanism: Mechanism, options: ServerOptions): ServerExchange => {
  const open = opens[mechanism](options);
  let next: Step | undefined;

  const read = (response: string | undefined): Turn => {
    if (response === "*") return { _tag: "Failure", reason: "cancelled" };
    if (response === undefined) return next === undefined ? open(undefined) : malformed;
    const isEmpty = next === undefined && response === "=";
    const text = isEmpty ? "" : Base64.decode(response);
    return text === undefined ? malformed : (next ?? open)(text);
  };

  return {
    receive: (response) => {
      const turn = read(response);
      next = turn._tag === "Ask" ? turn.next : over;
      return turn._tag === "Ask" ? { _tag: "Challenge", text: Base64.encode(turn.challenge) } : turn;
    },
  };
};
