// The dot-stuffing of plausch: the file in chunks of 64 KiB, again and again, into one buffer.
import * as DotStuffing from "@plausch/line/dot-stuffing";
import * as Job from "./job.mjs";

const chunk = 1 << 16;
const { file, octets, messages } = Job.read();
const all = Deno.readFileSync(file);
const chunks = Array.from({ length: octets / chunk }, (_, index) => all.subarray(index * chunk, (index + 1) * chunk));
// Not at the start of a page: a target that lies like the source modulo 4096 slows memory copies down.
const at = 2000;
const target = new Uint8Array(at + DotStuffing.bound(chunk));

const stop = Job.start();
for (let i = 0; i < messages; i++) {
  const stuffer = DotStuffing.make();
  for (const octets of chunks) stuffer.pushInto(octets, target, at);
  stuffer.finishInto(target, at);
}
Job.report(stop(messages));
