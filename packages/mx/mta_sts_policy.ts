/**
 * The MTA-STS policy of a domain: which hosts take its mail, and how sure a sender must be of them (RFC 8461 section 3.2).
 *
 * @example
 * ```ts
 * import * as MtaStsPolicy from "@plausch/mx/mta-sts-policy";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const text = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\n";
 * const policy = Result.getOrThrow(MtaStsPolicy.parse("example.org", text));
 * assertEquals(policy, { mode: "enforce", maxAge: 604800, mx: ["mail.example.org", "*.example.net"] });
 * assert(MtaStsPolicy.matches(policy, "MX1.example.net"));
 * assert(!MtaStsPolicy.matches(policy, "mx1.eu.example.net"));
 * ```
 *
 * @module
 */
import * as Name from "@plausch/dns/name";
import { quote } from "@plausch/dns/printable";
import * as Result from "effect/Result";
import { MtaStsError } from "./mta_sts_error.ts";

/**
 * What a sender does about a host that the policy does not name, or whose certificate is not valid for it.
 *
 * - `enforce`: it does not get the mail.
 * - `testing`: it gets the mail, and the failure is reported.
 * - `none`: as if there were no policy.
 */
export type MtaStsMode = "enforce" | "testing" | "none";

/** A policy. */
export interface MtaStsPolicy {
  /** What a failure means. */
  readonly mode: MtaStsMode;
  /** For how many seconds the policy may be kept, 0 to 31,557,600 (a year). */
  readonly maxAge: number;
  /** The hosts, in lower case: a name, or `*.` and a name, which stands for any one label before it. */
  readonly mx: ReadonlyArray<string>;
}

/** The most octets that a policy may have: 64 KiB (RFC 8461 section 3.3). */
export const maxOctets = 65_536;

/** The most seconds for which a policy may be kept. */
const longestAge = 31_557_600;

/** Key and value of a line; `undefined` where it is none. In steps, since one expression for it all goes back and forth. */
const readLine = (line: string): readonly [key: string, value: string] | undefined => {
  const key = /^[A-Za-z0-9][\w.-]{0,31}(?=:)/.exec(line)?.[0];
  if (key === undefined) return undefined;
  const value = line.slice(key.length + 1).trim();
  // deno-lint-ignore no-control-regex
  return /[\x00-\x08\x0a-\x1f\x7f]/.test(value) ? undefined : [key, value];
};

const isHost = (name: string): boolean => Name.isHostName(name) && !name.includes("_");

/**
 * Reads a policy. Lines end with LF or CRLF. Keys that are not known are passed over; of a key that stands twice the first
 * counts, but for `mx`. An empty line, which the grammar does not have and people write, is passed over too. Fails with
 * `BadPolicy`, and says what is wrong.
 *
 * @example
 * ```ts
 * import * as MtaStsPolicy from "@plausch/mx/mta-sts-policy";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const detail = (text: string) => Result.getOrThrow(Result.flip(MtaStsPolicy.parse("example.org", text))).detail;
 * assertEquals(detail("mode: enforce\nmax_age: 1\nmx: a.example"), "it has no version");
 * assertEquals(
 *   detail("version: STSv1\nmode: enforce\nmax_age: 1"),
 *   "it names no mx, and only the mode none does without",
 * );
 * ```
 */
export const parse = (domain: string, text: string): Result.Result<MtaStsPolicy, MtaStsError> => {
  const fail = (detail: string) => Result.fail(new MtaStsError({ reason: "BadPolicy", domain, detail }));
  const fields = new Map<string, string>();
  const mx: Array<string> = [];
  for (const one of text.split(/\r?\n/)) {
    if (one.trim() === "") continue;
    const read = readLine(one);
    if (read === undefined) return fail(`${quote(one)} is no line like "key: value"`);
    const [key, value] = read;
    if (key === "mx") mx.push(value.toLowerCase());
    else if (!fields.has(key)) fields.set(key, value);
  }
  for (const key of ["version", "mode", "max_age"]) if (!fields.has(key)) return fail(`it has no ${key}`);
  const version = fields.get("version")!;
  const mode = fields.get("mode")!;
  const age = fields.get("max_age")!;
  if (version !== "STSv1") return fail(`the version ${quote(version)} is not STSv1`);
  if (mode !== "enforce" && mode !== "testing" && mode !== "none") {
    return fail(`the mode ${quote(mode)} is not enforce, testing or none`);
  }
  if (!/^\d{1,10}$/.test(age) || Number(age) > longestAge) {
    return fail(`the max_age ${quote(age)} is not a number of seconds up to ${longestAge}`);
  }
  const bad = mx.find((pattern) => !isHost(pattern.replace(/^\*\./, "")));
  if (bad !== undefined) return fail(`the mx ${quote(bad)} is not a host, nor "*." and a host`);
  if (mx.length === 0 && mode !== "none") return fail("it names no mx, and only the mode none does without");
  return Result.succeed({ mode, maxAge: Number(age), mx });
};

/**
 * The lines of a policy without their ends, as a report quotes them (RFC 8460 section 4.4). The inverse of
 * {@linkcode parse}, but for what that passes over.
 *
 * @example
 * ```ts
 * import * as MtaStsPolicy from "@plausch/mx/mta-sts-policy";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(MtaStsPolicy.lines({ mode: "testing", maxAge: 86400, mx: ["*.example.org"] }), [
 *   "version: STSv1", "mode: testing", "mx: *.example.org", "max_age: 86400",
 * ]);
 * ```
 */
export const lines = ({ mode, maxAge, mx }: MtaStsPolicy): ReadonlyArray<string> => [
  "version: STSv1",
  `mode: ${mode}`,
  ...mx.map((pattern) => `mx: ${pattern}`),
  `max_age: ${maxAge}`,
];

/**
 * Whether the policy names a mail exchanger (RFC 8461 section 4.1). Case does not matter, and a wildcard stands for exactly
 * one label.
 *
 * @example
 * ```ts
 * import * as MtaStsPolicy from "@plausch/mx/mta-sts-policy";
 * import { assert } from "@std/assert";
 *
 * const policy = { mode: "enforce", maxAge: 86400, mx: ["*.example.org"] } as const;
 * assert(MtaStsPolicy.matches(policy, "mail.example.org"));
 * assert(!MtaStsPolicy.matches(policy, "example.org"));
 * ```
 */
export const matches = ({ mx }: MtaStsPolicy, host: string): boolean => {
  const name = Name.key(host);
  return mx.some((pattern) => pattern.startsWith("*.") ? Name.parent(name) === pattern.slice(2) : name === pattern);
};
