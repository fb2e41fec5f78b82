import type { Dialogue, DialogueStep } from "./dialogue.ts";

const message = "Subject: t\r\n\r\n.hello\r\nbye\r\n";

const opening = (verb: "EHLO" | "LHLO", ...offered: ReadonlyArray<string>): ReadonlyArray<DialogueStep> => [
  { server: "220 mx.test ESMTP" },
  { client: `${verb} c.test` },
  { server: ["250-mx.test", ...offered.map((keyword) => `250-${keyword}`), "250 HELP"] },
];

const mail: ReadonlyArray<DialogueStep> = [{ client: "MAIL FROM:<a@c.test>" }, { server: "250 ok" }];

const rcpt = (reply: string, recipient: string): ReadonlyArray<DialogueStep> => [
  { client: `RCPT TO:<${recipient}>` },
  { server: reply },
];

const quit: ReadonlyArray<DialogueStep> = [{ client: "QUIT" }, { server: "221 bye" }];

const common = { clientLines: [], message };
const policy = { helo: "c.test", tls: "none" } as const;

/** Dialogues with several chunks (RFC 3030), beside those of tests/cases. */
export const moreDialogues: ReadonlyArray<Dialogue> = [
  {
    ...common,
    id: "more-bdat-chunks",
    why: "each chunk waits for its reply, and only the last one decides",
    policy: { ...policy, bdat: 10 },
    envelope: { from: "a@c.test", to: ["x@d.test", "y@d.test"] },
    steps: [
      ...opening("EHLO", "CHUNKING"),
      ...mail,
      ...rcpt("250 ok", "x@d.test"),
      ...rcpt("550 5.1.1 no", "y@d.test"),
      { bdat: [10, false] },
      { server: "250 2.0.0 10 octets" },
      { bdat: [10, false] },
      { server: ["250-2.0.0 10 octets", "250 2.0.0 more"] },
      { bdat: [7, true] },
      { server: "250 2.0.0 queued" },
      ...quit,
    ],
    expect: {
      error: null,
      next: "done",
      recipients: {
        "x@d.test": { verdict: "accepted", stage: "final", code: 250, enhanced: "2.0.0" },
        "y@d.test": { verdict: "rejected", stage: "rcpt", code: 550, enhanced: "5.1.1" },
      },
      tls: false,
    },
  },
  {
    ...common,
    id: "more-bdat-chunk-refused",
    why: "after a refused chunk the rest is not sent",
    policy: { ...policy, bdat: 10 },
    envelope: { from: "a@c.test", to: ["x@d.test"] },
    steps: [
      ...opening("EHLO", "CHUNKING"),
      ...mail,
      ...rcpt("250 ok", "x@d.test"),
      { bdat: [10, false] },
      { server: "250 ok" },
      { bdat: [10, false] },
      { server: "452 4.3.1 disk full" },
      ...quit,
    ],
    expect: {
      error: null,
      next: "next-mx",
      recipients: { "x@d.test": { verdict: "deferred", stage: "bdat", code: 452, enhanced: "4.3.1" } },
      tls: false,
    },
  },
  {
    ...common,
    id: "more-lmtp-bdat",
    why: "the last chunk has a reply for each accepted recipient, a chunk before it has one (RFC 2033, RFC 3030)",
    policy: { ...policy, bdat: 20, lmtp: true },
    envelope: { from: "a@c.test", to: ["x@d.test", "y@d.test", "z@d.test"] },
    steps: [
      ...opening("LHLO", "PIPELINING", "CHUNKING"),
      { client: ["MAIL FROM:<a@c.test>", "RCPT TO:<x@d.test>", "RCPT TO:<y@d.test>", "RCPT TO:<z@d.test>"] },
      { server: ["250 ok", "250 ok", "550 no", "250 ok"] },
      { bdat: [20, false] },
      { server: "250 ok" },
      { bdat: [7, true] },
      { server: ["250 2.1.5 x has it", "452 4.2.2 z is full"] },
      ...quit,
    ],
    expect: {
      error: null,
      next: "next-mx",
      recipients: {
        "x@d.test": { verdict: "accepted", stage: "final", code: 250, enhanced: "2.1.5" },
        "y@d.test": { verdict: "rejected", stage: "rcpt", code: 550 },
        "z@d.test": { verdict: "deferred", stage: "final", code: 452, enhanced: "4.2.2" },
      },
      tls: false,
    },
  },
  {
    ...common,
    id: "more-bdat-close",
    why: "closed before the last chunk was sent",
    policy: { ...policy, bdat: 20 },
    envelope: { from: "a@c.test", to: ["x@d.test"] },
    steps: [
      ...opening("EHLO", "CHUNKING"),
      ...mail,
      ...rcpt("250 ok", "x@d.test"),
      { bdat: [20, false] },
      { close: true },
    ],
    expect: {
      error: "ConnectionLost",
      next: "next-mx",
      recipients: { "x@d.test": { verdict: "deferred", stage: "bdat" } },
      tls: false,
    },
  },
];
