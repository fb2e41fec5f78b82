import { GrammarError } from "@plausch/smtp/grammar-error";
import type { Redactor } from "@plausch/smtp/redact";
import * as Reply from "@plausch/smtp/reply";

/** Where the text of a reply line begins: behind the code and its separator. */
const textAt = 4;

/** The reply as it may be shown. The redactor has to see every reply, in order. */
export const redactReply = (redactor: Redactor, reply: Reply.Reply): Reply.Reply => {
  const lines = Reply.wireLines(reply);
  const shown = lines.map(redactor.server);
  const isSame = shown.every((line, index) => line === lines[index]);
  return isSame ? reply : { ...reply, lines: shown.map((line) => line.slice(textAt)) };
};

/** An error about what the peer said, without what may not be shown of it. */
export const redactError = (redactor: Redactor, error: GrammarError): GrammarError => {
  const { input } = error;
  const shown = input === undefined ? undefined : redactor.text(input);
  if (shown === input) return error;
  const { subject, reason, offset, line, limit } = error;
  return new GrammarError({ subject, reason, input: shown, offset, line, limit });
};
