import { assert, assertEquals } from "@std/assert";
import * as Content from "@plausch/session/content";
import * as Conversation from "@plausch/session/conversation";
import * as Envelope from "@plausch/session/envelope";
import type { RecipientOutcome } from "@plausch/session/outcome";
import * as Command from "@plausch/smtp/command";
import * as Domain from "@plausch/smtp/domain";
import * as SaslServer from "@plausch/smtp/sasl-server";
import type { Mechanism } from "@plausch/smtp/sasl";
import { TlsError } from "@plausch/tls/tls-error";
import * as Arbitrary from "effect/Arbitrary";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";

/** Decisions of a run, one after another. Those that are not there are 0, which is always the friendly one. */
class Choices {
  #next = 0;
  readonly #values: ReadonlyArray<number>;

  constructor(values: ReadonlyArray<number>) {
    this.#values = values;
  }

  /** From 0 to `below`. */
  upTo(below: number): number {
    return (this.#values[this.#next++] ?? 0) % below;
  }

  /** Once in so many times. */
  rarely(times: number): boolean {
    return this.upTo(times) === times - 1;
  }

  among<A>(...values: ReadonlyArray<A>): A {
    return values[this.upTo(values.length)]!;
  }
}

/**
 * What may have others behind it in a group; any other command has to be its last. The octets of a message may be its first
 * (RFC 2920 section 3.1).
 */
const mayBeFollowed = /^(?:RSET|MAIL|RCPT|FINAL.*)$/;

const user = () => Redacted.make("wonderland");
const mechanisms: ReadonlyArray<Mechanism> = ["PLAIN", "LOGIN", "CRAM-MD5"];

/** A server that answers in any way that comes to its mind, and holds the client to what it may say meanwhile. */
class Server {
  /** What is said and not answered, in order. */
  readonly owed: Array<string> = ["GREETING"];
  /** Every line that was said or heard, for the reader of a failure. */
  readonly log: Array<string> = [];
  isHandshakeDue = false;
  /** In the middle of a reply. */
  hasHungUp = false;
  /** Verbs that were said, for the whole of all runs. */
  readonly verbs = new Set<string>();
  /** Whom a whole message was sent for, for whom it was answered, and for whom it was taken. */
  readonly sent = new Set<string>();
  readonly taken = new Set<string>();
  readonly answered = new Set<string>();

  #heard = "";
  /** The replies that are being said, as far as they are not. */
  #outgoing = "";
  #isInOnePiece = false;
  #offersPipelining = false;
  #isInData = false;
  #chunk = 0;
  #hasSender = false;
  #asked: Array<string> = [];
  #accepted: Array<string> = [];
  #exchange: SaslServer.ServerExchange | undefined;

  readonly #choices: Choices;
  readonly #isPipelining: boolean;
  readonly #isLmtp: boolean;

  constructor(choices: Choices, isPipelining: boolean, isLmtp: boolean) {
    this.#choices = choices;
    this.#isPipelining = isPipelining;
    this.#isLmtp = isLmtp;
  }

