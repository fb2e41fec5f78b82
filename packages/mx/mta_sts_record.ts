/**
 * The TXT record at `_mta-sts` that says: there is an MTA-STS policy, and this is its version (RFC 8461 section 3.1).
 *
 * @example
 * ```ts
 * import * as MtaStsRecord from "@plausch/mx/mta-sts-record";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const record = MtaStsRecord.parse("example.org", "v=STSv1; id=20160831085700Z;");
 * assertEquals(record, Result.succeed({ id: "20160831085700Z" }));
 * ```
 *
 * @module
 */
import { quote } from "@plausch/dns/printable";
import * as Result from "effect/Result";
import { MtaStsError } from "./mta_sts_error.ts";

/** What the record says. */
export interface MtaStsRecord {
  /** The version of the policy: 1 to 32 letters and digits. Another one means that the policy may be another. */
  readonly id: string;
}

/**
 * The name of the record of a policy domain.
 *
 * @example
 * ```ts
 * import * as MtaStsRecord from "@plausch/mx/mta-sts-record";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(MtaStsRecord.ownerName("example.org"), "_mta-sts.example.org");
 * ```
 */
export const ownerName = (domain: string): string => `_mta-sts.${domain}`;

// What `select` keeps: white space may stand before the semicolon, which ends the version.
const isMtaSts = (text: string): boolean => /^v=STSv1[ \t]*;/.test(text);

const field = /^([A-Za-z0-9][\w.-]{0,31})=([\x21-\x3a\x3c\x3e-\x7e]+)$/;

/**
 * Reads the text of one record, its strings joined. Fields that are not known are passed over; of a field that stands
 * twice the first counts. Fails with `BadRecord`.
 *
 * @example
 * ```ts
 * import * as MtaStsRecord from "@plausch/mx/mta-sts-record";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const read = (text: string) => MtaStsRecord.parse("example.org", text);
 * assertEquals(read("v=STSv1; later=more; id=7"), Result.succeed({ id: "7" }));
 * assert(Result.isFailure(read("v=STSv1 id 1")));
 * ```
 */
export const parse = (domain: string, text: string): Result.Result<MtaStsRecord, MtaStsError> => {
  const fail = (detail: string) => Result.fail(new MtaStsError({ reason: "BadRecord", domain, detail }));
  if (!isMtaSts(text)) return fail(`it does not begin with "v=STSv1;": ${quote(text)}`);
  const [, ...parts] = text.split(/[ \t]*;[ \t]*/);
  if (parts.at(-1) === "") parts.pop();
  let id: string | undefined;
  for (const part of parts) {
    const [, name, value] = field.exec(part) ?? [];
    if (name === undefined) return fail(`${quote(part)} is no field like name=value`);
    if (name === "id") id ??= value;
  }
  if (id === undefined) return fail(`it has no id: ${quote(text)}`);
  if (!/^[A-Za-z0-9]{1,32}$/.test(id)) return fail(`the id ${quote(id)} is not 1 to 32 letters and digits`);
  return Result.succeed({ id });
};

/**
 * The one record among the texts found at the name. `undefined`: none of them is about MTA-STS. Fails with
 * `SeveralRecords`, and with `BadRecord`: then the domain counts as one that has no policy.
 *
 * @example
 * ```ts
 * import * as MtaStsRecord from "@plausch/mx/mta-sts-record";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const select = (...texts: Array<string>) => MtaStsRecord.select("example.org", texts);
 * assertEquals(select("hello", "v=STSv1; id=1"), Result.succeed({ id: "1" }));
 * assertEquals(select("hello"), Result.succeed(undefined));
 * assertEquals(Result.getOrThrow(Result.flip(select("v=STSv1; id=1", "v=STSv1; id=2"))).reason, "SeveralRecords");
 * ```
 */
export const select = (
  domain: string,
  texts: ReadonlyArray<string>,
): Result.Result<MtaStsRecord | undefined, MtaStsError> => {
  const [first, ...others] = texts.filter(isMtaSts);
  if (others.length > 0) return Result.fail(new MtaStsError({ reason: "SeveralRecords", domain }));
  if (first !== undefined) return parse(domain, first);
  // Not one of ours by the letter, but somebody has tried.
  const attempt = texts.find((text) => /^\s*v\s*=\s*sts/i.test(text));
  return attempt === undefined ? Result.succeed(undefined) : parse(domain, attempt);
};
