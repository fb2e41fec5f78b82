/**
 * Everything that is measured, as a table: one row is one kind of work, done by all contenders in turn.
 *
 * @module
 */
import type { Job } from "./clients/job.ts";
import type { Kind } from "./files.ts";
import * as Marks from "./marks.ts";
import type * as Programs from "./programs.ts";
import type * as Servers from "./servers.ts";
import * as Workload from "./workload.ts";

/** The part of a job that a row decides on. */
export type Work = Omit<Job, "port" | "file" | "host" | "from">;

/** One that takes part in a row. */
export interface Contender {
  /** What it is called in tables, marks and JSON; unique in its row. */
  readonly name: string;
  /** The program that does the work. */
  readonly program: Programs.Name;
  /** What differs from the work of the row. */
  readonly work?: Partial<Work> | undefined;
  /** The server, if it is not the row's. */
  readonly server?: Servers.Name | undefined;
}

/** One kind of work. */
export interface Row {
  /** Its name for `--only`. */
  readonly id: string;
  /** Its heading. */
  readonly title: string;
  /** The server; undefined where nothing is sent. */
  readonly server?: Servers.Name | undefined;
  /** The work. */
  readonly work: Work;
  /** What the file of the job holds. Default: a message. */
  readonly kind?: Kind | undefined;
  /** What is counted: messages, or MB (10^6 octets). */
  readonly counts: "messages" | "MB";
  /** How often each contender runs. */
  readonly runs: number;
  /** Who takes part. */
  readonly contenders: ReadonlyArray<Contender>;
  /** What to reach. */
  readonly marks: ReadonlyArray<Marks.Mark>;
  /** What to know about it, and what it does not prove: Markdown. */
  readonly caveat: string;
}

/** How much work there is. */
export interface Scale {
  /** Messages and octets are divided by this. */
  readonly divisor: number;
  /** Runs of each contender; undefined for what each row has by itself. */
  readonly runs: number | undefined;
}

const kibi = 1024;
const mebi = kibi * kibi;

const bulk = "plausch, sendMany";
const each = "plausch, session.send";
const pool = "plausch, pool";
const overlap = "bare, overlapped";
const two = "bare, two flights";
const lockStep = "bare, lock step";
const nodemailer = "nodemailer on Deno";
const source = "smtp-source";

const one = [Workload.to];
const fifty = Array.from({ length: 50 }, (_, index) => `${index + 1}${Workload.to}`);

const base: Work = { mode: "", connections: 1, messages: 1, warmUp: 0, octets: kibi, to: one };

const contender = (name: string, program: Programs.Name, mode = ""): Contender => ({ name, program, work: { mode } });
const peer = (name: Programs.Name, mode = ""): Contender => contender(name, name, mode);

const ours = [contender(bulk, "plausch", "bulk"), contender(each, "plausch", "each")];
const bare = {
  overlap: contender(overlap, "bare", "overlap"),
  two: contender(two, "bare", "two"),
  lockStep: contender(lockStep, "bare", "lockStep"),
};

const chunkSizes = [1, 16, 256, 1460, 4096, 65536];
const chunked = (size: number): string => `chunks of ${size}`;
const idle = (size: number): string => `${chunked(size)}, calls alone`;

const growth = [1000, 10_000, 100_000];
const grown = (messages: number): string => `${messages.toLocaleString("en")} messages`;

