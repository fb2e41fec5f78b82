import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { alice, assertSecret, fixture, plausch, type Surroundings } from "./_cli.ts";

/** What is wrong, how it is told, and what to do about it. */
interface Case {
  /** Words with a space between them, or a list of words that have spaces inside. */
  readonly args: string | ReadonlyArray<string>;
  readonly problem: string;
  readonly hint: string;
  readonly around?: Surroundings;
}

const typed = { typed: alice.password };
const pem = `--tls-cert ${fixture("client.pem")}`;

const record = `3 1 1 ${"a".repeat(64)}`;
const tlsa = (text: string, ...more: ReadonlyArray<string>) => ["-s", "x.test", "--tls-tlsa", text, ...more];

const cases: ReadonlyArray<Case> = [
  // the server
  { args: "--lmtp", problem: "--lmtp needs a server that is named", hint: "--socket PATH" },
  { args: "--lmtp -s x.test:25", problem: "LMTP is never spoken on port 25", hint: "name the port" },
  { args: "--socket /x --server y.test", problem: "--server means nothing beside --socket", hint: "leave" },
  { args: "--socket /x --port 25", problem: "--port means nothing beside --socket", hint: "leave" },
  { args: "-s x.test --port 0", problem: '"0" is no port', hint: "from 1 to 65535" },
  { args: "-s x..test", problem: '"x..test"', hint: "write --server HOST or HOST:PORT" },
  { args: "--proxy v3", problem: '"v3" is no version of the PROXY protocol', hint: "v1 or v2" },
  { args: "--proxy-source 192.0.2.1:1", problem: "--proxy-source is given without --proxy", hint: "--proxy v1" },
  { args: "--proxy v1 --proxy-source 192.0.2.1:1", problem: "--proxy-source is one end", hint: "--proxy-destination" },
  {
    args: "--proxy v1 --proxy-source 192.0.2.1 --proxy-destination 192.0.2.2:1",
    problem: "--proxy-source has no port",
    hint: "192.0.2.1:50000",
  },
  {
    args: "--proxy v1 --proxy-source 192.0.2.1:1 --proxy-destination [::1]:1",
    problem: "do not fit",
    hint: "of one family",
  },
  // TLS
  {
    args: "--tls sometimes",
    problem: '"sometimes" is no level of TLS',
    hint: "none, opportunistic, required, verified, mta-sts or dane",
  },
  { args: "--tls verifed", problem: '"verifed"', hint: "did you mean verified?" },
  { args: "--tls none --tls-implicit", problem: "--tls-implicit means nothing with --tls none", hint: "leave" },
  { args: "--tls none --tls-report", problem: "--tls-report means nothing with --tls none", hint: "leave" },
  { args: `${pem}`, problem: "--tls-cert is given without --tls-key", hint: "needs both" },
  { args: `--tls-key ${fixture("client.key")}`, problem: "--tls-key is given without --tls-cert", hint: "needs both" },
  { args: `--tls-ca ${fixture("client.key")}`, problem: "of --tls-ca holds no certificate", hint: "-----BEGIN" },
  { args: "--tls-ca /does/not/exist", problem: 'Cannot read "/does/not/exist"', hint: "" },
  { args: `${pem} --tls-key ${fixture("ca.pem")}`, problem: "of --tls-key holds no private key", hint: "-----BEGIN" },
  { args: "--tls-min 1.1", problem: '"1.1" is no version', hint: "1.2 or 1.3" },
  { args: "--tls-pin da39a3ee", problem: '"da39a3ee" is no SHA-256 digest', hint: "64 hexadecimal digits" },
  { args: tlsa("c0ffee"), problem: '"c0ffee" of --tls-tlsa is no TLSA record', hint: "as dig prints them" },
  { args: tlsa("3 1 1 abc"), problem: "is no TLSA record", hint: "three numbers and hexadecimal digits" },
  { args: tlsa(`1 1 1 ${"a".repeat(64)}`), problem: "of --tls-tlsa proves nothing", hint: "usage 2 or 3" },
  { args: tlsa(`3 1 1 ${"a".repeat(62)}`), problem: "of --tls-tlsa proves nothing", hint: "whole SHA-256" },
  {
    args: tlsa(record, "--tls", "opportunistic"),
    problem: "--tls-tlsa proves nothing with --tls opportunistic",
    hint: "--tls dane",
  },
  { args: tlsa(record, "--tls", "none"), problem: "--tls-tlsa means nothing with --tls none", hint: "leave" },
  { args: tlsa(record, "--tls-pin", "a".repeat(64)), problem: "both decide alone", hint: "leave one of them out" },
  { args: ["--tls-tlsa", record], problem: "--tls-tlsa is the record of one server", hint: "add --server HOST" },
  {
    args: ["--socket", "/x", "--tls-tlsa", `2${record.slice(1)}`],
    problem: "a Unix socket has none",
    hint: "add --tls-name NAME",
  },
  { args: "-s x.test --tls dane", problem: "--tls dane has no record to go by", hint: "add --tls-tlsa RECORD" },
  { args: "-s x.test --tls mta-sts", problem: "goes by a policy of the recipient's domain", hint: "--tls verified" },
  { args: "--tls dane --no-dane", problem: "--tls dane goes by what --no-dane does not ask for", hint: "leave one" },
  { args: "--tls MTA-STS --no-mta-sts", problem: "--tls mta-sts goes by what --no-mta-sts", hint: "leave one" },
  { args: `--tls dane --tls-pin ${"a".repeat(64)}`, problem: "--tls dane wants another proof", hint: "leave one" },
  {
    args: `--tls opportunistic --tls-pin ${"a".repeat(64)}`,
    problem: "--tls-pin proves nothing",
    hint: "--tls required",
  },
  { args: "--socket /x --tls verified", problem: "has no name to check", hint: "--tls-name" },
  { args: "--tls-name a_b", problem: '"a_b"', hint: "write --tls-name NAME" },
  // delivery
  { args: "-4 -6", problem: "--ipv4 and --ipv6 leave nothing to dial", hint: "leave one of them out" },
  { args: "-4 -s [::1]", problem: "::1 is an IPv6 address, and --ipv4 dials none", hint: "leave --ipv4 out" },
  { args: "-6 -s 192.0.2.1:25", problem: "192.0.2.1 is an IPv4 address, and --ipv6 dials none", hint: "--ipv6" },
  { args: "-6 --socket /x", problem: "--ipv6 means nothing beside --socket", hint: "leave" },
  { args: "--retry many", problem: '"many" is no number for --retry', hint: "write 0 to 1000" },
  { args: "--retry-after 1m", problem: "--retry-after is given, and nothing is tried again", hint: "add --retry N" },
  { args: "--retry-within 1h", problem: "--retry-within is given, and nothing is tried again", hint: "add --retry N" },
  { args: "--retry 1 --retry-after soon", problem: '"soon" is no length of time for --retry-after', hint: "30s" },
  { args: "--deadline 0s", problem: '"0s" is no length of time for --deadline', hint: "write it like 30s" },
  { args: "--max-hosts 0", problem: '"0" is no number for --max-hosts', hint: "write 1 to 1000" },
  { args: "-s x.test --max-hosts 5", problem: "--max-hosts means nothing beside --server", hint: "leave" },
  { args: "--socket /x --no-dane", problem: "--no-dane means nothing beside --socket", hint: "leave" },
  // authentication
  { args: "--auth any", problem: "--user is missing", hint: "--user NAME" },
  { args: "--auth PLAN", problem: '"PLAN" is no mechanism', hint: "did you mean PLAIN?", around: typed },
  { args: "--auth NTLM --user a", problem: '"NTLM" is no mechanism', hint: "SCRAM-SHA-256", around: typed },
  {
    args: "--auth PLAIN,XOAUTH2 --user a",
    problem: "PLAIN takes a password, and XOAUTH2 takes a token",
    hint: "one kind",
  },
  { args: "--auth-in-clear PLAIN", problem: "nobody to log in", hint: "--user NAME" },
  { args: "--user a --auth-in-clear CRAM-MD5", problem: "gives a password away", hint: "PLAIN, LOGIN", around: typed },
  { args: "--authorization-id b", problem: "--authorization-id is given, and nobody", hint: "--user NAME" },
  { args: "--password-env X", problem: "--password-env is given, and nobody", hint: "--user NAME" },
  {
    args: "--user a",
    problem: "Cannot ask for the password: input and output are no terminal",
    hint: "--password-env VAR",
  },
  { args: "--user a --password-prompt", problem: "are no terminal", hint: "--password-file FILE" },
  { args: "--user a", problem: "The password is empty", hint: "type it", around: { typed: "" } },
  { args: "--user a --password-env X", problem: 'variable "X" of --password-env is not set', hint: "export X" },
  { args: "--user a --password-env X", problem: "is empty", hint: "export X", around: { env: { X: "" } } },
  { args: "--user a --password-file /does/not/exist", problem: 'Cannot read "/does/not/exist"', hint: "" },
  { args: "--user a --password-file /dev/null", problem: 'The first line of "/dev/null" is empty', hint: "there" },
  {
    args: "--user a --password-env X --password-prompt",
    problem: "name two passwords",
    hint: "leave one",
    around: typed,
  },
  { args: "--user a --auth XOAUTH2", problem: "Cannot ask for the token", hint: "--password-env VAR" },
  { args: "--user a --password-file - --body -", problem: "both read standard input", hint: "from a file" },
  { args: "--auth EXTERNAL --user a", problem: "--user has no place in --auth EXTERNAL", hint: "leave --user out" },
  {
    args: "--auth ANONYMOUS --password-prompt",
    problem: "--password-prompt has no place",
    hint: "leave",
    around: typed,
  },
  // delivery reports, parameters
  { args: "--dsn-notify LUNCH", problem: "NOTIFY is NEVER alone", hint: "write --dsn-notify NEVER, or any of SUCCESS" },
  { args: "--dsn-notify NEVER,SUCCESS", problem: "NOTIFY is NEVER alone", hint: "write --dsn-notify" },
  { args: "--dsn-ret SOME", problem: "RET is FULL or HDRS", hint: "write --dsn-ret FULL or HDRS" },
  { args: "--dsn-envid \u00e9", problem: "ENVID", hint: "write --dsn-envid TEXT" },
  { args: "--dsn-orcpt a@x.test", problem: "rfc822;address", hint: "write --dsn-orcpt TYPE;ADDRESS" },
  {
    args: "--to b@x.test --dsn-orcpt rfc822;a@x.test",
    problem: "--dsn-orcpt is given once, for 2 recipients",
    hint: "one --dsn-orcpt for each --to",
  },
  { args: "--by soon", problem: '"soon" is no deadline', hint: "--by 3600R" },
  { args: "--by -5R", problem: "above 0 for R", hint: "write --by SECONDS" },
  { args: "--hold-for never", problem: '"never" is no length of time for --hold-for', hint: "30s, 5m or 1h" },
  { args: "--hold-until tomorrow", problem: "HOLDUNTIL=tomorrow", hint: "2030-01-31T08:00:00Z" },
  { args: "--hold-for 1h --hold-until 2030-01-31T08:00:00Z", problem: "not both", hint: "" },
  { args: "--mt-priority 10", problem: "from -9 to 9", hint: "write --mt-priority N" },
  { args: "--mail-auth a@b@c", problem: "AUTH is a mailbox", hint: "write --mail-auth ADDRESS" },
  { args: "--mail-param A=B=C", problem: "A=B=C", hint: "write --mail-param KEY or KEY=VALUE" },
  { args: "--mail-param X=1 --mail-param X=2", problem: "stands twice", hint: "each parameter once" },
  {
    args: "--dsn-ret FULL --mail-param RET=HDRS",
    problem: "--dsn-ret and --mail-param set the same parameter",
    hint: "leave",
  },
  { args: "--rcpt-param =", problem: "keyword", hint: "write --rcpt-param KEY" },
  // the protocol
  { args: "--pipeline --no-pipeline", problem: "contradict each other", hint: "leave one" },
  { args: "--bdat-size 0", problem: '"0" is no size of a chunk', hint: "--bdat-size OCTETS" },
  { args: "--bdat-size 1k", problem: '"1k" is no size of a chunk', hint: "--bdat-size OCTETS" },
  { args: "--if-not-offered panic", problem: '"panic" is no action', hint: "fail, drop or downgrade" },
  { args: "--if-not-offered DSN=panic", problem: '"panic" is no action', hint: "fail, drop or downgrade" },
  { args: "--if-not-offered DSX=drop", problem: '"DSX" is no extension to do without', hint: "did you mean DSN?" },
  {
    args: "--if-not-offered drop --if-not-offered fail",
    problem: "--if-not-offered drop and fail are for everything",
    hint: "write --if-not-offered EXTENSION=ACTION",
  },
  { args: "--xclient 7=x", problem: '"7=x"', hint: "write --xclient NAME=VALUE" },
  { args: "--xforward NAME", problem: '"NAME="', hint: "write --xforward NAME=VALUE" },
  { args: "--say NOOP\nQUIT", problem: "control character", hint: "write --say LINE" },
  {
    args: "--quit-after lunch",
    problem: '"lunch" is no stage to quit after',
    hint: "greeting, ehlo, starttls, ehlo-tls, xclient",
  },
  {
    args: "--drop-after lunch",
    problem: '"lunch" is no stage to drop after',
    hint: "connect, greeting, ehlo, starttls, tls",
  },
  { args: "--quit-after gretting", problem: '"gretting"', hint: "did you mean greeting?" },
  { args: "--quit-after data", problem: 'Nothing can be said after "data"', hint: "--drop-after data" },
  { args: "--quit-after ehlo --drop-after ehlo", problem: "end one conversation twice", hint: "leave one" },
  { args: "--quit-after auth", problem: "There is no AUTH to quit after", hint: "--user NAME" },
  { args: "--drop-after xclient", problem: "There is no XCLIENT to drop after", hint: "--xclient" },
  { args: "--quit-after xforward", problem: "There is no XFORWARD to quit after", hint: "--xforward" },
  { args: "--drop-after tls --tls none", problem: "There is no STARTTLS to drop after", hint: "leave --tls none out" },
  {
    args: "--quit-after ehlo-tls --tls-implicit",
    problem: "no STARTTLS to quit after",
    hint: "leave --tls-implicit out",
  },
  { args: "--say NOOP --quit-after ehlo", problem: "--quit-after ehlo comes before --say", hint: "QUIT follows --say" },
  { args: "--say NOOP --drop-after auth --user a", problem: "--drop-after auth comes before --say", hint: "leave" },
  { args: "--line-ends sloppy", problem: '"sloppy" is no policy for line ends', hint: "normalize, strict or keep" },
];

