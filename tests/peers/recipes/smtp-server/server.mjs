// nodemailer's smtp-server as a peer: `node server.mjs RUN SMTP-PORT LMTP-PORT`.
// Writes one JSON line a message on standard output, octets in base64, before it answers.
import { Buffer } from "node:buffer";
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

const [run, smtpPort, lmtpPort] = process.argv.slice(2);
const { SMTPServer } = createRequire(`${run}/npm/`)("smtp-server");

const limit = 102400;
const refused = new Map([
  ["reject550", [550, "5.1.1 no such person"]],
  ["full552", [552, "5.2.2 mailbox full"]],
  ["tempfail451", [451, "4.3.0 try later"]],
]);
const refusal = ([responseCode, text]) => Object.assign(new Error(text), { responseCode });

const isAlice = (auth) => {
  if (auth.username !== "alice") return false;
  switch (auth.method) {
    case "CRAM-MD5":
      return auth.validatePassword("wonder land");
    case "XOAUTH2":
      return auth.accessToken === "tok";
    default:
      return auth.password === "wonder land";
  }
};

const listen = (lmtp, port) => {
  const server = new SMTPServer({
    lmtp,
    name: "node.plausch.test",
    banner: "plausch peer",
    key: readFileSync(`${run}/tls/good.key`),
    cert: readFileSync(`${run}/tls/good.chain.pem`),
    size: limit,
    authOptional: true,
    authMethods: ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"],
    disableReverseLookup: true,
    hideSMTPUTF8: false,
    hideDSN: false,
    hideREQUIRETLS: false,
    hideENHANCEDSTATUSCODES: false,
    onAuth(auth, _session, done) {
      const challenge = { status: "401", schemes: "bearer mac", scope: "https://mail.test/" };
      done(null, isAlice(auth) ? { user: auth.username } : { data: challenge });
    },
    onRcptTo(address, _session, done) {
      const verdict = refused.get(address.address.split("@")[0]);
      done(verdict === undefined ? null : refusal(verdict));
    },
    onData(stream, session, done) {
      const parts = [];
      stream.on("data", (part) => parts.push(part));
      stream.on("end", () => {
        const { mailFrom, rcptTo, bodyType, smtpUtf8, requireTLS, dsn } = session.envelope;
        const record = {
          lmtp,
          from: mailFrom,
          to: rcptTo,
          body: bodyType,
          utf8: smtpUtf8,
          requireTls: requireTLS,
          dsn,
          tls: session.tlsOptions?.version,
          user: session.user,
          over: stream.sizeExceeded,
          b64: Buffer.concat(parts).toString("base64"),
        };
        writeSync(1, `${JSON.stringify(record)}\n`);
        if (stream.sizeExceeded) return done(refusal([552, "5.3.4 message too big"]));
        // LMTP answers once a recipient; "late..." is refused only here.
        const verdict = ({ address }) =>
          address.startsWith("late") ? refusal([552, "5.2.2 mailbox full"]) : `delivered ${address}`;
        done(null, lmtp ? rcptTo.map(verdict) : "queued");
      });
    },
  });
  server.on("error", (error) => process.stderr.write(`${error.message}\n`));
  server.listen(Number(port), "127.0.0.1");
};

listen(false, smtpPort);
listen(true, lmtpPort);
