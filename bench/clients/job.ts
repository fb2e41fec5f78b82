/**
 * What the bench tells a program that is measured, and what the program tells the bench: JSON in the first argument, JSON on standard
 * output. `job.mjs` beside this reads and writes it.
 *
 * @module
 */

/** Work for one run of one program. */
export interface Job {
  /** How the program goes about it, where there are several ways. */
  readonly mode: string;
  /** Where the server listens on 127.0.0.1. */
  readonly port: number;
  /** How many connections are used at the same time; the messages are shared out evenly. */
  readonly connections: number;
  /** How many messages are sent in all. */
  readonly messages: number;
  /** How many messages are sent before the watch starts, and not counted. */
  readonly warmUp: number;
  /** Size of each message in octets, header section included, as SIZE counts them (RFC 1870); or of what is worked through. */
  readonly octets: number;
  /** The file that holds the message, with CRLF line ends and no line that begins with a dot; or what is worked through. */
  readonly file: string;
  /** What the client says in EHLO. */
  readonly host: string;
  /** The reverse-path. */
  readonly from: string;
  /** The forward-paths of each message. */
  readonly to: ReadonlyArray<string>;
}

/** What a program measured. */
export interface Measured {
  /** How many messages the server accepted for all recipients; for other work how many rounds were done. */
  readonly accepted: number;
  /** Seconds from before the first connection is made to after the last reply, not counting QUIT. */
  readonly seconds: number;
  /** Seconds of processor time that the process spent in that time in its own code. */
  readonly user: number;
  /** Seconds of processor time that it spent in that time in the system. */
  readonly system: number;
  /** Seconds of processor time that the process had spent before: its start-up. */
  readonly startUp: number;
  /** The most memory that the process ever had resident, in MiB; missing where it cannot tell. */
  readonly peak?: number | undefined;
}
