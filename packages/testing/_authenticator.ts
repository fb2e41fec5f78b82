import { mechanisms } from "@plausch/smtp/sasl";
import * as SaslServer from "@plausch/smtp/sasl-server";
import type { Redacted } from "effect/Redacted";
import * as Notation from "./_notation.ts";
import type { ServerStep } from "./transcript.ts";

/** The server's half of AUTH exchanges (RFC 4954 section 4), for the challenges that a script leaves open. */
export interface Authenticator {
  /** The client said these lines. */
  hear(octets: Uint8Array): void;
  /** What the server is to say, with the challenge in its place; the authenticator takes it as said. */
  say(step: ServerStep): ServerStep;
}

/** The password of a user, or the token. */
export type Users = (name: string) => Redacted<string> | undefined;

/** The same each time, so that tests are. */
const nonce = "mock.nonce";

const authLine = /^AUTH (\S+)(?: (.*))?$/i;

const linesOf = (octets: Uint8Array): ReadonlyArray<string> =>
  Array.from(octets, (octet) => String.fromCharCode(octet)).join("").split("\r\n").slice(0, -1);

/** The step with a text at each of its gaps. */
const filled = ({ octets, cuts, gaps }: ServerStep, text: Uint8Array): ServerStep => {
  const edges = [0, ...gaps, octets.length];
  const parts = edges.slice(1).flatMap((edge, index) => [octets.subarray(edges[index]!, edge), text]);
  const moved = cuts.map((cut) => cut + gaps.filter((gap) => gap < cut).length * text.length);
  return { _tag: "Server", octets: Notation.concat(parts.slice(0, -1)), cuts: moved, gaps: [] };
};

export const make = (user: Users): Authenticator => {
  let exchange: SaslServer.ServerExchange | undefined;
  let challenge = "";

  const hear = (line: string): void => {
    const [, name, initial] = exchange === undefined ? authLine.exec(line) ?? [] : [];
    const mechanism = mechanisms.find((known) => known === name?.toUpperCase());
    if (mechanism !== undefined) exchange = SaslServer.server(mechanism, { user, nonce });
    const answer = exchange?.receive(mechanism === undefined ? line : initial);
    challenge = answer?._tag === "Challenge" ? answer.text : "";
  };

  return {
    hear: (octets) => linesOf(octets).forEach(hear),
    say: (step) => {
      const said = step.gaps.length === 0 ? step : filled(step, Notation.encode(challenge));
      if (linesOf(said.octets).some((line) => /^[^3]\d\d(?: |$)/.test(line))) exchange = undefined;
      return said;
    },
  };
};
