// AUTH on the server's side: which mechanisms, and how far an exchange is (RFC 4954).
import type { Auth } from "@plausch/smtp/command";
import type { Mechanism } from "@plausch/smtp/sasl";
import type * as Reply from "@plausch/smtp/reply";
import * as Replies from "./_replies.ts";
import type { Authentication } from "./authentication.ts";

/** AUTH in one connection. */
export interface Authenticator {
  /** The mechanisms that may be used, encrypted or not. */
  mechanisms(isSecure: boolean): ReadonlyArray<Mechanism>;
  /** Answers AUTH. */
  begin(command: Auth, isSecure: boolean): Reply.Reply;
  /** Answers a line of the exchange. */
  respond(line: string): Reply.Reply;
  /** Takes the word of another server for who the client is: the empty string if it is nobody. */
  override(user: string | undefined): void;
  /** Forgets who it is. */
  forget(): void;
  /** Who the client is. */
  readonly user: string | undefined;
}

/** Nobody has authenticated. */
export const make = (_authentication: Authentication | undefined): Authenticator => ({
  mechanisms: () => [],
  begin: () => Replies.notImplemented("AUTH"),
  respond: () => Replies.badResponse,
  override: () => {},
  forget: () => {},
  user: undefined,
});
