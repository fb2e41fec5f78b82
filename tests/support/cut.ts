import type { Verdict } from "@plausch/session/outcome";
import { latin1 } from "./cases.ts";
import { clientOctets, type Dialogue, type Expectation, serverOctets } from "./dialogue.ts";

/** A reply of a dialogue's server: what it answers, whom it concerns, and how many octets the server has said by its end. */
interface Answer {
  readonly stage: string;
  readonly code: number;
  readonly recipients: ReadonlyArray<string>;
  readonly end: number;
}

/** The message was sent for these recipients when the server had said so many octets. */
interface Sent {
  readonly recipients: ReadonlyArray<string>;
  readonly at: number;
}

const stages: Readonly<Record<string, string>> = {
  EHLO: "ehlo",
  LHLO: "ehlo",
  HELO: "helo",
  STARTTLS: "starttls",
  AUTH: "auth",
  MAIL: "mail",
  RCPT: "rcpt",
  DATA: "data",
  BDAT: "bdat",
  QUIT: "quit",
};

/** Reads what happens in a dialogue off its steps alone, by RFC 5321, 2033 and 3030, and by nothing that is under test. */
const read = (dialogue: Dialogue): { readonly answers: ReadonlyArray<Answer>; readonly sent: ReadonlyArray<Sent> } => {
  const everybody = dialogue.envelope.to;
  const answers: Array<Answer> = [];
  const sent: Array<Sent> = [];
  let asked: Array<Pick<Answer, "stage" | "recipients">> = [{ stage: "greeting", recipients: everybody }];
  let accepted: ReadonlyArray<string> = [];
  let isSecure = false;
  let heard = 0;

  const ask = (stage: string, recipients = everybody): void => void asked.push({ stage, recipients });
  const end = (): void => {
    sent.push({ recipients: accepted, at: heard });
    if (dialogue.policy.lmtp) { for (const recipient of accepted) ask("final", [recipient]); }
    else ask("final", accepted);
  };
  const say = (line: string): void => {
    const stage = stages[line.slice(0, line.indexOf(" ") < 0 ? undefined : line.indexOf(" ")).toUpperCase()];
    if (stage === undefined) return ask("auth"); // a response
    if (stage === "mail") accepted = [];
    if (stage === "ehlo" && isSecure) return ask("ehlo-tls");
    ask(stage, stage === "rcpt" ? everybody.filter((recipient) => line.includes(`<${recipient}>`)) : everybody);
  };

  const clientSteps = clientOctets(dialogue);
  for (const [at, step] of dialogue.steps.entries()) {
    if ("client" in step) latin1(clientSteps[at]!).split("\r\n").slice(0, -1).forEach(say);
    if ("tls" in step) isSecure = true;
    if ("data" in step) end();
    if ("bdat" in step) {
      if (step.bdat[1]) end();
      else ask("bdat");
    }
    const said = latin1(serverOctets(step) ?? new Uint8Array());
    for (const { 0: line, index } of said.matchAll(/[^\n]*\n/g)) {
      const [, code] = /^([2-5]\d\d)(?!-)/.exec(line) ?? [];
      if (code === undefined && !/^[2-5]\d\d-/.test(line)) return { answers, sent }; // from here on nothing is certain
      if (code === undefined) continue;
      const [answered, ...rest] = asked;
      if (answered === undefined) return { answers, sent };
      asked = rest;
      if (answered.stage === "rcpt" && code.startsWith("2")) accepted = [...accepted, ...answered.recipients];
      answers.push({ ...answered, code: Number(code), end: heard + index + line.length });
    }
    heard += said.length;
  }
  return { answers, sent };
};

/** The number of octets of the server after which the verdict on a recipient is known; infinite if it never is. */
const decidedAt = (answers: ReadonlyArray<Answer>, address: string, expected: Expectation["recipients"][string]) => {
  const deciding = answers.find(({ stage, code, recipients }) =>
    stage === expected.stage && (expected.code === undefined || code === expected.code) && recipients.includes(address)
  );
  if (deciding !== undefined) return deciding.end;
  // Refused by the client itself, once it knows what the server offers.
  const offer = answers.filter(({ stage }) => stage === "ehlo" || stage === "helo" || stage === "ehlo-tls").at(-1);
  return expected.verdict === "rejected" && offer !== undefined ? offer.end : Infinity;
};

/**
 * The verdicts that a client must come to if the connection ends when the server has said so many octets:
 * what is decided stays; what is open is deferred, or uncertain once the end of the message was sent.
 */
export const verdictsAfter = (dialogue: Dialogue): (octets: number) => Readonly<Record<string, Verdict>> => {
  const { answers, sent } = read(dialogue);
  const known = Object.entries(dialogue.expect.recipients).map(([address, expected]) => ({
    address,
    verdict: expected.verdict,
    decided: decidedAt(answers, address, expected),
    sent: Math.min(...sent.filter(({ recipients }) => recipients.includes(address)).map(({ at }) => at)),
  }));
  return (octets) =>
    Object.fromEntries(known.map(({ address, verdict, decided, sent }) => [
      address,
      octets >= decided ? verdict : octets >= sent ? "uncertain" : "deferred",
    ]));
};
