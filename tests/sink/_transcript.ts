// Conversations as text, played against the server's side by hand.
import type { Submission } from "@plausch/sink/submission";
import * as ServerProtocol from "@plausch/sink/server-protocol";
import { assertEquals } from "@std/assert";
import { latin1, octets } from "../support/cases.ts";
import { certificateOf } from "./_tls_report.ts";

/** What came of a conversation. */
export interface Rehearsed {
  readonly server: ServerProtocol.ServerProtocol;
  /** The messages that were stored. */
  readonly stored: ReadonlyArray<Submission>;
  /** What an observer saw. */
  readonly events: ReadonlyArray<ServerProtocol.ProtocolEvent>;
}

const unescape = (text: string): string =>
  text.replace(
    /\\(r|n|x[0-9a-f]{2})/g,
    (_, code: string) =>
      code === "r" ? "\r" : code === "n" ? "\n" : String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );

/**
 * Plays a conversation, from the greeting on. Its lines:
 *
 * - `> text`: the client says a line; `>> text`: it sends octets, with `\r`, `\n` and `\xhh`
 * - `< text`: the server says a line; what it says must be exactly the `<` lines between two of the client
 * - `= tls`: the handshake goes through; `= stored`: the store has the message, whose name is its number; `= not stored`
 * - `= waits 5000`: the server waits so long; `= over`: it has ended the connection; `= silence`: it has not, and says nothing
 */
export const rehearse = (transcript: string, options: Partial<ServerProtocol.Options> = {}): Rehearsed => {
  const events: Array<ServerProtocol.ProtocolEvent> = [];
  const stored: Array<Submission> = [];
  const server = ServerProtocol.make({ host: "sink.test", observe: (event) => events.push(event), ...options });
  let heard = "";
  let expected = "";
  const settle = (line: string): void => {
    heard += latin1(server.output() ?? new Uint8Array());
    assertEquals(heard, expected, `before "${line}"`);
    heard = expected = "";
  };
  const events_: Readonly<Record<string, (argument: string) => void>> = {
    tls: () => {
      assertEquals(server.wantsTls, true, "the server waits for a handshake");
      server.secured(certificateOf("client.test"));
    },
    stored: () => {
      stored.push(server.submission!);
      server.stored(String(stored.length));
    },
    not: () => server.stored(undefined),
    waits: (millis) => {
      assertEquals(server.pausing, Number(millis));
      server.resume();
    },
    over: () => assertEquals(server.isOver, true, "the connection is over"),
    silence: () => assertEquals([server.isOver, server.output()], [false, undefined]),
  };
  server.greet();
  for (const line of transcript.trim().split("\n").map((line) => line.trim())) {
    const [mark = "", ...words] = line.split(" ");
    const text = line.slice(mark.length + 1);
    if (mark === "<") {
      expected += `${text}\r\n`;
      continue;
    }
    settle(line);
    if (mark === ">") server.receive(octets(`${text}\r\n`));
    else if (mark === ">>") server.receive(octets(unescape(text)));
    else if (mark === "=") events_[words[0]!]!(words[1]!);
    else throw new Error(`What is "${line}"?`);
  }
  settle("the end");
  return { server, stored, events };
};
