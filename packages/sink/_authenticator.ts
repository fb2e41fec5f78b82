// AUTH on the server's side: which mechanisms, and how far an exchange is (RFC 4954).
import type { Auth } from "@plausch/smtp/command";
import type * as Reply from "@plausch/smtp/reply";
import * as Sasl from "@plausch/smtp/sasl";
import * as SaslServer from "@plausch/smtp/sasl-server";
import type { TlsReport } from "@plausch/tls/tls-report";
import * as Redacted from "effect/Redacted";
import * as Replies from "./_replies.ts";
import type { Authentication } from "./authentication.ts";

/** How the connection is protected. */
export interface Security {
  readonly isSecure: boolean;
  /** What the handshake came to, if that is known. */
  readonly tls: TlsReport | undefined;
}

/** AUTH in one connection. */
export interface Authenticator {
  /** The mechanisms that may be used now. */
  mechanisms(security: Security): ReadonlyArray<Sasl.Mechanism>;
  /** Answers AUTH. */
  begin(command: Auth, security: Security): Reply.Reply;
  /** Answers a line of the exchange. */
  respond(line: string): Reply.Reply;
  /** Takes the word of another server for who the client is, if it has one: the empty string if it is nobody. */
  override(user: string | undefined): void;
  /** Forgets who it is. */
  forget(): void;
  /** Who the client is. */
  readonly user: string | undefined;
}

/** Those for users that the sink was given. */
const usual = Sasl.mechanisms.filter((mechanism) => ["Password", "Token"].includes(Sasl.takes(mechanism)));

const isMechanism = (name: string): name is Sasl.Mechanism => Sasl.mechanisms.some((mechanism) => mechanism === name);

/** Of mechanisms for passwords, those behind another are weaker. */
const isWeaker = (mechanism: Sasl.Mechanism, other: Sasl.Mechanism): boolean =>
  Sasl.takes(mechanism) === "Password" && Sasl.mechanisms.indexOf(other) < Sasl.mechanisms.indexOf(mechanism);

/** Who a client is by its certificate. */
const subject = (tls: TlsReport | undefined): string | undefined => {
  const [certificate] = tls?.verification.verified === true ? tls.chain : [];
  return certificate?.commonName ?? certificate?.subject;
};

const refusals: { readonly [R in SaslServer.ServerRefuse["reason"]]: Reply.Reply } = {
  malformed: Replies.badResponse,
  rejected: Replies.badCredentials,
  cancelled: Replies.cancelled,
};

/** Nobody has authenticated. Without options nobody can. */
export const make = (options: Authentication | undefined): Authenticator => {
  const {
    users = () => undefined,
    mechanisms: wanted = options === undefined ? [] : usual,
    allowInClear = [],
    mayActAs = () => false,
    nonce = () => crypto.randomUUID(),
  } = options ?? {};
  let exchange: SaslServer.ServerExchange | undefined;
  let user: string | undefined;

  const isSafe = (mechanism: Sasl.Mechanism, isSecure: boolean): boolean =>
    isSecure || !Sasl.givesAway(mechanism) || allowInClear.includes(mechanism);

  const mechanisms: Authenticator["mechanisms"] = ({ isSecure, tls }) =>
    wanted.filter((mechanism) =>
      isSafe(mechanism, isSecure) && (mechanism !== "EXTERNAL" || subject(tls) !== undefined)
    );

  const step = (response: string | undefined): Reply.Reply => {
    const next = exchange!.receive(response);
    if (next._tag === "Challenge") return Replies.challenge(next.text);
    exchange = undefined;
    if (next._tag === "Failure") return refusals[next.reason];
    const other = next.authorizationId ?? next.user;
    if (other !== next.user && !mayActAs(next.user, other)) return Replies.badCredentials;
    user = other;
    return Replies.authenticated;
  };

  return {
    mechanisms,
    begin: ({ mechanism, initial }, security) => {
      if (!isMechanism(mechanism)) return Replies.unknownMechanism(mechanism);
      if (!wanted.includes(mechanism)) {
        return wanted.some((other) => isWeaker(mechanism, other))
          ? Replies.weakMechanism(mechanism)
          : Replies.unknownMechanism(mechanism);
      }
      if (!isSafe(mechanism, security.isSecure)) return Replies.clearMechanism(mechanism);
      if (!mechanisms(security).includes(mechanism)) return Replies.unknownMechanism(mechanism);
      const external = subject(security.tls);
      exchange = SaslServer.server(mechanism, {
        user: users,
        nonce: nonce(),
        ...external === undefined ? {} : { external },
      });
      return step(initial === undefined ? undefined : Redacted.value(initial));
    },
    respond: step,
    override: (other) => {
      if (other !== undefined) user = other === "" ? undefined : other;
    },
    forget: () => {
      user = exchange = undefined;
    },
    get user() {
      return user;
    },
  };
};
