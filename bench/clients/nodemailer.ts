// nodemailer: a pool of one connection, the message as it is, so that nothing is composed.
import { Buffer } from "node:buffer";
import { createTransport } from "nodemailer";
import * as Workload from "../workload.ts";
import * as Job from "./job.ts";

const { port, messages, octets } = Job.read();
const raw = Buffer.from(Workload.message(octets));
const transport = createTransport({
  host: "127.0.0.1",
  port,
  name: Workload.host,
  secure: false,
  ignoreTLS: true,
  pool: true,
  maxConnections: 1,
  maxMessages: Infinity,
});

const stop = Job.start();
let accepted = 0;
for (let i = 0; i < messages; i++) {
  const info = await transport.sendMail({ envelope: { from: Workload.from, to: [Workload.to] }, raw });
  accepted += info.accepted.length;
}
const measured = stop(accepted);
transport.close();
Job.report(measured);
