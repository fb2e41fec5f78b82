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
 * `connect` is the TCP connection, `greeting` the server's first reply, `final` the reply to the message after the lone
 * dot; the others are named after their verb.
 */
export type Stage =
  | "connect"
  | "greeting"
  | "ehlo"
  | "helo"
  | "rset"
  | "noop"
  | "vrfy"
  | "help"
  | "raw"
  | "mail"
  | "rcpt"
  | "data"
  | "final"
  | "quit";

const descriptions: { readonly [S in Stage]: string } = {
  connect: "the connection",
  greeting: "the greeting",
  ehlo: "EHLO",
  helo: "HELO",
  rset: "RSET",
  noop: "NOOP",
  vrfy: "VRFY",
  help: "HELP",
  raw: "the raw command",
  mail: "MAIL",
  rcpt: "RCPT",
  data: "DATA",
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