for (const { args, problem, hint, around } of cases) {
  Deno.test(`exit 64: ${JSON.stringify(typeof args === "string" ? args : args.join(" ")).slice(1, -1)}`, async () => {
    // A line end stands in one argument only.
    const words = typeof args !== "string" ? args : args.includes("\n") ? ["--say", args.slice(6)] : args.split(" ");
    const ran = await plausch(["send", "-t", "you@x.test", "-f", "me@x.test", ...words], around);
    assertEquals([ran.code, ran.out], [64, ""], ran.err);
    assertStringIncludes(ran.err, problem);
    assertStringIncludes(ran.err, hint);
    assertEquals(ran.err.trim().split("\n").length, 1, ran.err);
    assertSecret(ran);
  });
}

Deno.test("nobody is asked for a password for a command line that is wrong", async () => {
  let isAsked = false;
  const around: Surroundings = {
    get typed() {
      isAsked = true;
      return "secret";
    },
  };
  await plausch(["send", "-t", "you@x.test", "-f", "me@x.test", "--user", "a", "--dsn-ret", "SOME"], around);
  assert(!isAsked);
});

Deno.test("a misspelt password option, or a password in two words, does not show the password", async () => {
  for (
    const args of [
      ["--user", "a", `--pasword=${alice.password}`],
      ["--user", "a", "--pasword", alice.password],
      ["--user", "a", "--password", "two", alice.password],
    ]
  ) {
    const ran = await plausch(["send", "-t", "you@x.test", "-f", "me@x.test", ...args]);
    assertEquals([ran.code, ran.out], [64, ""]);
    assertSecret(ran);
  }
});
