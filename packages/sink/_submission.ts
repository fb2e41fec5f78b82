// A message, put together from what its client said on the way.
import type { TlsReport } from "@plausch/tls/tls-report";
import type { Identity } from "./_identity.ts";
import { isEmpty } from "./_parameters.ts";
import type { Transaction } from "./_transactions.ts";
import type { Protocol, Submission } from "./submission.ts";

/** Who the client is, as far as it told. */
export interface Client {
  readonly name: string;
  readonly hello: "HELO" | "EHLO" | "LHLO";
}

/** What is known about a connection. */
export interface Knowledge {
  readonly client: Client;
  readonly identity: Identity;
  readonly user: string | undefined;
  readonly isSecure: boolean;
  readonly tls: TlsReport | undefined;
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] };

/** By what was said first, with SMTPUTF8 or not. */
const names = {
  HELO: ["SMTP", "UTF8SMTP"],
  EHLO: ["ESMTP", "UTF8SMTP"],
  LHLO: ["LMTP", "UTF8LMTP"],
} as const;

const protocolOf = ({ client, isSecure, user }: Knowledge, smtputf8: boolean): Protocol => {
  const name = names[client.hello][smtputf8 ? 1 : 0];
  return name === "SMTP"
    ? name
    : `${name}${isSecure ? user === undefined ? "S" : "SA" : user === undefined ? "" : "A"}`;
};

/** The message, with nothing in it that the client did not say. */
export const make = (
  { reversePath, forwardPaths, parameters, rcptParameters }: Transaction,
  { octets, size }: Pick<Submission, "octets" | "size">,
  knowledge: Knowledge,
): Submission => {
  const { client, identity: { peer, forwarded }, user, tls } = knowledge;
  const helo = client.name;
  const protocol = protocolOf(knowledge, parameters.smtputf8 === true);
  const submission: Mutable<Submission> = { helo, protocol, reversePath, forwardPaths, octets };
  if (size !== undefined) submission.size = size;
  if (!isEmpty(parameters)) submission.mailParameters = parameters;
  if (!rcptParameters.every(isEmpty)) submission.rcptParameters = rcptParameters;
  if (user !== undefined) submission.user = user;
  if (tls !== undefined) submission.tls = tls;
  if (peer !== undefined) submission.peer = peer;
  if (forwarded !== undefined) submission.forwarded = forwarded;
  return submission;
};

/** The message for those of its recipients for whom it is taken; `isTaken` goes by their place. */
export const forSome = (submission: Submission, isTaken: (at: number) => boolean): Submission => {
  const take = <A>(list: ReadonlyArray<A>): ReadonlyArray<A> => list.filter((_, at) => isTaken(at));
  const { forwardPaths, rcptParameters } = submission;
  const parameters = rcptParameters === undefined ? {} : { rcptParameters: take(rcptParameters) };
  return { ...submission, forwardPaths: take(forwardPaths), ...parameters };
};
