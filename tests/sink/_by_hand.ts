// The server's side driven by hand: octets in, replies out, no sockets.
import type { Submission } from "@plausch/sink/submission";
import * as ServerProtocol from "@plausch/sink/server-protocol";
import * as Path from "@plausch/smtp/path";
import { latin1, octets } from "../support/cases.ts";

/** A server at work. */
export interface ByHand {
  readonly server: ServerProtocol.ServerProtocol;
  /** What the server has said since the last time. */
  readonly said: () => string;
  /** Says something to the server (U+00xx is one octet), and gives what it answers. */
  readonly say: (text: string) => string;
}

/** A server of the name `sink.test`, greeted or further. */
export const begin = (options: Partial<ServerProtocol.Options> = {}, ...lines: ReadonlyArray<string>): ByHand => {
  const server = ServerProtocol.make({ host: "sink.test", ...options });
  const said = () => latin1(server.output() ?? new Uint8Array());
  const say = (text: string) => {
    server.receive(octets(text));
    return said();
  };
  server.greet();
  said();
  for (const line of lines) say(`${line}\r\n`);
  return { server, said, say };
};

/** What leads to a message. */
export const hello = "EHLO c.test";
export const mail = "MAIL FROM:<a@c.test>";
export const rcpt = "RCPT TO:<b@d.test>";

/** A message with its envelope, as text. */
export interface Kept {
  readonly from: string;
  readonly to: ReadonlyArray<string>;
  readonly message: string;
}

export const kept = ({ reversePath, forwardPaths, octets }: Submission): Kept => ({
  from: reversePath._tag === "Null" ? "<>" : Path.address(reversePath),
  to: forwardPaths.map(Path.address),
  message: latin1(octets),
});

/** What came of a whole conversation. */
export interface Played {
  readonly said: string;
  readonly kept: ReadonlyArray<Kept>;
  readonly isOver: boolean;
}

/**
 * Lets the server hear chunks, with a store that takes every message: `at once`, or only after the last chunk came in, so that
 * they wait in the server.
 */
export const play = (
  chunks: ReadonlyArray<Uint8Array>,
  options: Partial<ServerProtocol.Options> = {},
  store: "at once" | "late" = "at once",
): Played => {
  const { server, said } = begin(options);
  const messages: Array<Kept> = [];
  let heard = "";
  const save = () => {
    while (server.submission !== undefined) {
      messages.push(kept(server.submission));
      server.stored(String(messages.length));
    }
  };
  for (const chunk of chunks) {
    server.receive(chunk.slice());
    if (store === "at once") save();
    heard += said();
  }
  save();
  return { said: heard + said(), kept: messages, isOver: server.isOver };
};
