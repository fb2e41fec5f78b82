import { read, type Written } from "./dialogue_text.ts";
import type { Policy } from "./dialogue.ts";

const opening = (verb: "EHLO" | "LHLO", offered: ReadonlyArray<string>): string =>
  ["< 220 mx.test ESMTP", `> ${verb} c.test`, ...offered.map((keyword) => `< 250-${keyword}`), "< 250 HELP", ""]
    .join("\n");

const ehlo = (...offered: ReadonlyArray<string>): string => opening("EHLO", ["mx.test", ...offered]);
const lhlo = (...offered: ReadonlyArray<string>): string => opening("LHLO", ["mx.test", ...offered]);
const refusedEhlo = (reply: string): string => `< 220 mx.test\n> EHLO c.test\n< ${reply}\n`;

const mail = "> MAIL FROM:<a@c.test>\n< 250 ok\n";
const rcpt = (name: string, reply = "250 ok"): string => `> RCPT TO:<${name}@d.test>\n< ${reply}\n`;
/** MAIL, RCPT and DATA in one group. */
const group = (...names: ReadonlyArray<string>): string =>
  ["> MAIL FROM:<a@c.test>", ...names.map((name) => `> RCPT TO:<${name}@d.test>`), "> DATA", ""].join("\n");
const data = "> DATA\n< 354 go\n>> message\n";
const quit = "> QUIT\n< 221 bye\n";
const quits = "> QUIT\n* server closes\n";
const gone = "< 421 4.3.2 going down\n* client closes\n";

const two = ["x@d.test", "y@d.test"];
const three = [...two, "z@d.test"];

const chunks: ReadonlyArray<Written> = [
  {
    id: "more-bdat-chunks",
    why: "each chunk waits for its reply, and only the last one decides",
    policy: { bdat: 10 },
    to: two,
    steps: `${ehlo("CHUNKING")}${mail}${rcpt("x")}${rcpt("y", "550 5.1.1 no")}
      >> 10
      < 250 2.0.0 10 octets
      >> 10
      < 250-2.0.0 10 octets
      < 250 2.0.0 more
      >> 7 LAST
      < 250 2.0.0 queued
      ${quit}`,
    verdicts: ["accepted final 250 2.0.0", "rejected rcpt 550 5.1.1"],
    next: "done",
  },
  {
    id: "more-bdat-even",
    why: "a message of whole chunks ends with the last of them, not with an empty one",
    policy: { bdat: 9 },
    steps: `${ehlo("CHUNKING")}${mail}${rcpt("x")}
      >> 9
      < 250 ok
      >> 9
      < 250 ok
      >> 9 LAST
      < 250 ok
      ${quit}`,
    verdicts: ["accepted final 250"],
    next: "done",
  },
  {
    id: "more-bdat-empty",
    why: "a message of no octets is one empty chunk",
    policy: { bdat: true },
    message: "",
    steps: `${ehlo("CHUNKING")}${mail}${rcpt("x")}>> 0 LAST\n< 250 ok\n${quit}`,
    verdicts: ["accepted final 250"],
    next: "done",
  },
  {
    id: "more-bdat-chunk-refused",
    why: "after a refused chunk the rest is not sent",
    policy: { bdat: 10 },
    steps: `${ehlo("CHUNKING")}${mail}${rcpt("x")}
      >> 10
      < 250 ok
      >> 10
      < 452 4.3.1 disk full
      ${quit}`,
    verdicts: ["deferred bdat 452 4.3.1"],
    next: "next-mx",
  },
  {
    id: "more-bdat-last-refused",
    why: "the reply to the last chunk is the verdict",
    policy: { bdat: true },
    steps: `${ehlo("CHUNKING")}${mail}${rcpt("x")}>> 27 LAST\n< 554 5.6.0 no\n${quit}`,
    verdicts: ["rejected final 554 5.6.0"],
    next: "never",
  },
  {
    id: "more-bdat-354",
    why: "no chunk is answered with 3yz",
    policy: { bdat: 10 },
    steps: `${ehlo("CHUNKING")}${mail}${rcpt("x")}>> 10\n< 354 go\n* client closes`,
    verdicts: ["deferred bdat 354"],
    error: "UnexpectedReply",
    next: "next-mx",
  },
  {
    id: "more-bdat-nobody",
    why: "all recipients of a group refused: there is nobody to send a chunk for",
    policy: { bdat: true },
    to: two,
    steps: `${ehlo("PIPELINING", "CHUNKING")}${group("x", "y").replace("> DATA\n", "")}
      < 250 ok
      < 550 5.1.1 no
      < 451 4.3.0 later
      ${quit}`,
    verdicts: ["rejected rcpt 550 5.1.1", "deferred rcpt 451 4.3.0"],
    next: "next-mx",
  },
  {
    id: "more-bdat-close",
    why: "closed before the last chunk was sent",
    policy: { bdat: 20 },
    steps: `${ehlo("CHUNKING")}${mail}${rcpt("x")}>> 20\n* server closes`,
    verdicts: ["deferred bdat"],
    error: "ConnectionLost",
    next: "next-mx",
  },
  {
    id: "more-lmtp-bdat",
    why: "the last chunk has a reply for each accepted recipient, a chunk before it has one (RFC 2033, RFC 3030)",
    policy: { bdat: 20, lmtp: true },
    to: three,
    steps: `${lhlo("PIPELINING", "CHUNKING")}${group("x", "y", "z").replace("> DATA\n", "")}
      < 250 ok
      < 250 ok
      < 550 no
      < 250 ok
      >> 20
      < 250 ok
      >> 7 LAST
      < 250 2.1.5 x has it
      < 452 4.2.2 z is full
      ${quit}`,
    verdicts: ["accepted final 250 2.1.5", "rejected rcpt 550", "deferred final 452 4.2.2"],
    next: "next-mx",
  },
];

