/**
 * The hosts of a delivery case as transcripts. What a host does is told by a word:
 *
 * - `ok`, `refuse`, `timeout`, `521`, `554`, `no-starttls`, `drop-after-dot`;
 * - `STAGE REPLY`, such as `rcpt 451 4.7.1 later`: the reply where the message was fine so far;
 * - `lost STAGE`: the server hangs up instead of a reply;
 * - `tls`, and what is wrong with the certificate, such as `tls expired`; `tls GOOD` for nothing;
 * - `starttls 454`: STARTTLS is refused, and the client leaves; `starttls 454 clear`: it goes on in clear;
 * - or, by recipient, what is answered to RCPT.
 */
import type { DeliveryCase, HostWords } from "./delivery_case.ts";
import type { Behaviour } from "./fake_hosts.ts";

interface Step {
  readonly stage: string;
  readonly says: string;
  readonly reply: string;
}

const quit = "> QUIT\n< 221 bye\n";

const introduction: ReadonlyArray<Step> = [
  { stage: "greeting", says: "", reply: "220 mx" },
  { stage: "ehlo", says: "> EHLO c.test\n", reply: "250 mx" },
];

const secured = (fault: string): string =>
  "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n" +
  `* tls starts${fault}\n> EHLO c.test\n< 250 mx\n`;

const refusedTls = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 STARTTLS\n> STARTTLS\n< 454 4.7.0 not now\n";

const transaction = (recipients: { readonly [address: string]: string }): ReadonlyArray<Step> => [
  { stage: "mail", says: "> MAIL FROM:<a@c.test>\n", reply: "250 ok" },
  ...Object.entries(recipients).map(([address, reply]) => ({
    stage: "rcpt",
    says: `> RCPT TO:<${address}>\n`,
    reply,
  })),
  ...Object.values(recipients).some((reply) => reply.startsWith("2"))
    ? [
      { stage: "data", says: "> DATA\n", reply: "354 go" },
      { stage: "final", says: "> hello\n> .\n", reply: "250 2.0.0 got it" },
    ]
    : [],
];

/** The steps up to this stage, where the last one ends otherwise: by a reply, or by none. */
const until = (steps: ReadonlyArray<Step>, stage?: string, reply?: string): string => {
  let script = "";
  for (const step of steps) {
    const isLast = step.stage === stage;
    script += step.says + (isLast && reply === undefined ? "* server closes\n" : `< ${isLast ? reply : step.reply}\n`);
    if (isLast) return reply === undefined || reply.startsWith("421") ? script : script + quit;
  }
  if (stage !== undefined) throw new Error(`a host of a case has no stage ${stage}`);
  return script + quit;
};

const faults: { readonly [word: string]: string } = {
  GOOD: "",
  wrongname: ", wrong-name",
  "chain CA wrongname": ", wrong-name",
};

const scriptOf = (words: HostWords, domain: string, to: ReadonlyArray<string>): Behaviour => {
  const addressed = (replies: { readonly [localPart: string]: string }) =>
    Object.fromEntries(Object.entries(replies).map(([localPart, reply]) => [`${localPart}@${domain}`, reply]));
  if (typeof words !== "string") {
    return until([...introduction, ...transaction(addressed(words))]);
  }
  const wanted = transaction(addressed(Object.fromEntries(to.map((localPart) => [localPart, "250 ok"]))));
  const [word = "", ...more] = words.split(" ");
  const rest = more.join(" ");
  switch (word) {
    case "refuse":
    case "timeout":
      return word;
    case "tls":
      return secured(faults[rest] ?? `, ${rest}`) + until(wanted);
    case "no-starttls":
      return until(introduction);
    case "starttls":
      return refusedTls + (more.includes("clear") ? until(wanted) : quit);
    case "drop-after-dot":
      return until([...introduction, ...wanted], "final");
    case "554":
    case "521":
      return until(introduction, "greeting", `${word} mx takes no mail`);
    case "lost":
      return until([...introduction, ...wanted], rest);
    case "ok":
      return until([...introduction, ...wanted]);
    default:
      return until([...introduction, ...wanted], word, rest);
  }
};

/** What the host at an address does at the connection that has so many others before it. */
export const behaviourOf = (
  { domain, hosts, to = ["b"] }: DeliveryCase,
  address: string,
  before: number,
): Behaviour => {
  const words = hosts[address];
  if (words === undefined) throw new Error(`nobody is to dial ${address}`);
  const now = Array.isArray(words) ? words[Math.min(before, words.length - 1)] : words;
  return scriptOf(now, domain, to);
};
