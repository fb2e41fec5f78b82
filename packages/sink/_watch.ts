// What an observer gets to see: everything but credentials.
import * as Redact from "@plausch/smtp/redact";
import * as Reply from "@plausch/smtp/reply";
import type { Fault } from "./fault.ts";
import type { ProtocolEvent } from "./server_protocol.ts";

/** Tells an observer what happens. */
export interface Watch {
  heard(line: string): void;
  said(reply: Reply.Reply): void;
  happened(fault: Fault): void;
}

const nobody: Watch = { heard: () => {}, said: () => {}, happened: () => {} };

/** Code and separator. */
const prefix = 4;

/** Watches one connection for the observer, if there is one. */
export const make = (observe: ((event: ProtocolEvent) => void) | undefined): Watch => {
  if (observe === undefined) return nobody;
  const redactor = Redact.make();
  return {
    heard: (line) => observe({ _tag: "Heard", line: redactor.client(line) }),
    said: (reply) => {
      const lines = Reply.wireLines(reply).map((line) => redactor.server(line).slice(prefix));
      observe({ _tag: "Said", reply: { ...reply, lines } });
    },
    happened: (fault) => observe({ _tag: "Faulted", fault }),
  };
};
