// nodemailer, under Deno and under Node: the message as it is, so that nothing is composed. As many messages are under way
// as there are connections.
import { createReadStream, readFileSync } from "node:fs";
import { createTransport } from "nodemailer";
import * as Job from "./job.mjs";

const { mode, port, connections, messages, file, host, from, to } = Job.read();
const isStreamed = mode === "stream";
const octets = isStreamed ? undefined : readFileSync(file);
const raw = () => isStreamed ? createReadStream(file, { highWaterMark: 1 << 18 }) : octets;
const pool = mode === "connect" ? {} : { pool: true, maxConnections: connections, maxMessages: Infinity };
const transport = createTransport({ host: "127.0.0.1", port, name: host, secure: false, ignoreTLS: true, ...pool });

const stop = Job.start();
let accepted = 0;
const work = async () => {
  for (let i = 0; i < messages / connections; i++) {
    const info = await transport.sendMail({ envelope: { from, to }, raw: raw() });
    if (info.accepted.length === to.length) accepted++;
  }
};
await Promise.all(Array.from({ length: connections }, work));
const measured = stop(accepted);
transport.close();
Job.report(measured);
