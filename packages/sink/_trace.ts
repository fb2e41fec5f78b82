// What is written before a message: how it came (RFC 5321 section 4.4, RFC 9228), and what was said of it in the envelope.
import * as Parameter from "@plausch/smtp/parameter";
import * as Path from "@plausch/smtp/path";
import * as Xtext from "@plausch/smtp/xtext";
import * as Result from "effect/Result";
import type { Message } from "./store.ts";

/** A peer's words, without what means something in a header field. */
const neutral = (name: string): string => name.replace(/[^\p{L}\p{N}.:_[\]-]/gu, "?");

/** A user's name, in which more may stand. */
const userName = (name: string): string => name.replace(/[^\p{L}\p{N}.:_@+=-]/gu, "?");

/** An address as an address literal (RFC 5321 section 4.1.3). */
const literal = (address: string): string => address.includes(":") ? `[IPv6:${address}]` : `[${address}]`;

/** A field, if there is something to stand in it. */
const field = (name: string, value: string | undefined): ReadonlyArray<string> =>
  value === undefined || value === "" ? [] : [`${name}: ${value}`];

/** The recipients, each with what DSN says of it (RFC 3461 section 4; Original-Recipient: RFC 8098 section 2.3). */
const recipients = ({ forwardPaths, rcptParameters }: Message): ReadonlyArray<string> =>
  forwardPaths.flatMap((path, at) => {
    const address = Path.address(path);
    const { orcpt, notify } = rcptParameters?.[at] ?? {};
    return [
      `Delivered-To: ${address}`,
      ...field("Original-Recipient", orcpt && `${orcpt.addressType};${orcpt.address}`),
      ...field("X-Envelope-Notify", notify && `<${address}> ${typeof notify === "string" ? notify : notify.join(",")}`),
    ];
  });

/** Who spoke to whom, and how; the clause "tls" is that of RFC 8314 section 4.3. */
const received = (message: Message, host: string): string => {
  const { forwardPaths: [only, ...others], peer, tls, id, protocol, helo } = message;
  const recipient = only !== undefined && others.length === 0 ? `\n\tfor <${Path.address(only)}>` : "";
  const cipher = tls === undefined ? "" : `\n\ttls ${neutral(tls.cipher)}`;
  const date = new Date(message.receivedAt).toUTCString().replace("GMT", "+0000");
  return [
    `Received: from ${neutral(helo)}${peer === "" ? "" : ` (${literal(peer)})`}`,
    `\tby ${host} with ${protocol} id ${id}${recipient}${cipher};`,
    `\t${date}`,
  ].join("\n");
};

/** The fields of a message, with LF line ends. `host` is who received it. */
export const fields = (message: Message, host: string): string => {
  const { reversePath, mailParameters = {}, user, forwarded = [] } = message;
  // The size was a guess, and the message is here.
  const parameters = Result.getOrElse(Parameter.formatMail({ ...mailParameters, size: undefined }), () => "");
  return [
    `Return-Path: <${reversePath._tag === "Null" ? "" : Path.address(reversePath)}>`,
    ...recipients(message),
    ...field("X-Envelope-Parameters", parameters),
    ...field("X-Envelope-User", user && userName(user)),
    ...field("X-Envelope-Forwarded", forwarded.map(([name, value]) => `${name}=${Xtext.encode(value)}`).join(" ")),
    received(message, host),
    "",
  ].join("\n");
};
