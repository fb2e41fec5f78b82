/**
 * What the command line cannot show, with `@plausch/session` and `@plausch/net` themselves: several messages in one session, the
 * single verbs with their values, the TLS report as data, and secrets that no value gives away.
 */
import * as Connect from "@plausch/net/connect";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import type { SessionEvent } from "@plausch/session/event";
import * as Session from "@plausch/session/session";
import * as Timeouts from "@plausch/session/timeouts";
import * as Command from "@plausch/smtp/command";
import * as Domain from "@plausch/smtp/domain";
import type { MailParameters } from "@plausch/smtp/parameter";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import { certificate, newMark, type Peer, peerTest, portOf, socketOf, stored, withoutTrace } from "./_peers.ts";
import { assertNoSecret } from "./_secrets.ts";
import { letter, password } from "./_send.ts";

const host = Result.getOrThrow(Domain.hostFromString("client.plausch.test"));
const verdict = "accepted 250 2.0.0";

const envelope = (to: ReadonlyArray<string>, parameters: MailParameters = {}): Envelope.Envelope =>
  Result.getOrThrow(Envelope.make({ from: "sender@client.plausch.test", to, parameters }));

/** Holds a session for the time of one function; every wait is limited. */
const withSession = <A, E>(
  where: Connect.ConnectOptions,
  options: Partial<Session.Options>,
  use: (session: Session.Session) => Effect.Effect<A, E>,
): Promise<A> =>
  Effect.runPromise(
    Session.greet({ host, timeouts: Timeouts.all("10 seconds"), ...options }).pipe(
      Effect.flatMap(use),
      Effect.provideService(Socket.Socket, Connect.make(where)),
      Effect.scoped,
    ),
  );

const verdicts = (outcome: { readonly recipients: ReadonlyArray<object> }): ReadonlyArray<string> =>
  (outcome.recipients as ReadonlyArray<{ verdict: string; code?: number; status?: object }>).map((recipient) =>
    [recipient.verdict, recipient.code, Object.values(recipient.status ?? {}).join(".")].join(" ")
  );

const at = (peer: Peer, use?: string): Connect.ConnectOptions => ({
  host: peer.host,
  port: use === undefined ? peer.port : portOf(peer, use),
});

peerTest(
  "postfix takes several messages in a session, a refused one and RSET in between",
  ["postfix"],
  async (peers) => {
    const marks = [newMark(), newMark()] as const;
    await withSession(at(peers.postfix), { tls: "none" }, (session) =>
      Effect.gen(function* () {
        yield* session.hello();
        const content = (mark: string) => Result.getOrThrow(Content.make(letter(mark)));
        const first = yield* session.send(envelope(["bob@plausch.test"]), content(marks[0]));
        const refused = yield* session.send(envelope(["reject550@plausch.test"]), content(marks[0]));
        const stopped = yield* session.send(envelope(["bob@plausch.test"]), content(marks[0]), "rcpt");
        assertEquals((yield* session.reset).code, 250);
        const second = yield* session.send(envelope(["alice@plausch.test"]), content(marks[1]));
        assertEquals([first, refused, second].map(verdicts), [[verdict], ["rejected 550 5.1.1"], [verdict]]);
        assertEquals(stopped.recipients.map(({ reason }) => reason), ["Stopped"]);
        yield* session.quit;
      }));
    assertEquals(
      withoutTrace(peers.postfix, await stored(peers.postfix, marks[0], { mailbox: "bob" })),
      letter(marks[0]),
    );
    assertEquals(
      withoutTrace(peers.postfix, await stored(peers.postfix, marks[1], { mailbox: "alice" })),
      letter(marks[1]),
    );
  },
);

peerTest(
  "postfix answers each single verb",
  ["postfix"],
  ({ postfix }) =>
    withSession(at(postfix), { tls: "none" }, (session) =>
      Effect.gen(function* () {
        const offers = yield* session.hello();
        assertEquals([offers.vrfy, offers.etrn, offers.expn, offers.help, offers.chunking], [
          true,
          true,
          false,
          false,
          true,
        ]);
        assertEquals([offers.size, offers.xclient, offers.binaryMime], [102400, undefined, false]);
        const verbs: ReadonlyArray<readonly [Command.Command, number]> = [
          [Command.noop("are you there"), 250],
          [Command.vrfy("alice@plausch.test"), 252],
          [Command.vrfy("reject550@plausch.test"), 550],
          [Command.expn("list"), 500],
          [Command.etrn("relayed.test"), 250],
          [Command.etrn("elsewhere.test"), 459],
          [Command.help(), 500],
          [Command.raw("X-FOO bar"), 500],
          [Command.rset, 250],
        ];
        for (const [command, code] of verbs) assertEquals((yield* session.command(command)).code, code, command._tag);
      })),
);

peerTest("opensmtpd and aiosmtpd explain themselves to HELP", ["opensmtpd", "aiosmtpd"], async (peers) => {
  for (const [peer, code] of [[peers.opensmtpd, 214], [peers.aiosmtpd, 250]] as const) {
    await withSession(at(peer), { tls: "none" }, (session) =>
      Effect.gen(function* () {
        assert((yield* session.hello()).help);
        assertEquals((yield* session.command(Command.help())).code, code);
      }));
  }
});