const encrypted = `${ehlo("STARTTLS")}> STARTTLS\n< 220 go\n* starts TLS\n> EHLO c.test\n`;
const login: Partial<Policy> = { tls: "required", auth: { user: "u", pass: "p" } };

/** 421 ends the session wherever it comes: nothing more is said, and who is open is deferred (RFC 5321 section 3.8). */
const goodbyes: ReadonlyArray<Written> = [
  {
    id: "more-421-ehlo",
    why: "421 to EHLO: no HELO, and no QUIT",
    steps: `< 220 mx.test\n> EHLO c.test\n${gone}`,
    verdicts: ["deferred ehlo 421"],
    next: "next-mx",
  },
  {
    id: "more-421-helo",
    why: "421 to HELO",
    steps: `${refusedEhlo("500 what")}> HELO c.test\n${gone}`,
    verdicts: ["deferred helo 421"],
    next: "next-mx",
  },
  {
    id: "more-421-starttls",
    why: "421 to STARTTLS is no refusal after which a conversation could go on in clear",
    policy: { tls: "opportunistic" },
    steps: `${ehlo("STARTTLS")}> STARTTLS\n${gone}`,
    verdicts: ["deferred starttls 421 4.3.2"],
    next: "next-mx",
  },
  {
    id: "more-421-ehlo-tls",
    why: "421 to EHLO under TLS",
    policy: { tls: "required" },
    steps: `${encrypted}${gone}`,
    verdicts: ["deferred ehlo-tls 421"],
    next: "next-mx",
    tls: true,
  },
  {
    id: "more-421-auth",
    why: "421 to AUTH says nothing about the password",
    policy: login,
    steps: `${encrypted}< 250-mx\n< 250 AUTH PLAIN\n> AUTH PLAIN AHUAcA==\n${gone}`,
    verdicts: ["deferred auth 421 4.3.2"],
    next: "next-mx",
    tls: true,
  },
  {
    id: "more-421-mail",
    why: "421 to MAIL",
    to: two,
    steps: `${ehlo()}> MAIL FROM:<a@c.test>\n${gone}`,
    verdicts: ["deferred mail 421 4.3.2", "deferred mail 421 4.3.2"],
    next: "next-mx",
  },
  {
    id: "more-421-mail-in-group",
    why: "421 to MAIL of a group",
    to: two,
    steps: `${ehlo("PIPELINING")}${group("x", "y")}${gone}`,
    verdicts: ["deferred mail 421 4.3.2", "deferred mail 421 4.3.2"],
    next: "next-mx",
  },
  {
    id: "more-421-data-in-group",
    why: "421 to DATA of a group: who was refused before stays refused",
    to: two,
    steps: `${ehlo("PIPELINING")}${group("x", "y")}< 250 ok\n< 250 ok\n< 550 5.1.1 no\n${gone}`,
    verdicts: ["deferred data 421 4.3.2", "rejected rcpt 550 5.1.1"],
    next: "next-mx",
  },
  {
    id: "more-421-bdat",
    why: "421 to a chunk",
    policy: { bdat: 10 },
    steps: `${ehlo("CHUNKING")}${mail}${rcpt("x")}>> 10\n${gone}`,
    verdicts: ["deferred bdat 421 4.3.2"],
    next: "next-mx",
  },
  {
    id: "more-421-bdat-last",
    why: "421 to the last chunk",
    policy: { bdat: true },
    steps: `${ehlo("CHUNKING")}${mail}${rcpt("x")}>> 27 LAST\n${gone}`,
    verdicts: ["deferred final 421 4.3.2"],
    next: "next-mx",
  },
  {
    id: "more-421-lone-dot",
    why: "421 to the dot of an empty message",
    steps: `${ehlo("PIPELINING")}${group("x")}< 250 ok\n< 550 no\n< 354 go\n>> dot\n${gone}`,
    verdicts: ["rejected rcpt 550"],
    next: "never",
  },
  {
    id: "more-421-quit",
    why: "421 to QUIT changes nothing",
    steps: `${ehlo()}${mail}${rcpt("x")}${data}< 250 ok\n> QUIT\n< 421 4.3.2 going down`,
    verdicts: ["accepted final 250"],
    next: "done",
  },
];

