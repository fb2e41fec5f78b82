import * as Result from "effect/Result";
import { charsetFault, isAtext, isLetDig } from "./_characters.ts";
import { isDateTime } from "./_date_time.ts";
import { fault, type Source } from "./_source.ts";
import { isUtf8Type, writeUtf8Address } from "./_utf8_address.ts";
import { GrammarError } from "./grammar_error.ts";
import * as Mailbox from "./mailbox.ts";
import type {
  DeliverBy,
  EsmtpParameter,
  MailParameters,
  Notify,
  OriginalRecipient,
  RcptParameters,
} from "./parameter.ts";
import * as Xtext from "./xtext.ts";

export const maxEnvid = 100;
export const maxOrcpt = 500;

/** The parameters of one command, each with the space before it, and how long they let the command line become. */
export interface Written {
  readonly text: string;
  readonly maxLine: number;
}

/** The command line of RFC 5321 section 4.5.3.1.4, in octets with its CRLF. */
export const maxCommandLine = 512;

/** By how many octets a parameter lengthens the line, as the RFC that defines it says. */
const allowances: ReadonlyMap<string, number> = new Map([
  ["SIZE", 26], // RFC 1870 section 3
  ["BODY", 17], // RFC 6152 section 2
  ["SMTPUTF8", 10], // RFC 6531 section 3.1
  ["RET", 9], // RFC 3461 section 5.4, and the space
  ["ENVID", 1 + "ENVID=".length + maxEnvid],
  ["NOTIFY", 29], // RFC 3461 section 5.4: 530 for the two, with their spaces
  ["ORCPT", 1 + maxOrcpt],
  ["AUTH", 500], // RFC 4954 section 3
  ["BY", 17], // RFC 2852 section 2
  ["REQUIRETLS", 11], // RFC 8689 section 2
  ["HOLDFOR", 34], // RFC 4865 section 3
  ["HOLDUNTIL", 34],
  ["MT-PRIORITY", 15], // RFC 6710 section 3
]);

const none: Written = { text: "", maxLine: maxCommandLine };

const parameter = (text: string): Source => ({ subject: "parameter", text });

const writeSize = (size: number): string | GrammarError =>
  Number.isSafeInteger(size) && size >= 0 ? String(size) : fault(parameter(`SIZE=${size}`), "BadSize");

const writeBody = (body: string): string | GrammarError =>
  body === "7BIT" || body === "8BITMIME" || body === "BINARYMIME" ? body : fault(parameter(`BODY=${body}`), "BadBody");

const writeRet = (ret: string): string | GrammarError =>
  ret === "FULL" || ret === "HDRS" ? ret : fault(parameter(`RET=${ret}`), "BadRet");

const writeEnvid = (envid: string): string | GrammarError => {
  const source = parameter(`ENVID=${envid}`);
  const charset = charsetFault(source, false);
  if (charset !== undefined) return charset;
  if (envid === "") return fault(source, "BadEnvid");
  const xtext = Xtext.encode(envid);
  return xtext.length > maxEnvid ? fault(source, "EnvidTooLong", undefined, maxEnvid) : xtext;
};

/** Whether the text is what AUTH may say: a mailbox or `<>`. */
export const isSubmitter = (text: string): boolean =>
  text === "<>" || Result.isSuccess(Mailbox.fromString(text, { smtputf8: true }));

const writeAuth = (auth: string): string | GrammarError => {
  const source = parameter(`AUTH=${auth}`);
  const charset = charsetFault(source, true);
  if (charset !== undefined) return charset;
  return isSubmitter(auth) ? Xtext.encode(auth) : fault(source, "BadAuth");
};

const isWhole = (value: number, min: number, max: number): boolean =>
  Number.isInteger(value) && value >= min && value <= max;

const maxSeconds = 999999999;

/** Whether it is a time that BY may name: with `R` there has to be time left (RFC 2852 section 4). */
export const isDeliverBy = ({ seconds, mode }: DeliverBy): boolean =>
  mode === "R" ? isWhole(seconds, 1, maxSeconds) : mode === "N" && isWhole(seconds, -maxSeconds, maxSeconds);

const writeBy = (by: DeliverBy): string | GrammarError => {
  const text = `${by.seconds};${by.mode}${by.trace === true ? "T" : ""}`;
  return isDeliverBy(by) ? text : fault(parameter(`BY=${text}`), "BadBy");
};

const writeHoldFor = (seconds: number): string | GrammarError =>
  isWhole(seconds, 1, maxSeconds) ? String(seconds) : fault(parameter(`HOLDFOR=${seconds}`), "BadHold");

const writeHoldUntil = (dateAndTime: string): string | GrammarError =>
  isDateTime(dateAndTime) ? dateAndTime : fault(parameter(`HOLDUNTIL=${dateAndTime}`), "BadHold");

const writePriority = (priority: number): string | GrammarError =>
  isWhole(priority, -9, 9) ? String(priority) : fault(parameter(`MT-PRIORITY=${priority}`), "BadPriority");

const conditions: ReadonlyArray<unknown> = ["SUCCESS", "FAILURE", "DELAY"];

/** Whether the list is what NOTIFY may ask for: at least one condition, none twice. */
export const isNotifyList = (list: ReadonlyArray<string>): boolean =>
  list.length > 0 && new Set(list).size === list.length && list.every((condition) => conditions.includes(condition));

const writeNotify = (notify: Notify): string | GrammarError => {
  const list = typeof notify === "string" ? [notify] : notify;
  const text = list.join(",");
  return notify === "NEVER" || typeof notify !== "string" && isNotifyList(list)
    ? text
    : fault(parameter(`NOTIFY=${text}`), "BadNotify");
};

