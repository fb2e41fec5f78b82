import type { Dialogue, DialogueStep, Expectation, Policy } from "./dialogue.ts";

/** A dialogue whose steps and verdicts are written as text. The server is `mx.test`, the sender `a@c.test`. */
export interface Written {
  readonly id: string;
  readonly why: string;
  readonly policy?: Partial<Policy>;
  /** Default: `x@d.test`. */
  readonly to?: ReadonlyArray<string>;
  /** Default: a message with a dot at the beginning of a line. */
  readonly message?: string;
  /**
   * A step on each line: `>` for what the client says, in one flight if there are several below one another; `<` for what the
   * server says; `>> message` for the message and its dot, `>> dot` for the dot alone, `>> 10` and `>> 7 LAST` for chunks;
   * `* starts TLS`, `* fails TLS`, `* server closes`, `* client closes`, `* server is silent`; `<<` for octets of the server, as JSON.
   */
  readonly steps: string;
  /** For each recipient, in their order: verdict, stage, and where a reply decided its code and enhanced code. */
  readonly verdicts: ReadonlyArray<string>;
  /** The failure, or why the client itself refused. Default: none. */
  readonly error?: string;
  readonly next: Expectation["next"];
  /** Whether it ends encrypted. Default: no. */
  readonly tls?: boolean;
}

const defaultMessage = "Subject: t\r\n\r\n.hello\r\nbye\r\n";

const marks: Readonly<Record<string, DialogueStep>> = {
  "starts TLS": { tls: "ok" },
  "fails TLS": { tls: "alert" },
  "server closes": { close: true },
  "client closes": { eof: true },
  "server is silent": { silent: true },
};

/** The message as it goes out after DATA: dots stuffed, and the dot that ends it. */
const stuffed = (message: string): string => `${message.replace(/(^|\r\n)\./g, "$1..")}.\r\n`;

const stepOf = (line: string, message: string): DialogueStep => {
  const text = line.slice(line.indexOf(" ") + 1);
  if (line.startsWith("* ")) {
    const mark = marks[text];
    if (mark === undefined) throw new Error(`What is "${line}"?`);
    return mark;
  }
  if (line.startsWith("<< ")) return { raw: JSON.parse(text) };
  if (line === ">> message") return { data: stuffed(message) };
  if (line === ">> dot") return { data: ".\r\n" };
  if (line.startsWith(">> ")) return { bdat: [parseInt(text), text.endsWith(" LAST")] };
  if (line === "<" || line === ">") return line === "<" ? { server: [""] } : { client: [""] };
  if (line.startsWith("< ")) return { server: [text] };
  if (line.startsWith("> ")) return { client: [text] };
  throw new Error(`What is "${line}"?`);
};

/** Lines of the same side below one another go together: that is how a group of commands is told from one after the other. */
const stepsOf = (text: string, message: string): ReadonlyArray<DialogueStep> => {
  const steps: Array<DialogueStep> = [];
  for (const line of text.split("\n").map((line) => line.trim()).filter((line) => line !== "")) {
    const step = stepOf(line, message);
    const last = steps.at(-1);
    if (last !== undefined && "client" in last && "client" in step) {
      steps[steps.length - 1] = { client: [...last.client, ...step.client] };
    } else if (last !== undefined && "server" in last && "server" in step) {
      steps[steps.length - 1] = { server: [...last.server, ...step.server] };
    } else steps.push(step);
  }
  return steps;
};

const verdictOf = (text: string): Expectation["recipients"][string] => {
  const [verdict, stage, code, enhanced] = text.split(" ");
  return {
    verdict: verdict as Expectation["recipients"][string]["verdict"],
    stage: stage!,
    ...(code === undefined ? {} : { code: Number(code) }),
    ...(enhanced === undefined ? {} : { enhanced }),
  };
};

/** The dialogue that was written down. */
export const read = (
  { id, why, policy, to = ["x@d.test"], message = defaultMessage, steps, verdicts, error, next, tls = false }: Written,
): Dialogue => ({
  id,
  why,
  policy: { helo: "c.test", tls: "none", ...policy },
  envelope: { from: "a@c.test", to },
  message,
  steps: stepsOf(steps, message),
  clientLines: [],
  expect: {
    error: error ?? null,
    next,
    recipients: Object.fromEntries(to.map((address, index) => [address, verdictOf(verdicts[index]!)])),
    tls,
  },
});