/** What happens inside a group (RFC 2920 section 3.1). */
const groups: ReadonlyArray<Written> = [
  {
    id: "more-group-partial",
    why: "the first recipient refused, the last one for now: the message goes to the one between",
    to: three,
    steps: `${ehlo("PIPELINING")}${group("x", "y", "z")}
      < 250 ok
      < 550 5.1.1 no
      < 250 ok
      < 450 4.2.1 later
      < 354 go
      >> message
      < 250 2.0.0 ok
      ${quit}`,
    verdicts: ["rejected rcpt 550 5.1.1", "accepted final 250 2.0.0", "deferred rcpt 450 4.2.1"],
    next: "next-mx",
  },
  {
    id: "more-group-nobody",
    why: "nobody accepted, and DATA refused as it has to be",
    to: two,
    steps: `${ehlo("PIPELINING")}${group("x", "y")}< 250 ok\n< 550 no\n< 450 no\n< 554 no valid recipients\n${quit}`,
    verdicts: ["rejected rcpt 550", "deferred rcpt 450"],
    next: "next-mx",
  },
  {
    id: "more-group-nobody-354",
    why: "nobody accepted, and 354: a lone dot, whose 250 makes nobody accepted",
    to: two,
    steps: `${ehlo("PIPELINING")}${group("x", "y")}< 250 ok\n< 550 no\n< 550 no\n< 354 go\n>> dot\n< 250 ok\n${quit}`,
    verdicts: ["rejected rcpt 550", "rejected rcpt 550"],
    next: "never",
  },
  {
    id: "more-group-nobody-354-close",
    why: "the answer to the lone dot never comes: nobody waits for it",
    steps: `${ehlo("PIPELINING")}${group("x")}< 250 ok\n< 550 no\n< 354 go\n>> dot\n* server closes`,
    verdicts: ["rejected rcpt 550"],
    next: "never",
  },
  {
    id: "more-group-sender-354",
    why: "the sender refused, and 354",
    steps: `${ehlo("PIPELINING")}${group("x")}< 451 4.3.0 no\n< 503 no\n< 354 go\n>> dot\n< 503 no\n${quit}`,
    verdicts: ["deferred mail 451 4.3.0"],
    next: "next-mx",
  },
  {
    id: "more-group-sender-250-354",
    why: "the sender refused, and everything else taken: without a sender there is no message",
    steps: `${ehlo("PIPELINING")}${group("x")}< 550 5.7.1 no\n< 250 ok\n< 354 go\n>> dot\n< 250 ok\n${quit}`,
    verdicts: ["rejected mail 550 5.7.1"],
    next: "never",
  },
  {
    id: "more-group-data-451",
    why: "DATA refused after one recipient was taken",
    to: two,
    steps: `${ehlo("PIPELINING")}${group("x", "y")}< 250 ok\n< 250 ok\n< 550 no\n< 451 4.3.0 later\n${quit}`,
    verdicts: ["deferred data 451 4.3.0", "rejected rcpt 550"],
    next: "next-mx",
  },
  {
    id: "more-group-data-250",
    why: "2yz to DATA: nobody knows whether the server waits for the message",
    steps: `${ehlo("PIPELINING")}${group("x")}< 250 ok\n< 250 ok\n< 250 ok\n* client closes`,
    verdicts: ["deferred data 250"],
    error: "UnexpectedReply",
    next: "next-mx",
  },
  {
    id: "more-lmtp-nobody-354",
    why: "LMTP owes no reply to a message for nobody, so nobody could tell when it is over (RFC 2033 section 4.2)",
    policy: { lmtp: true },
    steps: `${lhlo("PIPELINING")}${group("x")}< 250 ok\n< 550 no\n< 354 go\n* client closes`,
    verdicts: ["rejected rcpt 550"],
    next: "never",
  },
];

