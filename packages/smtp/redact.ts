/**
 * Keeps credentials out of transcripts, logs and recordings.
 *
 * A redactor listens to both sides of one conversation, line by line, and gives each line back fit to be shown. It goes by
 * the protocol: what follows the mechanism in AUTH, what the client sends from then on until the final reply, also if it
 * goes on after a refusal, and the challenges of mechanisms that compute with the password are masked (RFC 4954 section 4).
 * And it goes by value: secrets it was told, those it saw the client send, and their base64, hexadecimal and percent-encoded
 * forms are masked wherever they turn up, also when the server echoes them, or no more than a part: twelve characters in a
 * row are masked if they are part of a secret. Redact first, then escape with `Printable.escape`: escaping changes what
 * would be looked for.
 *
 * @example A refused login that the server comments on
 * ```ts
 * import * as Redact from "@plausch/smtp/redact";
 * import * as Redacted from "effect/Redacted";
 * import { assertEquals } from "@std/assert";
 *
 * const redactor = Redact.make({ secrets: [Redacted.make("tanstaaf")] });
 * assertEquals(redactor.client("AUTH PLAIN AHRpbQB0YW5zdGFhZg=="), "AUTH PLAIN ***");
 * assertEquals(redactor.server("535 5.7.8 tanstaaf is wrong: AHRpbQB0YW5zdGFhZg=="), "535 5.7.8 *** is wrong: ***");
 * assertEquals(redactor.client("QUIT"), "QUIT");
 * ```
 *
 * @module
 */
import * as Redacted from "effect/Redacted";
import * as SecretFinder from "./_secret_finder.ts";
import * as Octets from "./octets.ts";

/** What is known before the conversation begins. */
export interface Options {
  /**
   * Values to mask wherever they appear, in whatever case and coding: passwords, tokens, whole responses. A
   * value of fewer than four characters is masked only where no letter or digit is next to it, and one of fewer than five
   * octets is not found inside longer base64.
   */
  readonly secrets?: Iterable<Redacted.Redacted<string>> | undefined;
}

/** Redacts one conversation. Lines have no line ends; their text is as from `Octets.decode`. */
export interface Redactor {
  /**
   * A line of the client, fit to be shown. What holds nothing stays: an empty line, `=` along with AUTH, `*`, which cancels it, and the
   * `AQ==` that OAUTHBEARER owes to an error report.
   */
  client(line: string): string;
  /** A line of the server, fit to be shown. */
  server(line: string): string;
  /** Any other text, such as an error message: known secrets are masked. */
  text(text: string): string;
}

/** What stands where something was masked; its length tells nothing. */
export const mask = "***";

/** Their challenges are prompts or error reports, and worth reading; those of others help to guess the password. */
const readable: ReadonlySet<string> = new Set(["PLAIN", "LOGIN", "EXTERNAL", "ANONYMOUS", "OAUTHBEARER", "XOAUTH2"]);

/** What a client owes to the error report of OAUTHBEARER: U+0001 (RFC 7628 section 3.2.3). */
const acknowledged = "AQ==";

const authLine = /^([ \t]*AUTH[ \t]+)([^ \t]+)([ \t]*)([^]*)$/i;
const mechanismPattern = /^[A-Z0-9_-]{1,20}$/i;
/** What may be a response of a client that did not wait, and what looks like one and is a command. */
const strayResponse = /^[A-Za-z0-9+/]+={0,2}$/;
const bareVerbs: ReadonlySet<string> = new Set(["AUTH", "DATA", "HELP", "NOOP", "QUIT", "RSET", "STARTTLS", "VRFY"]);
const replyLine = /^(\d{3})(?:([ -])|$)/;
/** In XOAUTH2 and OAUTHBEARER (RFC 7628 section 3.1), where fields are separated by U+0001. */
const bearer = /^auth=\S+ (.+)$/i;
/** The digest of CRAM-MD5 (RFC 2195 section 2) and the proof of SCRAM (RFC 5802 section 7): who has the challenge can try passwords. */
const computed = /(?:^[^]* (?=[0-9a-f]{32}$)|,p=)([^, ]+)$/;

