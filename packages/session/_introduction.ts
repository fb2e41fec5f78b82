import type { Capabilities } from "@plausch/smtp/capabilities";
import type { Attribute } from "@plausch/smtp/command";
import * as Sasl from "@plausch/smtp/sasl";
import * as TlsLevel from "@plausch/tls/tls-level";
import * as Result from "effect/Result";
import type { Authentication } from "./authentication.ts";
import type { FailureReason } from "./session_error.ts";
import type { Stage } from "./stage.ts";

/** What a client wants before its first message. */
export interface Wishes {
  readonly tls: TlsLevel.TlsLevel;
  readonly auth: Authentication | undefined;
  readonly xclient: ReadonlyArray<Attribute> | undefined;
  readonly xforward: ReadonlyArray<Attribute> | undefined;
}

/** How far it has come. */
export interface Progress {
  /** What the server offers, unless EHLO is still to be said, or to be said again. */
  readonly capabilities: Capabilities | undefined;
  readonly isSecure: boolean;
  /** Whether STARTTLS was said and refused. */
  readonly isTlsRefused: boolean;
  readonly isXclientDone: boolean;
  readonly isXforwardDone: boolean;
  readonly isAuthenticated: boolean;
}

/** What comes next. */
export type Step =
  | { readonly say: "ehlo" | "starttls" | "xclient" | "xforward" | "nothing" }
  | { readonly say: "auth"; readonly mechanism: Sasl.Mechanism }
  | { readonly fail: FailureReason; readonly stage: Stage };

/**
 * What a client does between the greeting and its first message, one step at a time: EHLO, STARTTLS and EHLO again (RFC 3207
 * section 4.2), XCLIENT and EHLO again, AUTH, XFORWARD. Capabilities count only as long as the server has not been told to forget
 * who it talks to.
 */
export const next = (wishes: Wishes, progress: Progress): Step => {
  const { capabilities, isSecure } = progress;
  if (capabilities === undefined) return { say: "ehlo" };
  if (!isSecure && wishes.tls !== "none" && !progress.isTlsRefused) {
    if (capabilities.startTls) return { say: "starttls" };
    if (!TlsLevel.allowsClear(wishes.tls)) return { fail: "TlsNotOffered", stage: "ehlo" };
  }
  if (wishes.xclient !== undefined && !progress.isXclientDone) {
    return capabilities.xclient === undefined ? { fail: "XclientNotOffered", stage: "xclient" } : { say: "xclient" };
  }
  if (wishes.auth !== undefined && !progress.isAuthenticated) return authenticate(wishes.auth, capabilities, isSecure);
  if (wishes.xforward !== undefined && !progress.isXforwardDone) {
    return capabilities.xforward === undefined ? { fail: "XclientNotOffered", stage: "xforward" } : { say: "xforward" };
  }
  return { say: "nothing" };
};

const authenticate = (auth: Authentication, { auth: offered }: Capabilities, encrypted: boolean): Step => {
  const { credentials, mechanisms, allowInClear } = auth;
  const mechanism = Sasl.select({ offered, credentials, mechanisms, encrypted, allowInClear });
  return Result.isSuccess(mechanism)
    ? { say: "auth", mechanism: mechanism.success }
    : { fail: mechanism.failure, stage: "auth" };
};
