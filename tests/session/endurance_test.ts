import * as Conversation from "@plausch/session/conversation";
import type { SessionEvent } from "@plausch/session/event";
import * as Outcome from "@plausch/session/outcome";
import * as Arbitrary from "effect/Arbitrary";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { envelope, host, message } from "./_by_transcript.ts";

// A server that says anything at all, to clients that want much: TLS, AUTH, LMTP, chunks.

const secret = "wonder land";
const to = envelope(["b@d.test", "x@d.test", "y@d.test"]);
const content = message("Subject: t\r\n\r\n.hello..\r\nbye\r\n");

const auth = { credentials: { _tag: "Password", user: "alice", password: Redacted.make(secret) } } as const;

const clients: { readonly [name: string]: Omit<Conversation.Options, "host"> } = {
  opportunistic: { tls: "opportunistic", pipelining: false },
  required: { tls: "required" },
  authenticating: { tls: "required", auth, nonce: () => "rOprNGfwEbeRWgbNEkqO" },
  "in clear": { tls: "none", auth: { ...auth, allowInClear: ["PLAIN", "LOGIN"] } },
  lmtp: { protocol: "lmtp", tls: "none" },
  chunking: { chunking: 12, tls: "none" },
  "lmtp in chunks": { protocol: "lmtp", chunking: 12, tls: "none" },
};

const everything = [
  "PIPELINING",
  "STARTTLS",
  "CHUNKING",
  "LIMITS RCPTMAX=2 MAILMAX=2",
  "AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256",
];

/** The beginning of a server in its right mind. */
const sane = ["220 mx\r\n", `250-mx\r\n250-${everything.join("\r\n250-")}\r\n250 HELP\r\n`, "220 go\r\n", "* tls"];

const noise = Arbitrary.array(
  Arbitrary.schema(Schema.Literals([
    "* tls",
    "* alert",
    "220 go\r\n",
    "250 ok\r\n",
    "250 ok\r\n250 ok\r\n",
    "250-mx\r\n250 STARTTLS\r\n",
    "250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n",
    "250-mx\r\n250 AUTH PLAIN\r\n",
    "250-mx\r\n250 AUTH LOGIN SCRAM-SHA-256\r\n",
    "235 2.7.0 ok\r\n",
    "334 \r\n",
    "334 VXNlcm5hbWU6\r\n",
    "334 cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyUsaT00MDk2LHM9Vwo=\r\n",
    "354 go\r\n",
    "421 bye\r\n",
    "452 4.5.3 too many\r\n",
    "454 later\r\n",
    "503 out of order\r\n",
    "535 no wonder land\r\n",
    "550 5.1.1 no d29uZGVyIGxhbmQ=\r\n",
    "hello\r\n",
    "25",
    "0 ok\r\n",
  ])),
  { maxLength: 30 },
);
const pieces = Arbitrary.map(
  Arbitrary.all([Arbitrary.schema(Schema.Literals([0, 1, 2, 3, 4])), noise]),
  ([sanity, rest]) => [...sane.slice(0, sanity), ...rest],
);

interface Endured {
  readonly conversation: Conversation.Conversation;
  readonly events: ReadonlyArray<SessionEvent>;
  /** What was said before the handshake, and after it. */
  readonly clear: string;
  readonly secure: string;
  readonly endings: number;
}

const endure = (options: Omit<Conversation.Options, "host">, said: ReadonlyArray<string>): Endured => {
  const events: Array<SessionEvent> = [];
  const conversation = Conversation.make({ host, ...options, observe: (event) => events.push(event) });
  const requests = [
    () => conversation.greet(),
    () => conversation.hello(),
    () => Result.getOrThrow(conversation.send(to, content)),
  ];
  let clear = "";
  let secure = "";
  const speak = (): void => {
    for (;;) {
      for (let out = conversation.output(); out !== undefined; out = conversation.output()) {
        if (conversation.isSecure) secure += latin1(out);
        else clear += latin1(out);
      }
      if (!conversation.isIdle || conversation.isOver || conversation.refusal !== undefined) return;
      const next = requests.shift();
      if (next === undefined) return;
      next();
    }
  };
  speak();
  for (const piece of said) {
    if (!piece.startsWith("*")) conversation.receive(octets(piece));
    else if (conversation.isHandshakeDue && piece === "* tls") conversation.secured(undefined);
    else if (conversation.isHandshakeDue) conversation.handshakeFailed(new Error("alert"));
    speak();
  }
  conversation.end(undefined);
  const endings = events.filter((event) => event._tag === "Content" && event.last).length;
  return { conversation, events, clear, secure, endings };
};

for (const [name, options] of Object.entries(clients)) {
  property(
    `whatever a server says, everybody has a verdict, and nothing is said that must not be (${name})`,
    pieces,
    (said) => {
      const { conversation, events, clear, secure, endings } = endure(options, said);
      const { recipients } = conversation;
      const client = clear + secure;
      const counts = Outcome.count(recipients);
      const isEverybodyThere = !/^MAIL FROM/m.test(client) || recipients.length === to.recipients.length;
      const isHonest = counts.accepted + counts.uncertain === 0 || endings > 0;
      const isLines = !/(^|[^\r])\n|\r(?!\n)/.test(client);
      const mayBeClear = options.tls !== "required" || !/^(MAIL|RCPT|DATA|AUTH|BDAT)/m.test(clear);
      const shown = JSON.stringify(events) +
        Deno.inspect([conversation.failure, conversation.reply, conversation.refusal, recipients], { depth: 12 });
      const isDiscreet = options.auth === undefined || !/wonder land|d29uZGVyIGxhbm/.test(shown);
      return isEverybodyThere && isHonest && isLines && mayBeClear && isDiscreet;
    },
    { runs: 1500, seed: "plausch" },
  );
}