/** What is too much for a server (RFC 1870, RFC 9422, RFC 5321 section 4.5.3.1.10). */
const limits: ReadonlyArray<Written> = [
  {
    id: "more-size-equal",
    why: "as large as the server takes; the dots that are stuffed do not count",
    steps: `${ehlo("SIZE 27")}> MAIL FROM:<a@c.test> SIZE=27\n< 250 ok\n${rcpt("x")}${data}< 250 ok\n${quit}`,
    verdicts: ["accepted final 250"],
    next: "done",
  },
  {
    id: "more-size-over",
    why: "one octet more than the server takes",
    steps: `${ehlo("SIZE 26")}${quit}`,
    verdicts: ["rejected mail 552 5.3.4"],
    error: "MessageTooBig",
    next: "never",
  },
  {
    id: "more-size-552-in-group",
    why: "the size declared is refused in a group: what was said behind it is noise",
    to: two,
    steps: `${ehlo("SIZE", "PIPELINING")}${group("x", "y").replace("c.test>", "c.test> SIZE=27")}
      < 552 5.3.4 too big
      < 503 no
      < 503 no
      < 503 no
      ${quit}`,
    verdicts: ["rejected mail 552 5.3.4", "rejected mail 552 5.3.4"],
    next: "never",
  },
  {
    id: "more-rcptmax",
    why: "what is beyond RCPTMAX follows in a further transaction",
    to: three,
    steps: `${ehlo("LIMITS RCPTMAX=2")}${mail}${rcpt("x")}${rcpt("y")}${data}< 250 ok\n
      ${mail}${rcpt("z")}${data}< 250 ok\n${quit}`,
    verdicts: ["accepted final 250", "accepted final 250", "accepted final 250"],
    next: "done",
  },
  {
    id: "more-rcptmax-lmtp",
    why: "the same in LMTP",
    policy: { lmtp: true },
    to: two,
    steps: `${lhlo("LIMITS RCPTMAX=1")}${mail}${rcpt("x")}${data}< 250 ok\n
      ${mail}${rcpt("y")}${data}< 452 4.2.2 full\n${quit}`,
    verdicts: ["accepted final 250", "deferred final 452 4.2.2"],
    next: "next-mx",
  },
  {
    id: "more-rcptmax-sender-refused",
    why: "the second transaction is refused: the first one stands",
    to: two,
    steps: `${ehlo("LIMITS RCPTMAX=1")}${mail}${rcpt("x")}${data}< 250 ok\n
      > MAIL FROM:<a@c.test>\n< 451 4.7.1 slowly\n${quit}`,
    verdicts: ["accepted final 250", "deferred mail 451 4.7.1"],
    next: "next-mx",
  },
  {
    id: "more-limits-nonsense",
    why: "limits that are none limit nothing",
    to: two,
    steps: `${ehlo("LIMITS RCPTMAX=0 MAILMAX=x RCPTDOMAINMAX")}${mail}${rcpt("x")}${rcpt("y")}${data}< 250 ok\n${quit}`,
    verdicts: ["accepted final 250", "accepted final 250"],
    next: "done",
  },
  ...["452 no more", "452 4.5.3 no more", "552 no more", "552 5.5.3 no more"].map((reply): Written => ({
    id: `more-too-many: ${reply}`,
    why: "after an accepted recipient it means: not at once",
    to: two,
    steps: `${ehlo()}${mail}${rcpt("x")}${rcpt("y", reply)}${data}< 250 ok\n${mail}${
      rcpt("y")
    }${data}< 250 ok\n${quit}`,
    verdicts: ["accepted final 250", "accepted final 250"],
    next: "done",
  })),
  ...["452 4.2.2", "452 4.3.1", "450 4.5.3", "451 4.5.3"].map((reply): Written => ({
    id: `more-not-too-many: ${reply}`,
    why: "another code, or one that says something else",
    to: two,
    steps: `${ehlo()}${mail}${rcpt("x")}${rcpt("y", reply)}${data}< 250 ok\n${quit}`,
    verdicts: ["accepted final 250", `deferred rcpt ${reply}`],
    next: "next-mx",
  })),
  ...["552 5.2.2", "552 5.3.4", "550 5.5.3"].map((reply): Written => ({
    id: `more-not-too-many: ${reply}`,
    why: "another code, or one that says something else",
    to: two,
    steps: `${ehlo()}${mail}${rcpt("x")}${rcpt("y", reply)}${data}< 250 ok\n${quit}`,
    verdicts: ["accepted final 250", `rejected rcpt ${reply}`],
    next: "done",
  })),
  {
    id: "more-too-many-first",
    why: "nobody was accepted before: then it is about this recipient",
    to: two,
    steps: `${ehlo()}${mail}${rcpt("x", "452 4.5.3 no more")}${rcpt("y")}${data}< 250 ok\n${quit}`,
    verdicts: ["deferred rcpt 452 4.5.3", "accepted final 250"],
    next: "next-mx",
  },
  {
    id: "more-too-many-in-group",
    why: "one recipient at a time, in groups",
    to: three,
    steps: `${ehlo("PIPELINING")}${group("x", "y", "z")}
      < 250 ok\n< 250 ok\n< 452 4.5.3 no\n< 452 4.5.3 no\n< 354 go\n>> message\n< 250 ok
      ${group("y", "z")}
      < 250 ok\n< 250 ok\n< 452 4.5.3 no\n< 354 go\n>> message\n< 250 ok
      ${group("z")}
      < 250 ok\n< 250 ok\n< 354 go\n>> message\n< 250 ok
      ${quit}`,
    verdicts: ["accepted final 250", "accepted final 250", "accepted final 250"],
    next: "done",
  },
  {
    id: "more-too-many-bdat",
    why: "the message goes in chunks, once for each transaction",
    policy: { bdat: true },
    to: two,
    steps: `${ehlo("CHUNKING")}${mail}${rcpt("x")}${rcpt("y", "452 4.5.3 no")}>> 27 LAST\n< 250 ok\n
      ${mail}${rcpt("y")}>> 27 LAST\n< 250 ok\n${quit}`,
    verdicts: ["accepted final 250", "accepted final 250"],
    next: "done",
  },
  {
    id: "more-too-many-data-451",
    why: "DATA refused for the first: the transaction is called off, and the second one begun",
    to: two,
    steps: `${ehlo()}${mail}${rcpt("x")}${rcpt("y", "452 4.5.3 no")}> DATA\n< 451 4.3.0 no\n> RSET\n< 250 ok\n
      ${mail}${rcpt("y")}${data}< 250 ok\n${quit}`,
    verdicts: ["deferred data 451 4.3.0", "accepted final 250"],
    next: "next-mx",
  },
];

