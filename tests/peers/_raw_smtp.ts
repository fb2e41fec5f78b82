/**
 * SMTP by hand, in a few lines and without any of plausch: the yardstick that the peers are tried with. Like telnet it
 * sends what it is told; every wait is limited to 10 s.
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { latin1, octets } from "../support/cases.ts";

export interface RawSmtp {
  /** The next reply, all its lines, line ends as they came. Fails when the server closes. */
  readonly reply: () => Promise<string>;
  /** Sends a line, and gives the reply to it. */
  readonly say: (line: string) => Promise<string>;
  /** Sends octets as they are. */
  readonly send: (bytes: Uint8Array) => void;
  /**
   * The TLS handshake. The name is checked against the certificate, which `ca` (PEM) must vouch for; `own` is shown to the
   * server. With implicit TLS it comes before the greeting.
   */
  readonly startTls: (name: string, ca: string, own?: { readonly cert: string; readonly key: string }) => Promise<void>;
  readonly close: () => void;
}

const waitLimit = 10_000;

const limited = <A>(what: string, start: (resolve: (value: A) => void, reject: (error: Error) => void) => void) =>
  new Promise<A>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`${what}: nothing within ${waitLimit} ms`)), waitLimit);
    start(
      (value) => (clearTimeout(limit), resolve(value)),
      (error) => (clearTimeout(limit), reject(error)),
    );
  });

/** Connects to a port of 127.0.0.1, or to a unix socket. The greeting is the first reply. */
export const dial = async (where: number | string): Promise<RawSmtp> => {
  let socket: Socket = typeof where === "string"
    ? connect({ path: where })
    : connect({ host: "127.0.0.1", port: where, noDelay: true });
  let heard = "";
  let failure: Error | undefined;
  const nobodyWaits = () => {};
  let wake = nobodyWaits;
  const hear = (from: Socket) => {
    from.on("data", (chunk: Uint8Array) => {
      heard += latin1(chunk);
      wake();
    });
    from.on("error", (error: Error) => {
      failure ??= error;
      wake();
    });
    from.on("close", () => {
      failure ??= new Error("The server closed the connection");
      wake();
    });
  };
  const raw = socket;
  hear(raw);
  await limited<void>("connect", (resolve, reject) => {
    raw.once("connect", () => resolve());
    raw.once("error", reject);
  });

  const reply = () =>
    limited<string>("reply", (resolve, reject) => {
      wake = () => {
        const whole = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*|\r)?\n/.exec(heard);
        if (whole !== null) {
          // The reply after this one stays for the next to ask.
          wake = nobodyWaits;
          heard = heard.slice(whole[0].length);
          resolve(whole[0]);
        } else if (failure !== undefined) reject(failure);
      };
      wake();
    });
  const send = (bytes: Uint8Array): void => {
    socket.write(bytes);
  };
  return {
    reply,
    send,
    say: (line) => {
      send(Buffer.from(`${line}\r\n`));
      return reply();
    },
    startTls: (name, ca, own) =>
      limited<void>("TLS handshake", (resolve, reject) => {
        raw.removeAllListeners("data");
        const secured = connectTls({ socket: raw, servername: name, ca, ...own });
        secured.once("secureConnect", () => {
          socket = secured;
          resolve();
        });
        secured.once("error", reject);
        secured.once("close", () => reject(new Error("The server closed the connection in the TLS handshake")));
        hear(secured);
      }),
    close: () => {
      socket.destroy();
      raw.destroy();
    },
  };
};

/**
 * Delivers a message (CRLF line ends, CRLF last) in one transaction. Gives the replies to the final dot: one, or with
 * LMTP one a recipient.
 */
export const deliver = async (
  where: number | string,
  message: Uint8Array,
  options: { readonly to: ReadonlyArray<string>; readonly lmtp?: boolean | undefined },
): Promise<ReadonlyArray<string>> => {
  const server = await dial(where);
  const expect = async (code: string, reply: Promise<string>) => {
    const text = await reply;
    if (!text.startsWith(code)) throw new Error(`Expected ${code}, got ${JSON.stringify(text)}`);
  };
  try {
    await expect("220", server.reply());
    await expect("250", server.say(`${options.lmtp ? "LHLO" : "EHLO"} client.plausch.test`));
    await expect("250", server.say("MAIL FROM:<sender@elsewhere.test> BODY=8BITMIME"));
    for (const to of options.to) await expect("250", server.say(`RCPT TO:<${to}>`));
    await expect("354", server.say("DATA"));
    // RFC 5321 4.5.2: a dot that begins a line is doubled.
    server.send(octets(`${latin1(message).replace(/^\./gm, "..")}.\r\n`));
    const replies: Array<string> = [];
    for (let count = options.lmtp ? options.to.length : 1; count > 0; count--) replies.push(await server.reply());
    await expect("221", server.say("QUIT"));
    return replies;
  } finally {
    server.close();
  }
};
