/**
 * The stages of a conversation: what was asked last, and so what a reply, a time-out or a lost connection is about.
 *
 * @example Stages in the order of a conversation
 * ```ts
 * import * as Stage from "@plausch/session/stage";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Stage.stages.indexOf("mail") < Stage.stages.indexOf("final"), true);
 * assertEquals(Stage.describe("final"), "the message");
 * ```
 *
 * @module
 */

/**
 * `connect` is the TCP connection, `greeting` the server's first reply, `tls` the TLS handshake, `final` the reply to the message
 * after the lone dot or the last chunk; the others are named after their verb. `ehlo` is also LHLO; `ehlo-tls` is either of them
 * after STARTTLS; `bdat` is a chunk that is not the last.
 */
export type Stage =
  | "connect"
  | "greeting"
  | "ehlo"
  | "helo"
  | "starttls"
  | "tls"
  | "ehlo-tls"
  | "xclient"
  | "auth"
  | "xforward"
  | "rset"
  | "noop"
  | "vrfy"
  | "expn"
  | "help"
  | "etrn"
  | "raw"
  | "mail"
  | "rcpt"
  | "data"
  | "bdat"
  | "final"
  | "quit";

const descriptions: { readonly [S in Stage]: string } = {
  connect: "the connection",
  greeting: "the greeting",
  ehlo: "EHLO",
  helo: "HELO",
  starttls: "STARTTLS",
  tls: "the TLS handshake",
  "ehlo-tls": "EHLO after STARTTLS",
  xclient: "XCLIENT",
  auth: "AUTH",
  xforward: "XFORWARD",
  rset: "RSET",
  noop: "NOOP",
  vrfy: "VRFY",
  expn: "EXPN",
  help: "HELP",
  etrn: "ETRN",
  raw: "the raw command",
  mail: "MAIL",
  rcpt: "RCPT",
  data: "DATA",
  bdat: "BDAT",
  final: "the message",
  quit: "QUIT",
};

/** Every stage, in the order in which a conversation reaches them. */
export const stages: ReadonlyArray<Stage> = Object.keys(descriptions) as Array<Stage>;

/**
 * The stage in words, to stand in a sentence such as "the server refused …".
 *
 * @example
 * ```ts
 * import * as Stage from "@plausch/session/stage";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Stage.describe("greeting"), "the greeting");
 * ```
 */
export const describe = (stage: Stage): string => descriptions[stage];
