import { charsetFault, isAscii, isControl, isLetDig } from "./_characters.ts";
import { isDateTime } from "./_date_time.ts";
import { isAtom, isDeliverBy, isNotifyList, isSubmitter, maxEnvid, maxOrcpt } from "./_parameter_writer.ts";
import { fault, type Source } from "./_source.ts";
import { isUtf8Type, readUtf8Address } from "./_utf8_address.ts";
import { readXtext } from "./_xtext.ts";
import { GrammarError } from "./grammar_error.ts";
import type {
  BodyType,
  DeliverBy,
  EsmtpParameter,
  MailParameters,
  Notify,
  OriginalRecipient,
  RcptParameters,
  ReturnType,
} from "./parameter.ts";

/** What was found, and whether more spaces than one stood between two parameters. */
export interface Parameters<A> {
  readonly value: A;
  readonly extraSpace: boolean;
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] };

/** Most commands have no parameters. */
const none: Parameters<Record<never, never>> = { value: {}, extraSpace: false };

/** Cuts `text[start..end)` at the spaces, and each part at its first `=`. */
const split = (
  { text }: Source,
  start: number,
  end: number,
  lenient: boolean,
): Parameters<Array<EsmtpParameter>> | GrammarError => {
  const value: Array<EsmtpParameter> = [];
  let extraSpace = false;
  for (let at = start; at < end;) {
    if (lenient && text[at] === " ") {
      extraSpace = true;
      at++;
      continue;
    }
    const space = text.indexOf(" ", at);
    const stop = space < 0 || space > end ? end : space;
    const one = readOne(text.slice(at, stop), lenient);
    if (one instanceof GrammarError) return one;
    value.push(one);
    at = stop + 1;
  }
  return { value, extraSpace };
};

/** Reads `KEYWORD` or `KEYWORD=value`. */
const readOne = (text: string, lenient: boolean): EsmtpParameter | GrammarError => {
  const source: Source = { subject: "parameter", text };
  let at = 0;
  for (; at < text.length && text[at] !== "="; at++) {
    const unit = text.charCodeAt(at);
    if (!isLetDig(unit) && (unit !== 0x2d || at === 0)) return fault(source, "BadKeyword", at);
  }
  if (at === 0) return fault(source, "BadKeyword", 0);
  if (at === text.length) return { keyword: text };
  const value = text.slice(at + 1);
  const second = value.indexOf("=");
  if (value === "") return fault(source, "BadParameterValue", at + 1);
  return second < 0 || lenient
    ? { keyword: text.slice(0, at), value }
    : fault(source, "BadParameterValue", at + 1 + second);
};

const sourceOf = ({ keyword, value }: EsmtpParameter): Source => ({
  subject: "parameter",
  text: value === undefined ? keyword : `${keyword}=${value}`,
});

/** Digits as a size. What is valid but too large for a number is larger than any limit, and so it stays. */
const readSize = (one: EsmtpParameter): number | GrammarError => {
  const { value = "" } = one;
  return /^[0-9]{1,20}$/.test(value)
    ? Math.min(Number(value), Number.MAX_SAFE_INTEGER)
    : fault(sourceOf(one), "BadSize");
};

/** Compares without case. Lower case, because letters outside ASCII have upper case forms inside it. */
const oneOf = <A extends string>(value: string | undefined, words: ReadonlyArray<A>): A | undefined =>
  words.find((word) => word.toLowerCase() === value?.toLowerCase());

const readEnvid = (one: EsmtpParameter, lenient: boolean): string | GrammarError => {
  const source = sourceOf(one);
  const { value = "" } = one;
  if (value.length > maxEnvid) return fault(source, "EnvidTooLong", undefined, maxEnvid);
  const text = readXtext(source, one.keyword.length + 1, lenient);
  if (text instanceof GrammarError) return text;
  return value !== "" && isPrintable(text) ? text : fault(source, "BadEnvid");
};

const isPrintable = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) if (isControl(text.charCodeAt(at))) return false;
  return isAscii(text);
};

/** The conditions of NOTIFY, in their order. */
export const readNotify = (source: Source, value: string): Notify | GrammarError => {
  const words = value.split(",").map((word) => oneOf(word, ["NEVER", "SUCCESS", "FAILURE", "DELAY"] as const) ?? "");
  if (words.length === 1 && words[0] === "NEVER") return "NEVER";
  return isNotifyList(words) ? words as Exclude<Notify, "NEVER"> : fault(source, "BadNotify");
};

const readOrcpt = (one: EsmtpParameter, lenient: boolean): OriginalRecipient | GrammarError => {
  const source = sourceOf(one);
  if (source.text.length > maxOrcpt) return fault(source, "OrcptTooLong", undefined, maxOrcpt);
  const { value = "" } = one;
  const semicolon = value.indexOf(";");
  const addressType = value.slice(0, Math.max(semicolon, 0));
  if (!isAtom(addressType) || addressType.includes("=")) return fault(source, "BadOrcpt");
  const isUtf8 = isUtf8Type(addressType);
  const read = isUtf8 ? readUtf8Address : readXtext;
  const address = read(source, one.keyword.length + semicolon + 2, lenient);
  if (address instanceof GrammarError) return address;
  // Postfix 3.7 sends rfc822 and the xtext of UTF-8 octets, where RFC 6533 has a type of its own.
  const isPlain = isPrintable(address) ||
    lenient && charsetFault({ subject: "parameter", text: address }, true) === undefined;
  return address !== "" && (isUtf8 || isPlain) ? { addressType, address } : fault(source, "BadOrcpt");
};

const readAuth = (one: EsmtpParameter, lenient: boolean): string | GrammarError => {
  const source = sourceOf(one);
  const text = readXtext(source, one.keyword.length + 1, lenient);
  if (text instanceof GrammarError) return text;
  return isSubmitter(text) ? text : fault(source, "BadAuth");
};

