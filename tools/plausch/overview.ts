/**
 * What plausch says of itself. It imports nothing that takes time to load, so that it can be said at once.
 *
 * @module
 */
import config from "./deno.json" with { type: "json" };
import type { ExitCode } from "./exit_code.ts";

const overview = `plausch ${config.version}: a chat with your mail server

plausch talks to SMTP servers the way a careful person with dig and telnet
would, shows every word, and understands the answers.

Commands
  demo    the whole story, offline: MX lookup, conversation, stored message
  load    send many messages to a server of your own, and measure it
  mx      look up a domain's mail exchangers and the route a message would take
  send    hold a conversation and send a message
  sink    run a small honest SMTP server on this machine

plausch COMMAND --help tells more, with examples. plausch --version says which
plausch this is.

Start here
  plausch demo
`;

/** What to print, and how to exit. */
export interface Answer {
  /** The text, without its last line end. */
  readonly text: string;
  /** The exit code: 64 where no command was given. */
  readonly code: Extract<ExitCode, 0 | 64>;
}

/** The answer to arguments that name no command, or only ask what there is; undefined for all others. */
export const answer = ([name]: ReadonlyArray<string>): Answer | undefined => {
  if (name === undefined) return { text: overview, code: 64 };
  if (name === "--version" || name === "-V") return { text: `plausch ${config.version}`, code: 0 };
  return name === "--help" || name === "-h" || name === "help" ? { text: overview, code: 0 } : undefined;
};
