// The reply parser of plausch on octets in chunks of one size. Mode `parse SIZE` parses, `calls SIZE` makes the same calls to a
// parser that does nothing: what is left then is the cost of cutting chunks and of the calls.
import * as ReplyParser from "@plausch/smtp/reply-parser";
import * as Job from "./job.mjs";

const { mode, file, messages } = Job.read();
const [what, size] = mode.split(" ");
const step = Number(size);
const octets = Deno.readFileSync(file);

let idle = 0;
const nothing = {
  push: (chunk: Uint8Array): void => {
    idle += chunk.length;
  },
  next: (): undefined => undefined,
};
const parser = what === "parse" ? ReplyParser.make() : nothing;

const stop = Job.start();
let replies = 0;
for (let i = 0; i < messages; i++) {
  for (let at = 0; at < octets.length; at += step) {
    parser.push(octets.subarray(at, at + step));
    while (parser.next() !== undefined) replies++;
  }
}
const measured = stop(messages);
if (what === "parse" ? replies < messages || "failure" in parser && parser.failure !== undefined : idle === 0) {
  throw new Error(`Cannot go on: only ${replies} replies were read`);
}
Job.report(measured);
