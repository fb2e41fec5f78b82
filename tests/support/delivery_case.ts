/**
 * The cases of tests/cases/delivery.jsonl, and more of our own in more_delivery.jsonl: what the DNS answers and how the hosts behave, who is called in which order, and
 * the verdict.
 */
import * as Name from "@plausch/dns/name";
import type { RecordType } from "@plausch/dns/record";
import type { Resolver } from "@plausch/dns/resolver";
import * as Zone from "@plausch/dns/zone";
import type { TlsLevel } from "@plausch/tls/tls-level";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import text from "../cases/delivery.jsonl" with { type: "text" };
import moreText from "../cases/more_delivery.jsonl" with { type: "text" };
import { parseCases } from "./cases.ts";

type Data = ReadonlyArray<string>;

/** One case. */
export interface DeliveryCase {
  readonly id: string;
  readonly why: string;
  readonly domain: string;
  /** By type and name, as in `MX d.test`: what a zone file has there, a response code, or `TIMEOUT`. */
  readonly dns: { readonly [question: string]: string | Data | { readonly secure: boolean; readonly data: Data } };
  /** Local parts of the recipients. Default: `b` alone. */
  readonly to?: ReadonlyArray<string>;
  /** What the server at an address does, at every connection or at each one; see `case_hosts.ts`. */
  readonly hosts: { readonly [address: string]: HostWords | ReadonlyArray<HostWords> };
  readonly policy: {
    readonly allowLocal?: boolean;
    readonly selfNames?: ReadonlyArray<string>;
    readonly deadlineMs?: number;
    /** What the policy host has; without it, it answers 404. */
    readonly stsPolicy?: string;
    /** The policy that is known from before. */
    readonly stsKnown?: { readonly id: string; readonly policy: string };
    /** What is asked of TLS. Default: `opportunistic`. */
    readonly tls?: TlsLevel;
    /** So many further rounds, each a minute after the one before. Default: 0. */
    readonly retry?: number;
    readonly maxHosts?: number;
  };
  readonly expect: {
    /** The addresses that are called, in groups whose order is free. */
    readonly order: ReadonlyArray<ReadonlyArray<string>>;
    readonly verdict: "accepted" | "rejected" | "deferred" | "uncertain";
    readonly error?: string;
    readonly code?: number;
    readonly enhanced?: string;
    readonly warnings?: ReadonlyArray<string>;
    readonly security?: string;
    /** The verdicts of the recipients, where they differ. */
    readonly verdicts?: { readonly [localPart: string]: string };
    /** Why hosts were passed over. */
    readonly passed?: { readonly [host: string]: string };
  };
}

/** What a host does: a word, or what it answers to each recipient. */
export type HostWords = string | { readonly [localPart: string]: string };

/** The cases that were given. */
export const deliveryCases: ReadonlyArray<DeliveryCase> = parseCases(text);

/** The cases of our own. */
export const moreDeliveryCases: ReadonlyArray<DeliveryCase> = parseCases(moreText);

const failures: { readonly [word: string]: Zone.ZoneFailure } = { SERVFAIL: "ServerFailure", TIMEOUT: "Timeout" };

const later = "then ";

/** The zone of a case: as it is at first, or as it is from the second question on. */
const zoneOf = (dns: DeliveryCase["dns"], isLater: boolean, digest: (word: string) => string): Resolver => {
  const records: { [name: string]: { [T in RecordType]?: Zone.RecordSet | Zone.FailingSet } } = {};
  for (const [question, answer] of Object.entries(dns)) {
    const [type, name = ""] = question.split(" ") as [RecordType, string];
    // A name that does not exist is left out of a zone; one without this type exists by another.
    if (answer === "NXDOMAIN" || answer === "NODATA") continue;
    const node = records[name] ??= {};
    if (typeof answer === "string") {
      node[type] = { failure: failures[answer]! };
      continue;
    }
    const { secure, data } = "data" in answer ? answer : { secure: false, data: answer };
    const next = data.filter((one) => one.startsWith(later)).map((one) => one.slice(later.length));
    const now = isLater && next.length > 0 ? next : data.filter((one) => !one.startsWith(later));
    node[type] = {
      data: type === "TLSA" ? now.map((one) => one.replace(/[A-Z]+$/, digest)) : now,
      authenticated: secure,
    };
  }
  return Result.getOrThrow(Zone.make({ records }));
};

/**
 * A resolver that answers as the case says. What TLSA records hold in place of `GOOD` and `CA` is for the test to tell, as
 * hexadecimal digits.
 */
export const resolverOf = ({ dns }: DeliveryCase, digest: (word: string) => string = () => "c0ffee"): Resolver => {
  const first = zoneOf(dns, false, digest);
  const second = zoneOf(dns, true, digest);
  const asked = new Set<string>();
  return {
    query: (name, type) =>
      Effect.suspend(() => {
        const question = `${type} ${Name.key(name)}`;
        const zone = asked.has(question) ? second : first;
        asked.add(question);
        return zone.query(name, type);
      }),
  };
};