/** All rows. Those that send messages share `caveats` of the page, which are not repeated here. */
export const rows = ({ divisor, runs }: Scale): ReadonlyArray<Row> => {
  const few = (count: number): number => Math.max(Math.round(count / divisor / 10) * 10, 10);
  const large = Math.round(256 / divisor) * mebi;
  const giant = Math.round(1024 / divisor) * mebi;
  const dots = 16 * mebi;
  const replyOctets = mebi;
  const times = (usual: number): number => runs ?? usual;
  const growthBy = growth.map((messages) => few(messages));

  const stuffing = (kind: "base64" | "prose", target: number): Row => {
    const name = `plausch, ${kind}`;
    const [onDeno, onNode] = ["nodemailer on Deno", "nodemailer on Node"] as const;
    return {
      id: `stuffing-${kind}`,
      title: `Dot-stuffing, ${Math.round(256 / divisor)} MiB of ${kind}`,
      work: { ...base, messages: Math.max(1, Math.round(16 / divisor)), octets: dots },
      kind,
      counts: "MB",
      runs: times(5),
      contenders: [
        contender(name, "stuffing"),
        contender(onDeno, "nodemailer's stuffing on Deno"),
        contender(onNode, "nodemailer's stuffing on Node"),
      ],
      marks: [Marks.gigabytes(name, target), Marks.faster(name, onDeno, 5), Marks.faster(name, onNode, 5)],
      caveat:
        "16 MiB, again and again, in chunks of 64 KiB, with CRLF line ends. plausch writes into a buffer that is used again, as its " +
        "session does; nodemailer's is a stream, so its chunks go through Node's stream machinery. Nothing is sent.",
    };
  };

  return [
    {
      id: "one-connection",
      title: `One connection, ${few(5000)} messages of 1 KiB`,
      server: "smtp-sink",
      work: { ...base, messages: few(5000) },
      counts: "messages",
      runs: times(5),
      contenders: [
        ...ours,
        bare.overlap,
        bare.two,
        bare.lockStep,
        peer(source),
        peer(nodemailer),
        peer("nodemailer on Node"),
        peer("upyo on Deno"),
        peer("smtplib"),
      ],
      marks: [
        Marks.faster(bulk, source, 3),
        Marks.faster(bulk, nodemailer, 3.5),
        Marks.faster(bulk, overlap, 0.85),
        Marks.faster(each, two, 0.65),
      ],
      caveat:
        "`sendMany` overlaps messages, one round trip each; `session.send`, nodemailer and _bare, two flights_ take two, since each " +
        "message is sent when the one before is answered; the others take four or more. upyo composes its messages, the others have " +
        "them ready. The difference between these rows is mostly round trips, which cost 0.1 ms here and much more elsewhere.",
    },
    {
      id: "ten-connections",
      title: `Ten connections, ${few(10_000)} messages of 1 KiB`,
      server: "smtp-sink",
      work: { ...base, connections: 10, messages: few(10_000) },
      counts: "messages",
      runs: times(5),
      contenders: [
        ...ours,
        contender(pool, "plausch", "pool"),
        bare.overlap,
        bare.two,
        bare.lockStep,
        peer(source),
        peer(nodemailer),
        peer("nodemailer on Node"),
        peer("upyo on Deno"),
      ],
      marks: [
        Marks.faster(bulk, source, 1.8),
        Marks.faster(bulk, nodemailer, 8),
        Marks.cheaper(bulk, source, 0.5),
        Marks.faster(each, source, 1.3),
        Marks.faster(each, nodemailer, 5),
        Marks.faster(pool, nodemailer, 2),
        Marks.faster(bulk, overlap, 0.85),
        Marks.faster(each, two, 0.65),
      ],
      caveat:
        "The pool has twenty messages at a time to take, and sends them as `session.send` does. One process, so one core, for all ten. Where the client is fast enough smtp-sink is the limit, and ratios to it shrink. " +
        "smtplib is left out: it has one connection at a time.",
    },
    {
      id: "no-pipelining",
      title: `A server without PIPELINING, ${few(5000)} messages of 1 KiB`,
      server: "smtp-sink -p",
      work: { ...base, messages: few(5000) },
      counts: "messages",
      runs: times(5),
      contenders: [...ours, bare.lockStep, peer(source), peer(nodemailer)],
      marks: [Marks.faster(bulk, lockStep, 0.85), Marks.faster(each, lockStep, 0.85)],
      caveat:
        "Every client waits for each reply, so all take four round trips, and what differs is the cost of a wait.",
    },
    {
      id: "new-connections",
      title: `A new connection for each of ${few(1000)} messages of 1 KiB`,
      server: "smtp-sink",
      work: { ...base, messages: few(1000) },
      counts: "messages",
      runs: times(5),
      contenders: [
        contender("plausch", "plausch", "connect"),
        contender("bare", "bare", "connect"),
        peer(source, "connect"),
        peer(nodemailer, "connect"),
        peer("nodemailer on Node", "connect"),
        peer("smtplib", "connect"),
      ],
      marks: [Marks.faster("plausch", nodemailer, 1.6)],
      caveat:
        "Connecting, greeting, EHLO and QUIT are inside, one connection after the other. plausch, bare and smtplib wait for the answer " +
        "to QUIT. No name is looked up, and there is no TLS, which would cost more than all of it.",
    },
    {
      id: "fifty-recipients",
      title: `${few(500)} messages of 1 KiB for 50 recipients each`,
      server: "smtp-sink",
      work: { ...base, messages: few(500), to: fifty },
      counts: "messages",
      runs: times(5),
      contenders: [...ours, bare.overlap, peer(source), peer(nodemailer), peer("nodemailer on Node"), peer("smtplib")],
      marks: [Marks.faster(bulk, source, 25), Marks.faster(bulk, nodemailer, 5), Marks.faster(each, nodemailer, 5)],
      caveat:
        "smtp-source and smtplib wait for each RCPT: 53 round trips against one or two. The same 50 addresses each time, parsed anew.",
    },
    {
      id: "large-message",
      title: `One message of ${large / mebi} MiB to a server that discards it`,
      server: "discard",
      work: { ...base, octets: large },
      counts: "MB",
      runs: times(3),
      contenders: [
        contender("plausch, streamed", "plausch", "stream"),
        contender("plausch, read twice", "plausch", "look"),
        contender("plausch, whole in memory", "plausch", "whole"),
        { name: "plausch, streamed, four times the size", program: "plausch", work: { mode: "stream", octets: giant } },
        contender("bare", "bare", "stream"),
        peer("curl"),
        peer(nodemailer, "stream"),
        peer("nodemailer on Node", "stream"),
      ],
      marks: [
        Marks.faster("plausch, streamed", "curl", 1),
        Marks.faster("plausch, streamed", nodemailer, 4),
        Marks.memory("plausch, streamed", 128),
        Marks.memory("plausch, streamed, four times the size", 128),
      ],
      caveat:
        "From a file that is in the system's cache, lines of base64, to a program of this bench that looks at the last five octets only. " +
        "_Streamed_ is told that the message is 7-bit, as curl and nodemailer take for granted; _read twice_ finds out by itself first. " +
        "_Bare_ stuffs no dots. curl's time is that of its process. upyo needs more memory than this machine has for it.",
    },
    stuffing("base64", 2),
    stuffing("prose", 1.5),
    {
      id: "replies",
      title: `Reading ${Math.round(64 / divisor)} MiB of replies, by size of chunk`,
      work: { ...base, messages: Math.max(1, Math.round(64 / divisor)), octets: replyOctets },
      kind: "replies",
      counts: "MB",
      runs: times(3),
      contenders: [
        ...chunkSizes.map((size) => contender(chunked(size), "replies", `parse ${size}`)),
        ...[1, 16].map((size) => contender(idle(size), "replies", `calls ${size}`)),
      ],
      marks: [
        Marks.gigabytes(chunked(65536), 0.5),
        ...[1, 16].map((size) => Marks.beyondCalls(chunked(size), idle(size), chunked(65536), 1.1)),
      ],
      caveat:
        "1 MiB of the replies of an ordinary conversation, again and again; every reply is parsed with all checks and dropped. " +
        "_Calls alone_ cuts the same chunks for a parser that does nothing. Beyond the call, a chunk of one octet still makes " +
        "the parser keep and resume its state; the last two marks are that price.",
    },
    {
      id: "sink",
      title: `Servers, ${few(10_000)} messages of 1 KiB over ten connections`,
      work: { ...base, mode: "late", connections: 10, messages: few(10_000) },
      counts: "messages",
      runs: times(5),
      contenders: (["plausch sink", "smtp-server on Deno", "smtp-server on Node", "smtp-sink"] as const).map((
        server,
      ) => ({
        name: server,
        program: "bare",
        server,
      })),
      marks: [
        Marks.faster("plausch sink", "smtp-server on Deno", 2),
        Marks.faster("plausch sink", "smtp-server on Node", 2),
      ],
      caveat:
        "The server is measured; the client is _bare, two flights_ in all cases. Its watch starts after EHLO, for smtp-server waits 100 ms " +
        "before its greeting. Messages are discarded. The CPU columns are the client's, and say nothing of the server.",
    },
    {
      id: "growth",
      title: `Cost growth: ${growthBy.map(grown).join(", ")}`,
      server: "smtp-sink",
      work: { ...base, mode: "bulk", warmUp: few(10_000) },
      counts: "messages",
      runs: times(3),
      contenders: growthBy.map((messages) => ({ name: grown(messages), program: "plausch", work: { messages } })),
      marks: [
        Marks.even(growthBy.map(grown), 0.9),
        Marks.flatMemory(grown(growthBy[2]!), grown(growthBy[1]!), 1.1),
      ],
      caveat:
        `\`sendMany\` over one connection, after ${
          few(10_000)
        } messages that are not counted: without them the JIT's warm-up would be ` +
        "part of the shortest run and not of the longest. Memory is the peak of the whole process.",
    },
  ];
};

/** What can be measured besides the rows: whole processes. */
export const startUp = "start-up";

/** The rows with these names, in their own order; all without names. Throws a RangeError for a name of nothing. */
export const choose = (all: ReadonlyArray<Row>, names: ReadonlyArray<string>): ReadonlyArray<Row> => {
  const known = [...all.map(({ id }) => id), startUp];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RangeError(`Cannot measure "${unknown}": there are ${known.join(", ")}`);
  return names.length === 0 ? all : all.filter(({ id }) => names.includes(id));
};