/** Whether the text is an atom, as an address type has to be. */
export const isAtom = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) if (!isAtext(text.charCodeAt(at))) return false;
  return text !== "";
};

/** The address of an original recipient, coded as its type says. */
const writeOriginal = (
  source: Source,
  { addressType, address }: OriginalRecipient,
  smtputf8: boolean,
): string | GrammarError => {
  if (isUtf8Type(addressType)) return writeUtf8Address(source, address, smtputf8);
  return charsetFault(source, false) ?? (address === "" ? fault(source, "BadOrcpt") : Xtext.encode(address));
};

const writeOrcpt = (orcpt: OriginalRecipient, smtputf8: boolean): string | GrammarError => {
  const { addressType, address } = orcpt;
  const source = parameter(`ORCPT=${addressType};${address}`);
  const coded = writeOriginal(source, orcpt, smtputf8);
  if (coded instanceof GrammarError) return coded;
  // The "=" of an atom would end the keyword a second time.
  if (!isAtom(addressType) || addressType.includes("=")) return fault(source, "BadOrcpt");
  const value = `${addressType};${coded}`;
  return "ORCPT=".length + value.length > maxOrcpt ? fault(source, "OrcptTooLong", undefined, maxOrcpt) : value;
};

/** Letters, digits and hyphens, the first no hyphen (RFC 5321 section 4.1.2, esmtp-keyword). */
export const isKeyword = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (!isLetDig(unit) && (unit !== 0x2d || at === 0)) return false;
  }
  return text !== "";
};

/** A parameter that this package has no type for: its grammar is all that is known. */
export const writeOther = ({ keyword, value }: EsmtpParameter, smtputf8: boolean): string | GrammarError => {
  const source = parameter(value === undefined ? keyword : `${keyword}=${value}`);
  const charset = charsetFault(source, smtputf8);
  if (charset !== undefined) return charset;
  if (!isKeyword(keyword)) return fault(source, "BadKeyword");
  if (value === undefined) return keyword;
  const bad = value === "" ? 0 : value.search(/[ =]/);
  return bad < 0 ? source.text : fault(source, "BadParameterValue", keyword.length + 1 + bad);
};

/** Writes one parameter after another. */
class Writer implements Written {
  text = "";
  maxLine = maxCommandLine;
  /** What is wrong with the first one that cannot be written. */
  fault: GrammarError | undefined = undefined;

  /** A keyword with its value, which is empty where the keyword stands alone. */
  add(keyword: string, value: string | GrammarError): void {
    if (value instanceof GrammarError) this.fault ??= value;
    else this.#append(keyword, value === "" ? keyword : `${keyword}=${value}`);
  }

  addOther(other: EsmtpParameter, smtputf8: boolean): void {
    const written = writeOther(other, smtputf8);
    const keyword = other.keyword.toUpperCase();
    if (written instanceof GrammarError) this.fault ??= written;
    else if (this.#has(keyword)) this.fault ??= fault(parameter(written), "DuplicateParameter");
    else this.#append(keyword, written);
  }

  #append(keyword: string, written: string): void {
    this.text += ` ${written}`;
    this.maxLine += allowances.get(keyword) ?? 0;
  }

  /** No value has a space in it, and what is before the first "=" is a keyword. */
  #has(keyword: string): boolean {
    return this.text.split(" ").some((written) => written.split("=", 1)[0]!.toUpperCase() === keyword);
  }
}

const isEmpty = (parameters: object): boolean => {
  for (const _ in parameters) return false;
  return true;
};

/** The parameters of MAIL. */
export const writeMail = (parameters: MailParameters): Written | GrammarError => {
  if (isEmpty(parameters)) return none;
  const { size, body, smtputf8, ret, envid, auth, requireTls, by, holdFor, holdUntil, mtPriority, other } = parameters;
  if (holdFor !== undefined && holdUntil !== undefined) return fault(parameter(`HOLDUNTIL=${holdUntil}`), "BadHold");
  const writer = new Writer();
  if (size !== undefined) writer.add("SIZE", writeSize(size));
  if (body !== undefined) writer.add("BODY", writeBody(body));
  if (smtputf8 === true) writer.add("SMTPUTF8", "");
  if (ret !== undefined) writer.add("RET", writeRet(ret));
  if (envid !== undefined) writer.add("ENVID", writeEnvid(envid));
  if (auth !== undefined) writer.add("AUTH", writeAuth(auth));
  if (requireTls === true) writer.add("REQUIRETLS", "");
  if (by !== undefined) writer.add("BY", writeBy(by));
  if (holdFor !== undefined) writer.add("HOLDFOR", writeHoldFor(holdFor));
  if (holdUntil !== undefined) writer.add("HOLDUNTIL", writeHoldUntil(holdUntil));
  if (mtPriority !== undefined) writer.add("MT-PRIORITY", writePriority(mtPriority));
  if (other !== undefined) { for (const one of other) writer.addOther(one, smtputf8 === true); }
  return writer.fault ?? writer;
};

/** The parameters of RCPT. */
export const writeRcpt = (parameters: RcptParameters, smtputf8: boolean): Written | GrammarError => {
  if (isEmpty(parameters)) return none;
  const { notify, orcpt, other } = parameters;
  const writer = new Writer();
  if (notify !== undefined) writer.add("NOTIFY", writeNotify(notify));
  if (orcpt !== undefined) writer.add("ORCPT", writeOrcpt(orcpt, smtputf8));
  if (other !== undefined) { for (const one of other) writer.addOther(one, smtputf8); }
  return writer.fault ?? writer;
};
