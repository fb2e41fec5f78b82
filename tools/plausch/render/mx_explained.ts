/**
 * The route plan at length: what the DNS said and how far it is believed, then each host in the order in which it would be
 * tried, with every address, what is asked of its TLS, and why it is tried or not.
 *
 * @module
 */
import * as AddressGuard from "@plausch/mx/address-guard";
import * as Candidate from "@plausch/mx/candidate";
import * as MtaStsFinding from "@plausch/mx/mta-sts-finding";
import * as RoutePlan from "@plausch/mx/route-plan";
import * as TlsPolicy from "@plausch/mx/tls-policy";
import { wrap } from "../options.ts";
import * as MxLines from "./mx.ts";
import type { Paint, Role } from "./paint.ts";

/** A word, and what stands beside it. */
interface Fact {
  readonly word: string;
  readonly text: string;
  readonly role?: Role;
}

const indent = 3;
const wordWidth = 9;

/** Facts in two columns. A text that is too long goes on below itself. */
const lines = (paint: Paint, columns: number, facts: ReadonlyArray<Fact>): ReadonlyArray<string> =>
  facts.flatMap(({ word, text, role }) =>
    wrap(text, Math.max(40, columns - indent - wordWidth)).map((part, at) =>
      " ".repeat(indent) + paint("faint", (at === 0 ? word : "").padEnd(wordWidth)) +
      (role === undefined ? part : paint(role, part))
    )
  );

const aboutMtaSts = (finding: MtaStsFinding.MtaStsFinding | undefined): ReadonlyArray<Fact> => {
  const text = finding === undefined ? undefined : MtaStsFinding.explain(finding);
  return text === undefined ? [] : [{ word: "MTA-STS", text }];
};

const aboutPlan = ({ answer, mtaSts, ttl, warnings }: RoutePlan.RoutePlan): ReadonlyArray<Fact> => [
  ...(answer === undefined ? [] : [
    { word: "answer", text: MxLines.about(answer) },
    { word: "DNSSEC", text: MxLines.proof(answer) },
  ]),
  ...aboutMtaSts(mtaSts),
  ...(ttl === undefined ? [] : [{ word: "keep", text: ttl === 0 ? "not at all" : `for ${ttl} s` }]),
  ...warnings.map((warning): Fact => ({
    word: "warning",
    text: RoutePlan.explainWarning(warning),
    role: "refused",
  })),
];

/** Addresses below each other: version, TTL, AD, and what is wrong with it, in columns; an empty column is left out. */
const addresses = (all: ReadonlyArray<readonly [Candidate.HostAddress, what?: string]>): ReadonlyArray<string> => {
  const rows = all.map(([{ address, family, ttl, authenticated }, what = ""]) => [
    address,
    `IPv${family}`,
    ttl === undefined ? "" : `${ttl} s`,
    authenticated ? "DNSSEC" : "",
    what,
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => column === 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))
      .filter((_cell, column) => widths[column] !== 0).join("  ").trimEnd()
  );
};

const aboutHost = (candidate: Candidate.Candidate): ReadonlyArray<Fact> => {
  const { decision, policy, refused, warnings } = candidate;
  const tried = candidate.addresses.map((one) => [one] as const);
  const not = refused.map((one) => [one, AddressGuard.describe(one.refusal)] as const);
  const texts = addresses([...tried, ...not]);
  const kept = decision._tag === "Try" ? "try" : "address";
  return [
    // The addresses come below, each in a line.
    ...(decision._tag === "Try" ? [] : [{ word: "skip", text: Candidate.explainSkip({ decision, refused: [] }) }]),
    ...(decision._tag === "Try" || decision.error === undefined
      ? []
      : [{ word: "", text: decision.error.message, role: "refused" } as const]),
    ...texts.slice(0, tried.length).map((text, at): Fact => ({ word: at === 0 ? kept : "", text })),
    ...texts.slice(tried.length).map((text, at): Fact => ({ word: at === 0 ? "not" : "", text, role: "refused" })),
    ...(decision._tag === "Try" ? [{ word: "TLS", text: TlsPolicy.explain(policy) }] : []),
    ...warnings.map((warning): Fact => ({
      word: "warning",
      text: Candidate.explainWarning(warning),
      role: "refused",
    })),
  ];
};

const isOverLimit = ({ decision }: Candidate.Candidate): boolean =>
  decision._tag === "Skip" && decision.reason === "OverLimit";

/** The whole plan, in lines of at most so many columns, but for names and addresses that are longer. */
export const explained = (paint: Paint, plan: RoutePlan.RoutePlan, columns: number): ReadonlyArray<string> => {
  const [title = plan.ascii, ...more] = RoutePlan.summary(plan);
  const failure = RoutePlan.failure(plan);
  const hint = MxLines.advice(plan);
  const overLimit = RoutePlan.candidates(plan).filter(isOverLimit).length;
  let turn = 0;
  const hosts = RoutePlan.candidates(plan).filter((one) => !isOverLimit(one)).flatMap((candidate) => {
    const isTried = candidate.decision._tag === "Try";
    const mark = isTried ? `${++turn}. ` : "-  ";
    const name = paint(isTried ? "strong" : "faint", candidate.host);
    return [
      "",
      `${mark}${name}${paint("faint", `, preference ${candidate.preference}`)}`,
      ...lines(paint, columns, aboutHost(candidate)),
    ];
  });
  return [
    paint("strong", title),
    ...more,
    ...lines(paint, columns, aboutPlan(plan)),
    ...hosts,
    ...(overLimit === 0 ? [] : ["", `-  ${overLimit} more not looked up: enough hosts come before`]),
    ...(failure === undefined ? [] : [
      "",
      ...wrap(`${failure.code} ${failure.status}: ${failure.message}`, columns).map((part) => paint("failed", part)),
      ...(hint === undefined ? [] : wrap(hint, columns)),
    ]),
  ];
};
