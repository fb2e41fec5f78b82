// upyo: it takes no finished message, so it composes one with a body of the same text. As many messages are under way as there are
// connections.
import { createMessage } from "@upyo/core";
import { SmtpTransport } from "@upyo/smtp";
import { readFileSync } from "node:fs";
import * as Job from "./job.mjs";

const { mode, port, connections, messages, file, host: localName, from, to } = Job.read();
const text = readFileSync(file, "latin1").split("\r\n\r\n").slice(1).join("\r\n\r\n");
const pool = mode === "connect" ? { pool: false } : { pool: true, poolSize: connections };
const transport = new SmtpTransport({ host: "127.0.0.1", port, secure: false, localName, ...pool });

const stop = Job.start();
let accepted = 0;
const work = async () => {
  for (let i = 0; i < messages / connections; i++) {
    const receipt = await transport.send(createMessage({ from, to: [...to], subject: "bench", content: { text } }));
    if (receipt.successful) accepted++;
  }
};
await Promise.all(Array.from({ length: connections }, work));
const measured = stop(accepted);
await transport.closeAllConnections();
Job.report(measured);
