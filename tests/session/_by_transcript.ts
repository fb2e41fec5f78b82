import { assertEquals } from "@std/assert";
import * as Content from "@plausch/session/content";
import * as Conversation from "@plausch/session/conversation";
import * as Envelope from "@plausch/session/envelope";
import type { SessionEvent } from "@plausch/session/event";
import type { RecipientOutcome } from "@plausch/session/outcome";
import * as Domain from "@plausch/smtp/domain";
import * as Octets from "@plausch/smtp/octets";
import * as Result from "effect/Result";
import { latin1, octets } from "../support/cases.ts";

export const host = Result.getOrThrow(Domain.hostFromString("c.test"));

export const message = (text: string): Content.Content => Result.getOrThrow(Content.make(octets(text)));

export const hello = message("Subject: t\r\n\r\nhello\r\n");

export const envelope = (to: ReadonlyArray<string>, parameters: Envelope.Parts["parameters"] = {}): Envelope.Envelope =>
  Result.getOrThrow(Envelope.make({ from: "a@c.test", to, parameters }));

/** What to ask of the conversation, one after another. Before them it hears the greeting; after them it says QUIT, if it can. */
export type Request = (conversation: Conversation.Conversation) => void;

export const sayHello: Request = (conversation) => conversation.hello();

export const send = (to: Envelope.Envelope, content = hello, until?: Conversation.Until): Request => (conversation) =>
  Result.getOrThrow(conversation.send(to, content, until));

export interface Played {
  readonly conversation: Conversation.Conversation;
  readonly events: ReadonlyArray<SessionEvent>;
  /** The verdicts after the last request and before QUIT. */
  readonly recipients: ReadonlyArray<RecipientOutcome>;
}

/**
 * Plays a transcript against the conversation alone: `>` is expected of the client, `<` comes from the server, `* tls` is the
 * handshake, `* close` the end of the connection. Chunks of a message stand as lines, too.
 */
export const play = (
  options: Omit<Conversation.Options, "host">,
  transcript: string,
  requests: ReadonlyArray<Request>,
): Played => {
  const events: Array<SessionEvent> = [];
  const conversation = Conversation.make({ host, ...options, observe: (event) => events.push(event) });
  const left = [(self: Conversation.Conversation) => self.greet(), ...requests];
  let recipients: ReadonlyArray<RecipientOutcome> = [];
  let hasQuit = false;
  let said = "";
  let expected = "";
  const speak = (): void => {
    for (;;) {
      for (let out = conversation.output(); out !== undefined; out = conversation.output()) said += latin1(out);
      if (!conversation.isIdle || conversation.isOver || hasQuit) return;
      const next = conversation.refusal === undefined ? left.shift() : undefined;
      if (next !== undefined) next(conversation);
      else {
        recipients = conversation.recipients;
        hasQuit = true;
        if (!conversation.mayQuit) return;
        conversation.quit();
      }
    }
  };
  const lines = transcript.split("\n").map((line) => line.trimStart()).filter((line) => line !== "");
  lines.forEach((line, index) => {
    const text = line.slice(2);
    speak();
    if (line.startsWith(">")) expected += latin1(Octets.encode(`${text}\r\n`));
    else {
      assertEquals(said, expected, `before line ${index + 1}: ${line}`);
      if (line.startsWith("<")) conversation.receive(Octets.encode(`${text}\r\n`));
      else if (line === "* tls") conversation.secured(undefined);
      else if (line === "* close") conversation.end(undefined);
      else throw new Error(`What is "${line}"?`);
    }
  });
  speak();
  assertEquals(said, expected, "at the end");
  if (!hasQuit) recipients = conversation.recipients;
  return { conversation, events, recipients };
};

export const verdicts = (recipients: ReadonlyArray<RecipientOutcome>): ReadonlyArray<string> =>
  recipients.map(({ verdict, stage, code, reason }) =>
    [verdict, stage, ...(code === undefined ? [] : [code]), ...(reason === undefined ? [] : [reason])].join(" ")
  );