const hellos: ReadonlyArray<Written> = [
  ...["502 what", "504 what", "530 what", "553 what", "571 what"].map((reply): Written => ({
    id: `more-helo: ${reply}`,
    why: "whatever is behind the refusal, an old server knows HELO",
    steps: `${refusedEhlo(reply)}> HELO c.test\n< 250 mx\n${mail}${rcpt("x")}${data}< 250 ok\n${quit}`,
    verdicts: ["accepted final 250"],
    next: "done",
  })),
  {
    id: "more-no-helo: 521",
    why: "no mail here, by whatever name",
    steps: `${refusedEhlo("521 no mail here")}${quit}`,
    verdicts: ["rejected ehlo 521"],
    next: "next-mx",
  },
  {
    id: "more-helo-offers-nothing",
    why: "what stands behind HELO is no list of extensions",
    message: "Subject: t\r\n\r\ngr\xfc\xdfe\r\n",
    steps: `${refusedEhlo("500 what")}> HELO c.test\n< 250-mx\n< 250 8BITMIME\n${quit}`,
    verdicts: ["rejected mail"],
    error: "Needs8bitMime",
    next: "next-mx",
  },
  {
    id: "more-helo-no-auth",
    why: "who is to log in cannot do so without EHLO",
    policy: { auth: login.auth! },
    steps: `${refusedEhlo("500 what")}> HELO c.test\n< 250 mx\n${quit}`,
    verdicts: ["deferred auth"],
    error: "AuthNotOffered",
    next: "never",
  },
  {
    id: "more-ehlo-500-after-starttls",
    why: "EHLO refused under TLS: no HELO, at the lowest level either",
    policy: { tls: "opportunistic" },
    steps: `${encrypted}< 500 what\n${quit}`,
    verdicts: ["rejected ehlo-tls 500"],
    next: "next-mx",
    tls: true,
  },
  {
    id: "more-greet-354",
    why: "a greeting that is none",
    steps: "< 354 mx\n* client closes",
    verdicts: ["deferred greeting 354"],
    error: "UnexpectedReply",
    next: "next-mx",
  },
  {
    id: "more-greet-554-close",
    why: "refused, and gone before QUIT",
    steps: `< 554 no\n${quits}`,
    verdicts: ["rejected greeting 554"],
    next: "next-mx",
  },
];

