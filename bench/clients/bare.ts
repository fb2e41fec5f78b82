// No client at all: node:net, with the octets that plausch would send made beforehand, and replies only counted. What is
// left is the price of the runtime and of the system for these flights.
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as net from "node:net";
import type { Measured } from "./job.ts";
import * as Job from "./job.mjs";

const { mode, port, connections, messages, file, host, from, to } = Job.read();
const mail = `MAIL FROM:<${from}>\r\n`;
const recipients = to.map((address) => `RCPT TO:<${address}>\r\n`);
const commands = Buffer.from(`${mail}${recipients.join("")}DATA\r\n`);
const lines = [mail, ...recipients, "DATA\r\n"].map((line) => Buffer.from(line));
const content = mode === "stream" ? Buffer.alloc(0) : Buffer.concat([fs.readFileSync(file), Buffer.from(".\r\n")]);
const next = Buffer.concat([content, commands]);
const answers = to.length + 2;

const lineFeed = 10;
const hyphen = 45;
const chunk = 1 << 18;

let stop = Job.start();
let accepted = 0;
let greeted = 0;
let left = mode === "connect" ? messages : connections;
let measured: Measured | undefined;

/** A flight: what to write, then after how many replies to go on. */
type Flights = (socket: net.Socket, share: number) => Generator<number, void, void>;

const hello: Flights = function* (socket) {
  yield 1;
  socket.write(`EHLO ${host}\r\n`);
  yield 1;
  // The server is measured without its greeting where that is asked for: some wait before it on purpose.
  if (mode === "late" && ++greeted === connections) stop = Job.start();
};

const stream = async (socket: net.Socket): Promise<void> => {
  for await (const octets of fs.createReadStream(file, { highWaterMark: chunk })) {
    if (!socket.write(octets)) await new Promise((resolve) => socket.once("drain", resolve));
  }
  socket.write(".\r\n");
};

/** One round trip a message: the content goes out with the next message's commands. */
const overlap: Flights = function* (socket, share) {
  socket.write(commands);
  yield answers;
  for (let i = 1; i <= share; i++) {
    socket.write(i < share ? next : content);
    yield i < share ? answers + 1 : 1;
    accepted++;
  }
};

/** Two round trips a message. */
const two: Flights = function* (socket, share) {
  for (let i = 0; i < share; i++) {
    socket.write(commands);
    yield answers;
    socket.write(content);
    yield 1;
    accepted++;
  }
};

/** A round trip for each command. */
const lockStep: Flights = function* (socket, share) {
  for (let i = 0; i < share; i++) {
    for (const line of lines) {
      socket.write(line);
      yield 1;
    }
    socket.write(content);
    yield 1;
    accepted++;
  }
};

const streamed: Flights = function* (socket) {
  socket.write(commands);
  yield answers;
  void stream(socket);
  yield 1;
  accepted++;
};

const quit: Flights = function* (socket) {
  socket.write("QUIT\r\n");
  yield 1;
};

const modes: Record<string, Flights> = { overlap, two, late: two, connect: two, lockStep, stream: streamed };

const connect = (): void => {
  const socket = net.connect({ host: "127.0.0.1", port, noDelay: true });
  const share = mode === "connect" ? 1 : messages / connections;
  const flight = (function* () {
    yield* hello(socket, share);
    yield* modes[mode]!(socket, share);
    if (mode === "connect") yield* quit(socket, share);
  })();
  let awaited = flight.next().value;
  /** Where a line is: only its octet after the code tells whether it ends a reply. Chunks may be cut anywhere. */
  let column = 0;
  let isLast = true;
  const over = (): void => {
    if (--left === 0) measured = stop(accepted);
    if (mode !== "connect") socket.end("QUIT\r\n");
    else {
      socket.end();
      if (left > 0) connect();
    }
    if (measured !== undefined) Job.report(measured);
  };
  socket.on("data", (octets: Uint8Array) => {
    for (const octet of octets) {
      if (column++ === 3) isLast = octet !== hyphen;
      if (octet !== lineFeed) continue;
      column = 0;
      if (!isLast || awaited === undefined || --awaited > 0) continue;
      awaited = flight.next().value ?? undefined;
      if (awaited === undefined) over();
    }
  });
};

for (let i = 0; i < connections; i++) connect();
