/**
 * What to do about an extension that a message asks for and the server does not offer.
 *
 * @example Priorities may get lost, delivery reports may not
 * ```ts
 * import * as ExtensionPolicy from "@plausch/session/extension-policy";
 * import { assertEquals } from "@std/assert";
 *
 * const policy = ExtensionPolicy.make({ "MT-PRIORITY": "drop" });
 * assertEquals([policy["MT-PRIORITY"], policy.DSN], ["drop", "fail"]);
 * ```
 *
 * @module
 */

/** An extension that a message or its sender can ask for. */
export type Extension =
  | "8BITMIME"
  | "SMTPUTF8"
  | "BINARYMIME"
  | "CHUNKING"
  | "PIPELINING"
  | "DSN"
  | "REQUIRETLS"
  | "DELIVERBY"
  | "FUTURERELEASE"
  | "MT-PRIORITY"
  | "AUTH";

/**
 * - `fail`: the recipients are refused here, before a byte of the transaction is sent.
 * - `drop`: the message goes without it, as if it had not been asked for.
 * - `downgrade`: the nearest thing that the server does offer is done instead; where there is none, as `fail`.
 *
 * What `downgrade` does: CHUNKING becomes DATA; PIPELINING becomes one command at a time; BINARYMIME becomes 8BITMIME, or 7BIT, if
 * the message allows it; DELIVERBY is left out if it only asks to be told (mode N, RFC 2852 section 4.1).
 */
export type Action = "fail" | "drop" | "downgrade";

/** An action for each extension. */
export type ExtensionPolicy = { readonly [E in Extension]: Action };

/** Something that was asked for and not offered, and what was done about it. */
export interface Adaptation {
  /** What was asked for. */
  readonly extension: Extension;
  /** What was done. */
  readonly action: "drop" | "downgrade";
}

/** The default: CHUNKING, PIPELINING and BINARYMIME are downgraded, all else fails. */
export const defaults: ExtensionPolicy = {
  "8BITMIME": "fail",
  SMTPUTF8: "fail",
  BINARYMIME: "downgrade",
  CHUNKING: "downgrade",
  PIPELINING: "downgrade",
  DSN: "fail",
  REQUIRETLS: "fail",
  DELIVERBY: "fail",
  FUTURERELEASE: "fail",
  "MT-PRIORITY": "fail",
  AUTH: "drop",
};

/**
 * The defaults with some actions changed.
 *
 * @example
 * ```ts
 * import * as ExtensionPolicy from "@plausch/session/extension-policy";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ExtensionPolicy.make({}), ExtensionPolicy.defaults);
 * ```
 */
export const make = (actions: { readonly [E in Extension]?: Action | undefined }): ExtensionPolicy => {
  const policy = { ...defaults };
  for (const [extension, action] of Object.entries(actions)) {
    if (action !== undefined) policy[extension as Extension] = action;
  }
  return policy;
};

/**
 * One action for everything, as a command line gives it.
 *
 * @example
 * ```ts
 * import * as ExtensionPolicy from "@plausch/session/extension-policy";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ExtensionPolicy.all("drop").REQUIRETLS, "drop");
 * ```
 */
export const all = (action: Action): ExtensionPolicy => {
  const policy: Record<string, Action> = {};
  for (const extension of Object.keys(defaults)) policy[extension] = action;
  return policy as ExtensionPolicy;
};