/** Octets in clear behind the 220 to STARTTLS: whole replies, parts of them, a TLS record. */
const injections: ReadonlyArray<Written> = ["250 x\r\n", "2", "\r", "\n", "221 bye\r\n220 go\r\n", "\x16\x03\x03"].map(
  (octets): Written => ({
    id: `more-inject: ${JSON.stringify(octets)}`,
    why: "whatever comes in clear behind the 220, it ends the connection, in whatever chunks",
    policy: { tls: "opportunistic" },
    steps: `${ehlo("STARTTLS")}> STARTTLS\n<< ${JSON.stringify(`220 go\r\n${octets}`)}\n* client closes`,
    verdicts: ["deferred starttls"],
    error: "StartTlsInjection",
    next: "next-mx",
  }),
);

const encryption: ReadonlyArray<Written> = [
  ...injections,
  {
    id: "more-starttls-454",
    why: "refused for now: at the lowest level the conversation goes on in clear",
    policy: { tls: "opportunistic" },
    steps: `${ehlo("STARTTLS")}> STARTTLS\n< 454 4.7.0 no\n${mail}${rcpt("x")}${data}< 250 ok\n${quit}`,
    verdicts: ["accepted final 250"],
    next: "done",
  },
  {
    id: "more-starttls-454-required",
    why: "refused for now: not above it",
    policy: { tls: "required" },
    steps: `${ehlo("STARTTLS")}> STARTTLS\n< 454 4.7.0 no\n${quit}`,
    verdicts: ["deferred starttls 454 4.7.0"],
    error: "TlsRefused",
    next: "next-mx",
  },
  {
    id: "more-starttls-offered-again",
    why: "offered under TLS, where it has no place: not said again",
    policy: { tls: "required" },
    steps: `${encrypted}< 250-mx\n< 250 STARTTLS\n${mail}${rcpt("x")}${data}< 250 ok\n${quit}`,
    verdicts: ["accepted final 250"],
    next: "done",
    tls: true,
  },
  {
    id: "more-requiretls-in-clear",
    why: "offered in clear, where it has no place: not believed",
    policy: { requireTls: true },
    steps: `${ehlo("REQUIRETLS")}${quit}`,
    verdicts: ["rejected mail 550 5.7.30"],
    error: "RequireTlsNotOffered",
    next: "next-mx",
  },
];

