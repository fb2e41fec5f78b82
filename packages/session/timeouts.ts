/**
 * How long a conversation waits, for each thing it waits for. The defaults are the minimums that RFC 5321 section 4.5.3.2
 * asks of a client; where it names none, those that large mail systems use.
 *
 * @example Impatient, for a test of one's own server
 * ```ts
 * import * as Timeouts from "@plausch/session/timeouts";
 * import * as Duration from "effect/Duration";
 * import { assertEquals } from "@std/assert";
 *
 * const timeouts = Timeouts.make({ greeting: "2 seconds" });
 * assertEquals(Duration.toSeconds(timeouts.greeting), 2);
 * assertEquals(Duration.toMinutes(timeouts.final), 10);
 * ```
 *
 * @module
 */
import * as Duration from "effect/Duration";
import type { Stage } from "./stage.ts";

/** A limit for every stage, and one for each block of octets written. */
export type Timeouts = { readonly [S in Stage | "block"]: Duration.Duration };

/** Limits to change, as effect durations (`"30 seconds"`, milliseconds, …). */
export type Options = { readonly [S in Stage | "block"]?: Duration.Input | undefined };

/**
 * The default limits. A limit runs over the whole reply, so a server that drips one octet a minute does not outwit it.
 * The connection may take 30 seconds, and so may the TLS handshake; greeting, MAIL, RCPT and all other commands 5 minutes; DATA 2; a block of message
 * data 3; a chunk and the final reply 10. QUIT may take 5 seconds: nothing depends on its answer.
 */
export const defaults: Timeouts = {
  connect: Duration.seconds(30),
  greeting: Duration.minutes(5),
  ehlo: Duration.minutes(5),
  helo: Duration.minutes(5),
  starttls: Duration.minutes(5),
  tls: Duration.seconds(30),
  "ehlo-tls": Duration.minutes(5),
  xclient: Duration.minutes(5),
  auth: Duration.minutes(5),
  xforward: Duration.minutes(5),
  rset: Duration.minutes(5),
  noop: Duration.minutes(5),
  vrfy: Duration.minutes(5),
  expn: Duration.minutes(5),
  help: Duration.minutes(5),
  etrn: Duration.minutes(5),
  raw: Duration.minutes(5),
  mail: Duration.minutes(5),
  rcpt: Duration.minutes(5),
  data: Duration.minutes(2),
  bdat: Duration.minutes(10),
  block: Duration.minutes(3),
  final: Duration.minutes(10),
  quit: Duration.seconds(5),
};

/**
 * The defaults with some limits changed.
 *
 * @example
 * ```ts
 * import * as Timeouts from "@plausch/session/timeouts";
 * import * as Duration from "effect/Duration";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Duration.toMillis(Timeouts.make({ quit: 100 }).quit), 100);
 * ```
 */
export const make = (options: Options = {}): Timeouts => {
  const timeouts = { ...defaults };
  for (const [stage, limit] of Object.entries(options)) {
    if (limit !== undefined) timeouts[stage as Stage] = Duration.fromInputUnsafe(limit);
  }
  return timeouts;
};

/**
 * One limit for everything that is waited for, as a command line gives it. QUIT keeps its own if that is shorter.
 *
 * @example
 * ```ts
 * import * as Timeouts from "@plausch/session/timeouts";
 * import * as Duration from "effect/Duration";
 * import { assertEquals } from "@std/assert";
 *
 * const timeouts = Timeouts.all("20 seconds");
 * assertEquals(Duration.toSeconds(timeouts.final), 20);
 * assertEquals(Duration.toSeconds(timeouts.quit), 5);
 * ```
 */
export const all = (limit: Duration.Input): Timeouts => {
  const duration = Duration.fromInputUnsafe(limit);
  const options: Record<string, Duration.Input> = {};
  for (const stage of Object.keys(defaults)) options[stage] = duration;
  return make({ ...options, quit: Duration.min(duration, defaults.quit) });
};
