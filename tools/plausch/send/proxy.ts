/**
 * The PROXY protocol: what a proxy tells a server, before everything, about whose connection it passes on.
 *
 * @module
 */

/** What is sent before everything. */
export interface Preface {
  /** The octets. */
  readonly octets: Uint8Array;
  /** What they say, for people. */
  readonly text: string;
}