const offersAuth = (mechanisms: string): string => `${encrypted}< 250-mx\n< 250 AUTH ${mechanisms}\n`;
const token = (...mechs: ReadonlyArray<string>): Partial<Policy> => ({ ...login, auth: { ...login.auth!, mechs } });

/** A mechanism that was refused is not followed by another (RFC 4954 section 4). */
const authentication: ReadonlyArray<Written> = [
  ...([["535 5.7.8", "AuthRejected", "never"], ["504 5.5.4", "AuthRejected", "never"], [
    "432 4.7.12",
    "AuthTemporary",
    "next-mx",
  ]] as const).map(([reply, error, next]): Written => ({
    id: `more-auth: ${reply}`,
    why: "LOGIN is offered too, and is not tried",
    policy: login,
    steps: `${offersAuth("LOGIN PLAIN")}> AUTH PLAIN AHUAcA==\n< ${reply} no\n${quit}`,
    verdicts: [`deferred auth ${reply}`],
    error,
    next,
    tls: true,
  })),
  {
    id: "more-auth-plain-asked-again",
    why: "a server that did not take the initial response for one gets it again",
    policy: login,
    steps: `${offersAuth("PLAIN")}> AUTH PLAIN AHUAcA==\n< 334\n> AHUAcA==\n< 235 ok\n
      ${mail}${rcpt("x")}${data}< 250 ok\n${quit}`,
    verdicts: ["accepted final 250"],
    next: "done",
    tls: true,
  },
  {
    id: "more-xoauth2-error",
    why: "the error report is answered with an empty line",
    policy: token("XOAUTH2"),
    steps: `${offersAuth("PLAIN XOAUTH2")}> AUTH XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIHABAQ==
      < 334 eyJzdGF0dXMiOiI0MDAifQ==
      >
      < 535 5.7.8 no
      ${quit}`,
    verdicts: ["deferred auth 535 5.7.8"],
    error: "AuthRejected",
    next: "never",
    tls: true,
  },
  {
    id: "more-oauthbearer-error",
    why: "the error report is answered with U+0001 (RFC 7628 section 3.2.3)",
    policy: token("OAUTHBEARER"),
    steps: `${offersAuth("PLAIN OAUTHBEARER")}> AUTH OAUTHBEARER bixhPXUsAWF1dGg9QmVhcmVyIHABAQ==
      < 334 eyJzdGF0dXMiOiI0MDAifQ==
      > AQ==
      < 535 5.7.8 no
      ${quit}`,
    verdicts: ["deferred auth 535 5.7.8"],
    error: "AuthRejected",
    next: "never",
    tls: true,
  },
  {
    id: "more-auth-close",
    why: "closed in the middle of the exchange",
    policy: login,
    steps: `${offersAuth("LOGIN")}> AUTH LOGIN\n* server closes`,
    verdicts: ["deferred auth"],
    error: "ConnectionLost",
    next: "next-mx",
    tls: true,
  },
];

/** Dialogues beside those of tests/cases, a few for each rule. */
export const moreDialogues = [
  ...chunks,
  ...goodbyes,
  ...groups,
  ...limits,
  ...hellos,
  ...encryption,
  ...authentication,
].map(read);
