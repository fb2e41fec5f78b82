// Throughput of @plausch/line: `deno bench bench/line_bench.ts`. One iteration is 1 MiB, so iter/s is MiB/s.
import * as DotStuffing from "@plausch/line/dot-stuffing";
import * as DotUnstuffing from "@plausch/line/dot-unstuffing";
import * as LineDecoder from "@plausch/line/line-decoder";

const SIZE = 1 << 20;
const CHUNK = 1 << 16;

/** Fills `SIZE` octets with lines of the lengths that `lengthOf` gives; a few begin with a dot. */
const filled = (lineEnd: string, lengthOf: (random: number) => number, dots: number): Uint8Array => {
  const out = new Uint8Array(SIZE);
  let state = 1;
  let at = 0;
  while (at < SIZE) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const length = lengthOf(state >>> 8);
    const isDotted = (state >>> 16) % 1000 < dots;
    for (let i = 0; i < length && at < SIZE; i++) {
      out[at++] = i === 0 && isDotted ? 46 : 97 + ((state >>> 4) + i * 7) % 26;
    }
    for (const char of lineEnd) if (at < SIZE) out[at++] = char.charCodeAt(0);
  }
  out[SIZE - 2] = 13;
  out[SIZE - 1] = 10;
  return out;
};

const proseLength = (random: number): number =>
  random % 9 === 0 ? 0 : random % 9 === 1 ? random % 70 : 60 + random % 17;

const base64 = filled("\r\n", () => 76, 0);
const prose = filled("\r\n", proseLength, 5);
const unixProse = filled("\n", proseLength, 5);

const chunksOf = (octets: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from({ length: SIZE / CHUNK }, (_, index) => octets.subarray(index * CHUNK, (index + 1) * CHUNK));

// Not at the start of a page: a target that lies like the source modulo 4096 slows memory copies down.
const AT = 2000;
const target = new Uint8Array(AT + DotStuffing.bound(CHUNK));

for (const [name, octets] of [["base64", base64], ["prose", prose], ["prose with LF", unixProse]] as const) {
  const chunks = chunksOf(octets);
  Deno.bench(`stuff 1 MiB of ${name} into a buffer`, { group: name }, () => {
    const stuffer = DotStuffing.make();
    for (const chunk of chunks) stuffer.pushInto(chunk, target, AT);
  });
  Deno.bench(`stuff 1 MiB of ${name} to fresh octets`, { group: name }, () => {
    const stuffer = DotStuffing.make();
    for (const chunk of chunks) stuffer.push(chunk);
  });
  if (octets === unixProse) continue;
  Deno.bench(`unstuff 1 MiB of ${name}`, { group: name }, () => {
    const unstuffer = DotUnstuffing.make();
    for (const chunk of chunks) unstuffer.push(chunk);
  });
  Deno.bench(`cut 1 MiB of ${name} into lines`, { group: name }, () => {
    const decoder = LineDecoder.make();
    for (const chunk of chunks) {
      decoder.push(chunk);
      while (decoder.next());
    }
  });
}