peerTest(
  "postfix is asked for BINARYMIME: done with less where that is enough, refused otherwise",
  ["postfix"],
  async (peers) => {
    const { postfix } = peers;
    const mark = newMark();
    const lines = await withSession(at(postfix), {}, (session) =>
      Effect.gen(function* () {
        yield* session.hello();
        const asked = envelope(["bob@plausch.test"], { body: "BINARYMIME" });
        const downgraded = yield* session.send(asked, Result.getOrThrow(Content.make(letter(mark))));
        assertEquals(verdicts(downgraded), [verdict]);
        const binary = Content.binary(new TextEncoder().encode(`X-Mark: ${mark}\r\n\r\n\0\n`));
        const refused = yield* session.send(envelope(["bob@plausch.test"]), binary);
        assertEquals(refused.recipients.map(({ reason }) => reason), ["NeedsBinaryMime"]);
        return downgraded.adaptations;
      }));
    assertEquals(lines, [{ extension: "BINARYMIME", action: "downgrade" }]);
    assertEquals(withoutTrace(postfix, await stored(postfix, mark)), letter(mark));
  },
);

peerTest("postfix shows a certificate, which the report has as data", ["postfix"], async ({ postfix }) => {
  const pem = await readFile(certificate("good.pem"));
  const ca = await readFile(certificate("ca.pem"), "utf8");
  const { fingerprint256, validTo } = new X509Certificate(pem);
  const options = { tls: "verified", tlsOptions: { servername: "mx1.plausch.test", ca } } as const;
  const { tls, isEncrypted } = await withSession(
    at(postfix),
    options,
    (session) => Effect.map(session.hello(), () => session.protection),
  );
  assert(isEncrypted && tls !== undefined);
  assertEquals([tls.protocol, tls.serverName, tls.verification], [
    "TLSv1.3",
    "mx1.plausch.test",
    { verified: true, by: "pkix" },
  ]);
  const [own, authority, ...others] = tls.chain;
  assert(own !== undefined && authority !== undefined);
  assertEquals(others, []);
  assertEquals(own.sha256, fingerprint256.replaceAll(":", "").toLowerCase());
  assertEquals(own.validTo, Date.parse(validTo));
  assertEquals([own.commonName, own.isSelfSigned, authority.isSelfSigned], ["good", false, true]);
  assertEquals(own.subjectAltNames, ["DNS:mx1.plausch.test", "DNS:mx2.plausch.test", "DNS:localhost", "IP:127.0.0.1"]);
  const env = await readFile(certificate("tlsa.env"), "utf8");
  assertStringIncludes(env, `TLSA_GOOD_311=${own.spkiSha256}\n`);
  assertStringIncludes(env, `TLSA_CA_211=${authority.spkiSha256}\n`);
});

peerTest(
  "dovecot is told a password: no event, error or value shows it",
  ["dovecot", "postfix"],
  async (peers) => {
    const tries = [["PLAIN", password], ["PLAIN", "wonderland"], ["SCRAM-SHA-256", password], [
      "SCRAM-SHA-256",
      "wonderland",
    ]] as const;
    for (const [mechanism, secret] of tries) {
      const events: Array<SessionEvent> = [];
      const auth = {
        credentials: { _tag: "Password", user: "alice", password: Redacted.make(secret) },
        mechanisms: [mechanism],
      } as const;
      const options = { tls: "required", auth, observe: (event: SessionEvent) => void events.push(event) } as const;
      const result = await withSession(at(peers.dovecot, "submission"), options, (session) =>
        Effect.gen(function* () {
          const hello = yield* Effect.result(session.hello());
          return { hello, protection: session.protection };
        }));
      assertEquals(Result.isSuccess(result.hello), secret === password);
      assertEquals(result.protection.authenticated, secret === password ? mechanism : undefined);
      if (Result.isFailure(result.hello)) assertEquals(result.hello.failure.reason, "AuthRejected");
      const deep = { depth: Infinity, showHidden: true, maxStringLength: Infinity, maxArrayLength: Infinity } as const;
      for (const value of [events, result, options]) {
        assertNoSecret(inspect(value, deep) + JSON.stringify(value, (_, each) => typeof each === "bigint" ? 0 : each), [
          secret,
        ]);
      }
    }
  },
);

peerTest(
  "dovecot takes several LMTP messages over its unix socket, each verdict its own",
  ["dovecot"],
  ({ dovecot }) =>
    withSession(
      { path: socketOf(dovecot, "lmtp") },
      { protocol: "lmtp", chunking: 500 },
      (session) =>
        Effect.gen(function* () {
          yield* session.hello();
          const content = Result.getOrThrow(Content.make(letter(newMark())));
          for (let times = 0; times < 3; times++) {
            const outcome = yield* session.send(envelope(["alice@plausch.test", "full@plausch.test"]), content);
            assertEquals(verdicts(outcome), [verdict, "rejected 552 5.2.2"]);
          }
        }),
    ),
);
