import { Buffer } from "node:buffer";

/** Up to here a copy is cheaper than a system call of its own. */
const joinedOctets = 64 * 1024;

/**
 * The same octets in as few pieces as is cheap: neighbours are joined while the piece stays within 64 KiB; what is larger
 * stays as it is. Strings become UTF-8. Empty pieces vanish.
 */
export const gather = (chunks: ReadonlyArray<Uint8Array | string>): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = [];
  let run: Array<Uint8Array> = [];
  let runOctets = 0;
  const flush = () => {
    if (run.length > 0) pieces.push(run.length === 1 ? run[0]! : Buffer.concat(run, runOctets));
    run = [];
    runOctets = 0;
  };
  for (const chunk of chunks) {
    const octets = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (octets.length === 0) continue;
    if (runOctets + octets.length > joinedOctets) flush();
    run.push(octets);
    runOctets += octets.length;
  }
  flush();
  return pieces;
};
