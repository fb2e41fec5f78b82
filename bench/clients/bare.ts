// No client at all: node:net, with the octets that plausch would send made beforehand, and replies only counted. What is
// left is the price of the runtime and of the system for these flights. With OVERLAP in its arguments the octets
// of a message go out together with the commands of the next one, as `sendMany` has it.
import { Buffer } from "node:buffer";
import * as net from "node:net";
import process from "node:process";
import * as Workload from "../workload.ts";
import * as Job from "./job.ts";

const { port, messages, octets } = Job.read();
const commands = Buffer.from(
  `MAIL FROM:<${Workload.from}>\r\nRCPT TO:<${Workload.to}>\r\nDATA\r\n`,
);
const content = Buffer.concat([Workload.message(octets), Buffer.from(".\r\n")]);
const both = Buffer.concat([content, commands]);
const isOverlapping = process.argv.includes("OVERLAP");

const lineFeed = 10;
const hyphen = 45;

const stop = Job.start();
const socket = net.connect({ host: "127.0.0.1", port, noDelay: true });
let accepted = 0;

/** What to write, after how many replies. */
const flights = function* (): Generator<number, void, void> {
  yield 1;
  socket.write(`EHLO ${Workload.host}\r\n`);
  yield 1;
  if (isOverlapping) {
    socket.write(commands);
    yield 3;
    for (; accepted < messages - 1; accepted++) {
      socket.write(both);
      yield 4;
    }
    socket.write(content);
    yield 1;
    accepted++;
  }
  while (accepted < messages) {
    socket.write(commands);
    yield 3;
    socket.write(content);
    yield 1;
    accepted++;
  }
};

const flight = flights();
let awaited = flight.next().value;
/** Where a line is: only its octet after the code tells whether it ends a reply. Chunks may be cut anywhere. */
let column = 0;
let isLast = true;
socket.on("data", (chunk: Uint8Array) => {
  for (const octet of chunk) {
    if (column++ === 3) isLast = octet !== hyphen;
    if (octet !== lineFeed) continue;
    column = 0;
    if (!isLast || awaited === undefined || --awaited > 0) continue;
    awaited = flight.next().value ?? undefined;
    if (awaited === undefined) {
      Job.report(stop(accepted));
      socket.end("QUIT\r\n");
    }
  }
});
