// The dot-stuffing stream of nodemailer, which is inside the package: the file in chunks of 64 KiB, again and again.
import { readFileSync } from "node:fs";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import * as Job from "./job.mjs";

const chunk = 1 << 16;
const { file, octets, messages } = Job.read();
const all = readFileSync(file);
const path = new URL("./data-stream.js", import.meta.resolve("nodemailer/lib/smtp-connection"));
const module = await import(fileURLToPath(path));
const DataStream = module.DataStream ?? module.default;

const stop = Job.start();
for (let i = 0; i < messages; i++) {
  const stream = new DataStream();
  stream.resume();
  for (let at = 0; at < octets; at += chunk) {
    if (!stream.write(all.subarray(at, at + chunk))) await new Promise((resolve) => stream.once("drain", resolve));
  }
  stream.end();
  await finished(stream);
}
Job.report(stop(messages));
