/** One DNS question over TCP, by hand: just enough of RFC 1035 to see that the name servers do what README.md says. */
import { Buffer } from "node:buffer";
import { connect } from "node:net";

/** What the header of an answer says. */
export interface RawAnswer {
  readonly rcode: number;
  /** The AD bit: the resolver validated the answer. */
  readonly authenticated: boolean;
  /** The number of records in the answer section. */
  readonly answers: number;
}

export const recordTypes = { A: 1, MX: 15, TXT: 16, TLSA: 52 } as const;

/** Asks a name server on a port of 127.0.0.1, with RD and AD set. Fails after 10 s. */
export const ask = (port: number, name: string, type: keyof typeof recordTypes): Promise<RawAnswer> => {
  const labels = name.split(".").flatMap((label) => [label.length, ...Buffer.from(label)]);
  const query = [0, 1, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, recordTypes[type], 0, 1];
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    const done = (settle: () => void) => {
      clearTimeout(limit);
      socket.destroy();
      settle();
    };
    const limit = setTimeout(() => done(() => reject(new Error(`No answer from port ${port}`))), 10_000);
    let heard = Buffer.alloc(0);
    socket.on("error", (error) => done(() => reject(error)));
    socket.on("data", (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      // Two octets of length, then the message.
      if (heard.length < 2 || heard.length < 2 + heard.readUInt16BE(0)) return;
      const flags = heard.readUInt16BE(4);
      const answer = { rcode: flags & 15, authenticated: (flags & 0x20) !== 0, answers: heard.readUInt16BE(8) };
      done(() => resolve(answer));
    });
    socket.write(Buffer.from([query.length >> 8, query.length & 255, ...query]));
  });
};