const fromBase64 = (text: string): string | undefined => {
  try {
    return Octets.decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
};

/** The secret part of a response, in clear: a password, a token, or what was computed with one. */
const credentialIn = (response: string, mechanism: string, turn: number): string | undefined => {
  const decoded = fromBase64(response);
  if (decoded === undefined) return undefined;
  if (decoded.includes("\0")) return decoded.slice(decoded.lastIndexOf("\0") + 1);
  const token = decoded.split("\x01").map((field) => bearer.exec(field)?.[1]).find((found) => found !== undefined);
  if (token !== undefined) return token;
  if (mechanism === "LOGIN") return turn > 0 ? decoded : undefined;
  return computed.exec(decoded)?.[1];
};

/**
 * A redactor at the start of a conversation.
 *
 * @example LOGIN, and a secret in a command of one's own
 * ```ts
 * import * as Redact from "@plausch/smtp/redact";
 * import { assertEquals } from "@std/assert";
 *
 * const redactor = Redact.make();
 * assertEquals(redactor.client("AUTH LOGIN"), "AUTH LOGIN");
 * assertEquals(redactor.server("334 VXNlcm5hbWU6"), "334 VXNlcm5hbWU6");
 * assertEquals(redactor.client("dGlt"), "***");
 * assertEquals(redactor.server("334 UGFzc3dvcmQ6"), "334 UGFzc3dvcmQ6");
 * assertEquals(redactor.client("dGFuc3RhYWY="), "***");
 * assertEquals(redactor.server("235 2.7.0 OK"), "235 2.7.0 OK");
 * assertEquals(redactor.client("NOOP tanstaaf"), "NOOP ***");
 * ```
 */
export const make = (options: Options = {}): Redactor => {
  const { hide, hideSecret, text } = SecretFinder.make(mask);
  /** The mechanism of the exchange that is under way. Empty if it is unknown. */
  let mechanism: string | undefined;
  /** The mechanism that was refused, while the client may go on with it, because it does not wait for replies. */
  let refused: string | undefined;
  let turn = 0;

  const begin = (name: string): void => {
    mechanism = name;
    refused = undefined;
    turn = 0;
  };

  /** Masks a response, and knows it from now on. */
  const response = (line: string): string => {
    const isSecret = line !== "" && line !== "*" && line !== "=" &&
      !(mechanism === "OAUTHBEARER" && line === acknowledged);
    if (isSecret) {
      const credential = credentialIn(line, mechanism ?? "", turn);
      hide(line);
      if (credential !== undefined) hideSecret(credential);
    }
    turn++;
    return isSecret ? mask : line;
  };

  /** A response that nobody asked for, or that came too late. */
  const stray = (line: string): string | undefined => {
    if (refused === undefined) return undefined;
    if (!strayResponse.test(line) || bareVerbs.has(line.toUpperCase())) {
      refused = undefined;
      return undefined;
    }
    mechanism = refused;
    const shown = response(line);
    mechanism = undefined;
    return shown;
  };

  for (const secret of options.secrets ?? []) hideSecret(Redacted.value(secret));

  return {
    text,
    client: (line) => {
      if (mechanism !== undefined) return response(line);
      const masked = stray(line);
      if (masked !== undefined) return masked;
      const [, verb, name, gap, initial] = authLine.exec(line) ?? [];
      if (verb === undefined || name === undefined) return text(line);
      const isMechanism = mechanismPattern.test(name);
      begin(isMechanism ? name.toUpperCase() : "");
      if (!isMechanism) return verb + response(line.slice(verb.length));
      return verb + name + gap + (initial === "" ? "" : response(initial!.trimEnd()));
    },
    server: (line) => {
      const [, code, separator] = replyLine.exec(line) ?? [];
      if (code !== "334") {
        const isFinal = code !== undefined && separator !== "-";
        if (isFinal && mechanism !== undefined) {
          refused = code.startsWith("2") ? undefined : mechanism;
          mechanism = undefined;
        }
        return text(line);
      }
      if (mechanism === undefined) begin("");
      const isReadable = line.length <= 4 || readable.has(mechanism!);
      return isReadable ? text(line) : line.slice(0, 4) + mask;
    },
  };
};
