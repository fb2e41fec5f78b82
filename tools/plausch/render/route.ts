/**
 * What happens on the way to the mail exchangers of a domain: as lines for people, and as data.
 *
 * @module
 */
import type { DeliveryEvent, Dialled, Visiting } from "@plausch/delivery/event";
import type { Try } from "@plausch/delivery/happy-eyeballs";
import * as Trail from "@plausch/delivery/trail";
import * as OpenFailure from "@plausch/net/open-failure";
import * as Outcome from "@plausch/session/outcome";
import type { RecipientOutcome } from "@plausch/session/outcome";
import * as MxLines from "./mx.ts";
import * as Json from "./json.ts";
import * as Tls from "./tls.ts";

/** An address with its port, as people write it. */
export const endpoint = (address: string, port: number): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

const shownAddresses = 3;

const isLiteral = (host: string): boolean => host.startsWith("[");

/** A host as people know it; an address literal without its brackets. */
export const nameOf = (host: string): string => host.replace(/^\[(?:IPv6:)?(.*)\]$/i, "$1");

/** A host at one of its addresses. */
export const place = (host: string, address: string, port: number): string =>
  isLiteral(host) ? endpoint(address, port) : `${host} [${address}]:${port}`;

/** Who is dialled. */
export const visiting = ({ host, port, addresses }: Pick<Visiting, "host" | "port" | "addresses">): string => {
  const shown = addresses.slice(0, shownAddresses).map((address) => endpoint(address, port)).join(", ");
  const more = addresses.length > shownAddresses ? ` and ${addresses.length - shownAddresses} more` : "";
  return `Trying ${isLiteral(host) ? "" : `${host}, `}${shown}${more} ...`;
};

/** Why an address could not be dialled. */
export const dialFailure = (host: string, port: number, error: Try["error"]): OpenFailure.OpenFailure =>
  OpenFailure.explain(error, { host, port });

/** What came of dialling one of several addresses. */
export const dialled = ({ host, port, attempt: { address, result, error } }: Dialled): string | undefined => {
  const where = endpoint(address, port);
  switch (result) {
    case "connected":
      return undefined;
    case "abandoned":
      return `${where} is not waited for any longer`;
    case "failed": {
      const failure = dialFailure(host, port, error);
      // A permission is the one thing that its user can mend on the spot.
      const hint = failure.code === "NotCapable" ? `. ${failure.hint}` : "";
      return `${where}: ${failure.what} (${failure.code})${hint}`;
    }
  }
};

/** What follows from what a host said: who goes on to the next one, and why others do not. */
export const onward = (
  outcomes: ReadonlyArray<RecipientOutcome>,
  level: Trail.Visited["level"],
): { readonly open: number; readonly why: string | undefined } => {
  const nexts = outcomes.map((outcome) => Outcome.nextOf(outcome, level));
  const count = (next: Outcome.Next): number => nexts.filter((each) => each === next).length;
  const open = count("next-host") + count("plaintext-retry");
  if (count("later") > 0) return { open, why: "The message may have arrived: no other host is tried" };
  return { open, why: count("never") > 0 ? "This refusal is final: no other host is asked" : undefined };
};

const proof = ({ protection }: Trail.Visited): string => {
  if (protection === undefined || !protection.isEncrypted) return "";
  const { tls } = protection;
  return `, ${tls === undefined ? "TLS" : Tls.brief(tls)}`;
};

/** One step of the trail. */
export const step = (self: Trail.Step): string => `${Trail.explain(self)}${self._tag === "Visited" ? proof(self) : ""}`;

/** The trail of each domain for which more than one host was tried. */
export const trail = (steps: ReadonlyArray<Trail.Step>): ReadonlyArray<string> => {
  const domains = [...new Set(steps.map(({ domain }) => domain))];
  return domains.flatMap((domain) => {
    const own = steps.filter((each) => each.domain === domain);
    const visits = own.filter(({ _tag }) => _tag === "Visited").length;
    return visits < 2 ? [] : [`The way to ${domain}:`, ...own.map((each) => `  ${step(each)}`)];
  });
};

const attempt = ({ address, at, result, error }: Try, host: string, port: number): object => {
  const failure = error === undefined ? undefined : dialFailure(host, port, error);
  return {
    address,
    since: new Date(at).toISOString(),
    result,
    code: failure?.code ?? null,
    message: failure === undefined ? null : OpenFailure.format(failure),
  };
};

const passedOver = ({ domain, host, preference, reason, message }: Trail.PassedOver): object => ({
  ...{ domain, host, preference, reason, message },
});

/** A step of the trail as plain data. */
export const stepJson = (self: Trail.Step): object => {
  if (self._tag === "PassedOver") return { step: "passed-over", ...passedOver(self) };
  const { domain, host, preference } = self;
  const { at, elapsed, level, policy, protection, error } = self;
  return {
    step: "visited",
    domain,
    host,
    preference,
    address: Trail.address(self) ?? null,
    at: new Date(at).toISOString(),
    elapsed,
    level,
    policy: MxLines.policyJson(policy),
    tls: protection?.tls === undefined ? null : Tls.jsonWithoutChain(protection.tls),
    recipients: self.recipients.map(({ address, verdict }) => ({ address, verdict })),
    error: error === undefined ? null : error.message,
  };
};

/** An event as plain data; undefined for what is told in another way. */
export const json = (self: DeliveryEvent): object | undefined => {
  const at = new Date(self.at).toISOString();
  switch (self._tag) {
    case "LookingUp":
      return { event: "lookup", at, domain: self.domain };
    case "Routed":
      return { event: "route", at, plan: MxLines.json(self.plan) };
    case "Visiting": {
      const { domain, host, port, addresses, policy, level } = self;
      return { event: "visit", at, domain, host, port, addresses, policy: MxLines.policyJson(policy), level };
    }
    case "Dialled": {
      const { host, port } = self;
      return { event: "dialled", at, host, port, ...attempt(self.attempt, host, port) };
    }
    case "Stepped":
      return self.step._tag === "PassedOver" ? { event: "passed-over", at, ...passedOver(self.step) } : undefined;
    case "Waiting": {
      const { domain, round, delay, addresses } = self;
      return { event: "waiting", at, domain, round, delay, addresses };
    }
    case "Settled":
      return { event: "settled", at, recipient: Json.recipient(self.recipient) };
    case "Talked":
      return undefined;
  }
};