const readFlag = (one: EsmtpParameter): true | GrammarError =>
  one.value === undefined ? true : fault(sourceOf(one), "BadParameterValue");

const byValue = /^([+-]?\d{1,9});([NR])(T?)$/i;

const readBy = (one: EsmtpParameter): DeliverBy | GrammarError => {
  const [, seconds, mode, trace] = byValue.exec(one.value ?? "") ?? [];
  const by: DeliverBy = {
    // "-0" is 0.
    seconds: Number(seconds) + 0,
    mode: mode?.toUpperCase() as DeliverBy["mode"],
    ...(trace ? { trace: true } : {}),
  };
  return isDeliverBy(by) ? by : fault(sourceOf(one), "BadBy");
};

const readHoldFor = (one: EsmtpParameter): number | GrammarError =>
  /^[1-9]\d{0,8}$/.test(one.value ?? "") ? Number(one.value) : fault(sourceOf(one), "BadHold");

const readHoldUntil = (one: EsmtpParameter): string | GrammarError => {
  const dateAndTime = one.value?.toUpperCase() ?? "";
  return isDateTime(dateAndTime) ? dateAndTime : fault(sourceOf(one), "BadHold");
};

const readPriority = (one: EsmtpParameter): number | GrammarError =>
  /^(?:0|-?[1-9])$/.test(one.value ?? "") ? Number(one.value) : fault(sourceOf(one), "BadPriority");

/** Hands each parameter to its reader; what no reader knows is kept. */
const gather = <A extends { other?: ReadonlyArray<EsmtpParameter> | undefined }>(
  list: ReadonlyArray<EsmtpParameter>,
  into: A,
  read: (keyword: string, one: EsmtpParameter) => GrammarError | boolean,
): A | GrammarError => {
  const seen = new Set<string>();
  let other: Array<EsmtpParameter> | undefined;
  for (const one of list) {
    const keyword = one.keyword.toUpperCase();
    if (seen.has(keyword)) return fault(sourceOf(one), "DuplicateParameter");
    seen.add(keyword);
    const known = read(keyword, one);
    if (known instanceof GrammarError) return known;
    if (!known) (other ??= []).push(one);
  }
  if (other !== undefined) into.other = other;
  return into;
};

/** Puts a value into its field, or gives the error that stands for it. */
const put = <A, K extends keyof A>(into: A, key: K, value: A[K] | GrammarError): GrammarError | true => {
  if (value instanceof GrammarError) return value;
  into[key] = value;
  return true;
};

const finish = <A>(list: Parameters<unknown>, value: A | GrammarError): Parameters<A> | GrammarError =>
  value instanceof GrammarError ? value : { value, extraSpace: list.extraSpace };

/** Reads the parameters of MAIL in `text[start..end)`. The caller has refused control characters. */
export const readMail = (
  source: Source,
  start: number,
  end: number,
  lenient: boolean,
): Parameters<MailParameters> | GrammarError => {
  if (start >= end) return none;
  const list = split(source, start, end, lenient);
  if (list instanceof GrammarError) return list;
  const into: Mutable<MailParameters> = {};
  const gathered = gather(list.value, into, (keyword, one) => {
    switch (keyword) {
      case "SIZE":
        return put(into, "size", readSize(one));
      case "BODY": {
        const body = oneOf<BodyType>(one.value, ["7BIT", "8BITMIME", "BINARYMIME"]);
        return put(into, "body", body ?? fault(sourceOf(one), "BadBody"));
      }
      case "SMTPUTF8":
        return put(into, "smtputf8", readFlag(one));
      case "RET": {
        const ret = oneOf<ReturnType>(one.value, ["FULL", "HDRS"]);
        return put(into, "ret", ret ?? fault(sourceOf(one), "BadRet"));
      }
      case "ENVID":
        return put(into, "envid", readEnvid(one, lenient));
      case "AUTH":
        return put(into, "auth", readAuth(one, lenient));
      case "REQUIRETLS":
        return put(into, "requireTls", readFlag(one));
      case "BY":
        return put(into, "by", readBy(one));
      case "HOLDFOR":
        return into.holdUntil === undefined ? put(into, "holdFor", readHoldFor(one)) : fault(sourceOf(one), "BadHold");
      case "HOLDUNTIL":
        return into.holdFor === undefined
          ? put(into, "holdUntil", readHoldUntil(one))
          : fault(sourceOf(one), "BadHold");
      case "MT-PRIORITY":
        return put(into, "mtPriority", readPriority(one));
      default:
        return false;
    }
  });
  return finish(list, gathered);
};

/** Reads the parameters of RCPT in `text[start..end)`. The caller has refused control characters. */
export const readRcpt = (
  source: Source,
  start: number,
  end: number,
  lenient: boolean,
): Parameters<RcptParameters> | GrammarError => {
  if (start >= end) return none;
  const list = split(source, start, end, lenient);
  if (list instanceof GrammarError) return list;
  const into: Mutable<RcptParameters> = {};
  const gathered = gather(list.value, into, (keyword, one) => {
    switch (keyword) {
      case "NOTIFY":
        return put(into, "notify", readNotify(sourceOf(one), one.value ?? ""));
      case "ORCPT":
        return put(into, "orcpt", readOrcpt(one, lenient));
      default:
        return false;
    }
  });
  return finish(list, gathered);
};

/** Reads one parameter of any kind, which nobody has cut at the spaces. */
export const readParameter = (text: string): EsmtpParameter | GrammarError => {
  const one = readOne(text, false);
  const space = text.indexOf(" ");
  return space < 0 || one instanceof GrammarError ? one : fault(sourceOf(one), "BadParameterValue", space);
};