  /** The client says something. */
  hear(said: Uint8Array): void {
    assert(!this.isHandshakeDue, "nothing is said between the answer to STARTTLS and the handshake");
    this.#heard += latin1(said);
    while (this.#take());
  }

  #take(): boolean {
    if (this.#chunk > 0) return this.#takeChunk();
    const end = this.#heard.indexOf("\r\n");
    if (end < 0) return false;
    const line = this.#heard.slice(0, end);
    this.#heard = this.#heard.slice(end + 2);
    this.log.push(`> ${line}`);
    if (this.#isInData) this.#takeMessage(line);
    else this.#takeCommand(line);
    return true;
  }

  #takeChunk(): boolean {
    if (this.#heard.length < this.#chunk) return false;
    this.#heard = this.#heard.slice(this.#chunk);
    this.#chunk = 0;
    return this.#heard !== "";
  }

  #takeMessage(line: string): void {
    assertEquals(this.owed, [], "a message is sent when everything is answered");
    if (line !== ".") return;
    this.#isInData = false;
    this.owed.push(...this.#finals);
  }

  /** What is owed for a whole message: in LMTP a reply for each recipient (RFC 2033 section 4.2). */
  get #finals(): ReadonlyArray<string> {
    for (const recipient of this.#accepted) this.sent.add(recipient);
    const all = ["FINAL", ...this.#accepted].join(" ");
    return this.#isLmtp && this.#accepted.length > 0 ? this.#accepted.map((recipient) => `FINAL ${recipient}`) : [all];
  }

  #takeCommand(line: string): void {
    const verb = this.#exchange === undefined ? line.split(" ", 1)[0]!.toUpperCase() : "RESPONSE";
    this.verbs.add(verb);
    const mayGroup = this.#offersPipelining && this.#isPipelining;
    assert(this.#outgoing === "" || mayGroup, `${verb} is said before the reply is complete`);
    assert(this.owed.every((other) => mayGroup && mayBeFollowed.test(other)), `${verb} is said behind ${this.owed}`);
    if (verb === "MAIL") {
      this.#accepted = [];
      this.#hasSender = false;
    }
    if (verb === "RCPT") this.#asked.push(/<(.*)>/.exec(line)![1]!);
    const [, size, last] = /^BDAT (\d+)( LAST)?$/.exec(line) ?? [];
    if (size !== undefined) {
      this.#chunk = Number(size);
      return void this.owed.push(...last === undefined ? ["BDAT"] : this.#finals);
    }
    if (verb === "AUTH") this.#exchange = SaslServer.server(line.split(" ")[1] as Mechanism, { user, nonce: "n" });
    if (verb === "AUTH" || verb === "RESPONSE") {
      const answer = this.#exchange!.receive(verb === "RESPONSE" ? line : line.split(" ")[2]);
      return void this.owed.push(answer._tag === "Challenge" ? `334 ${answer.text}` : answer._tag);
    }
    this.owed.push(verb);
  }

  /** The next octets on their way to the client; undefined where nothing is owed. */
  say(): Uint8Array | undefined {
    // Now and then the replies to a whole group come at once.
    do {
      const asked = this.hasHungUp ? undefined : this.owed.shift();
      if (asked === undefined) continue;
      const answer = this.#answer(asked);
      this.#outgoing += answer.map((line) => `${line}\r\n`).join("");
      this.#note(asked, answer);
    } while (this.owed.length > 0 && !this.hasHungUp && this.#choices.rarely(2));
    if (this.#outgoing === "") return undefined;
    const isWhole = this.#isInOnePiece || !this.#choices.rarely(2);
    this.#isInOnePiece = false;
    const length = !isWhole ? 1 + this.#choices.upTo(this.#outgoing.length) : this.#outgoing.length;
    const piece = this.#outgoing.slice(0, length);
    this.#outgoing = this.#outgoing.slice(length);
    this.log.push(`< ${JSON.stringify(piece)}`);
    return octets(piece);
  }

  /** What an answer means for recipients, if it is one to a whole message. */
  #note(asked: string, answer: ReadonlyArray<string>): void {
    const [verb, ...named] = asked.split(" ");
    // Whoever ends the session answers for all who are left.
    const recipients = answer[0]!.startsWith("421") ? this.sent : named;
    const [, code] = /^(\d)\d\d(?: |$)/.exec(answer.at(-1)!) ?? [];
    if (verb !== "FINAL" || code === undefined) return;
    for (const recipient of recipients) {
      this.answered.add(recipient);
      if (code === "2") this.taken.add(recipient);
    }
  }

  #answer(asked: string): ReadonlyArray<string> {
    const recipient = asked === "RCPT" ? this.#asked.shift() : undefined;
    const isFinal = asked.startsWith("FINAL");
    if (this.#choices.rarely(isFinal ? 6 : 40)) {
      const odd = this.#odd();
      // By its first digit it is a go-ahead (RFC 5321 section 4.2.1)
      this.#isInData = asked === "DATA" && odd[0]!.startsWith("3");
      return odd;
    }
    const isRefused = this.#choices.rarely(9);
    if (isRefused && asked !== "QUIT") {
      if (asked.startsWith("334") || asked === "Success" || asked === "Failure") this.#exchange = undefined;
      return [this.#choices.among("550 5.1.1 no", "450 4.2.1 not now", "502 what", "452 4.5.3 too many")];
    }
    switch (asked) {
      case "GREETING":
        return this.#choices.among(["220 mx.test"], ["220-mx.test", "220 welcome"]);
      case "EHLO":
      case "LHLO":
        return this.#offer();
      case "STARTTLS":
        this.isHandshakeDue = true;
        this.#offersPipelining = false;
        return ["220 go"];
      case "Success":
      case "Failure":
        this.#exchange = undefined;
        return [asked === "Success" ? "235 welcome" : "535 no"];
      case "MAIL":
        this.#hasSender = true;
        return ["250 ok"];
      case "RCPT":
        if (this.#hasSender) this.#accepted.push(recipient!);
        return ["250 ok"];
      case "DATA":
        this.#isInData = true;
        return ["354 go"];
      case "QUIT":
        return ["221 bye"];
      default:
        return asked.startsWith("334")
          ? [asked]
          : this.#choices.among(["250 ok"], ["250-2.0.0 all", "250 2.0.0 is well"]);
    }
  }

  #odd(): ReadonlyArray<string> {
    this.#exchange = undefined;
    const way = this.#choices.upTo(6);
    this.hasHungUp = way === 5 || way === 0;
    // One reply too many, where no other is owed
    this.#isInOnePiece = way === 4 && this.owed.length === 0;
    const odd = [["421 bye"], ["354 what"], ["334 !"], ["hello?"], ["250 ok", "250 ok"], ["250-half"]];
    return way === 4 && !this.#isInOnePiece ? ["350 so"] : odd[way]!;
  }

  #offer(): ReadonlyArray<string> {
    const keywords = [
      "PIPELINING",
      "SIZE 1000",
      "8BITMIME",
      "CHUNKING",
      "STARTTLS",
      `AUTH ${mechanisms.filter(() => !this.#choices.rarely(2)).join(" ")}`,
      `LIMITS RCPTMAX=${1 + this.#choices.upTo(3)} MAILMAX=2`,
      "XCLIENT NAME ADDR",
      "XFORWARD NAME ADDR",
      "DSN",
      "SMTPUTF8",
    ].filter(() => !this.#choices.rarely(3));
    this.#offersPipelining = keywords.includes("PIPELINING");
    return ["250-mx.test", ...keywords.map((keyword) => `250-${keyword}`), "250 HELP"];
  }
}

const host = Result.getOrThrow(Domain.hostFromString("c.test"));
const content = Result.getOrThrow(Content.make(octets("Subject: t\r\n\r\n.hello\r\n")));
const attributes = [["ADDR", "192.0.2.1"]] as const;

const optionsOf = (choices: Choices): Conversation.Options => ({
  host,
  protocol: choices.among("smtp", "smtp", "lmtp"),
  tls: choices.among("opportunistic", "none", "required", "verified"),
  pipelining: choices.among(undefined, true, false),
  chunking: choices.among<boolean | number>(false, true, 7, 22),
  maxFlight: choices.among(100, 1, 2),
  overlap: choices.among(undefined, true, false),
  auth: choices.among(
    undefined,
    { credentials: { _tag: "Password", user: "alice", password: user() }, allowInClear: ["PLAIN", "LOGIN"] },
    { credentials: { _tag: "Password", user: "alice", password: user() }, initialResponse: false },
  ),
  xclient: choices.among(undefined, undefined, attributes),
  xforward: choices.among(undefined, undefined, attributes),
  nonce: () => "nonce",
});

/** Something to ask of a conversation, when it is idle or, where it is posted, when it may be. */
interface Request {
  readonly isPosted: boolean;
  readonly ask: (conversation: Conversation.Conversation) => void;
}

const idle = (ask: Request["ask"]): Request => ({ isPosted: false, ask });

const someRequest = (
  choices: Choices,
  number: number,
  settled: (recipients: ReadonlyArray<RecipientOutcome>) => void,
): Request => {
  if (choices.rarely(5)) {
    const command = choices.among<Command.Command>(Command.noop(), Command.rset, Command.help());
    return idle((conversation) => void Result.getOrThrow(conversation.command(command)));
  }
  const to = ["b@d.test", "c@e.test", "d@d.test", "e@f.test"].slice(0, 1 + choices.upTo(4)).map((at) => number + at);
  const envelope = Result.getOrThrow(Envelope.make({ from: "a@c.test", to }));
  if (choices.rarely(2)) {
    const ask: Request["ask"] = (conversation) =>
      void Result.getOrThrow(conversation.post(envelope, content, ({ recipients }) => settled(recipients)));
    return { isPosted: true, ask };
  }
  const until = choices.among<Conversation.Until>("final", "final", "final", "rcpt", "mail", "data");
  return idle((conversation) => void Result.getOrThrow(conversation.send(envelope, content, until)));
};

const verbs = new Set<string>();

/** Plays one conversation, and throws where the client does what it must not do. */
const converse = (values: ReadonlyArray<number>): void => {
  const choices = new Choices(values);
  const options = optionsOf(choices);
  const server = new Server(choices, options.pipelining !== false, options.protocol === "lmtp");
  const conversation = Conversation.make(options);
  /** Holds verdicts against what the server did. */
  const judge = (recipients: ReadonlyArray<RecipientOutcome>): void => {
    for (const { address, verdict } of recipients) {
      assert(verdict !== "accepted" || server.taken.has(address), `${address} is accepted`);
      assert(verdict !== "uncertain" || server.sent.has(address), `${address} is uncertain, and was not sent`);
      if (server.sent.has(address) && !server.answered.has(address)) assertEquals(verdict, "uncertain", address);
      if (!server.taken.has(address)) continue;
      assert(verdict === "accepted" || verdict === "uncertain", `${address} was taken, and is ${verdict}`);
    }
  };
  let posted = 0;
  const requests = [
    idle(() => conversation.greet()),
    idle(() => conversation.hello()),
    ...Array.from({ length: 1 + choices.upTo(5) }, (_, number) =>
      someRequest(choices, number, (recipients) => {
        posted--;
        judge(recipients);
      })),
  ];
  let hasQuit = false;
  const listen = (): void => {
    for (let said = conversation.output(); said !== undefined; said = conversation.output()) server.hear(said);
  };
  const ask = (): boolean => {
    if (conversation.isOver || hasQuit) return false;
    // In the middle of a message nothing can be asked for.
    const isStuck = conversation.isIdle && conversation.phase === "data";
    const [request, ...others] = conversation.refusal === undefined && !isStuck ? requests : [];
    if (!(request?.isPosted ? conversation.mayPost : conversation.isIdle)) return false;
    requests.splice(0, requests.length, ...others);
    if (posted === 0) judge(conversation.recipients);
    if (request?.isPosted) posted++;
    if (request !== undefined) request.ask(conversation);
    else {
      hasQuit = true;
      if (conversation.mayQuit) conversation.quit();
    }
    return true;
  };
  try {
    for (;;) {
      do listen(); while (ask());
      if (conversation.isOver) break;
      const said = server.say();
      if (said !== undefined) conversation.receive(said);
      else if (server.hasHungUp) conversation.end(undefined);
      else if (hasQuit && conversation.isIdle) break;
      else if (conversation.isHandshakeDue) {
        assert(server.isHandshakeDue, "the handshake begins when the server has agreed to it");
        server.isHandshakeDue = false;
        if (choices.rarely(6)) conversation.handshakeFailed(new TlsError({ reason: "Alert" }));
        else {
          server.owed.length = 0;
          conversation.secured(undefined);
        }
      } else throw new Error(`The client waits at ${conversation.stage} for an answer that nobody owes it`);
    }
    judge(conversation.recipients);
    assertEquals(posted, 0, "each message is settled once");
    assertEquals(conversation.output(), undefined, "nothing is said when all is over");
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : cause}\n${server.log.join("\n")}`, { cause });
  } finally {
    for (const verb of server.verbs) verbs.add(verb);
  }
};

const decisions = Arbitrary.array(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9_999 }))),
  { minLength: 250, maxLength: 400 },
);

property(
  "whatever the server does, the client waits for each answer, for none in vain, and comes to the right verdicts",
  decisions,
  (values) => {
    converse(values);
    return true;
  },
  { runs: 2000, seed: "plausch" },
);

Deno.test("the conversations above went far", () => {
  for (const verb of ["EHLO", "LHLO", "HELO", "STARTTLS", "AUTH", "RESPONSE", "XCLIENT", "XFORWARD", "MAIL", "RCPT"]) {
    assert(verbs.has(verb), verb);
  }
  for (const verb of ["DATA", "BDAT", "RSET", "NOOP", "HELP", "QUIT"]) assert(verbs.has(verb), verb);
});
