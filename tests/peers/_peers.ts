/**
 * The real servers that `recipes/` starts on loopback: which of them are up, and what they stored.
 *
 * The recipes write ports and paths to `$PEERS_RUN/peers.json`; nothing is known twice. A test that needs a peer is
 * registered with {@link peerTest}: without the peer it is skipped and says so, and under PLAUSCH_PEERS=required it
 * fails.
 */
import { Buffer } from "node:buffer";
import { readdir, readFile, stat } from "node:fs/promises";
import { connect } from "node:net";
import { join, relative } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { latin1, octets } from "../support/cases.ts";

/** The names of the peers; each is a folder of `recipes/`, but for the two name servers of `recipes/dns`. */
export const peerNames = [
  "postfix",
  "opensmtpd",
  "dovecot",
  "smtp-server",
  "aiosmtpd",
  "smtp-sink",
  "unbound",
  "knot",
] as const;

export type PeerName = typeof peerNames[number];

/** Where a peer keeps messages: `<path>/<mailbox>/new/*` with LF line ends, or one JSON object a line. */
export interface Store {
  readonly kind: "maildir" | "jsonl";
  readonly path: string;
}

/** A peer that answered on its main port. */
export interface Peer {
  readonly name: PeerName;
  readonly host: "127.0.0.1";
  /** The main port: SMTP; LMTP of dovecot; DNS. */
  readonly port: number;
  /** Every port by its use, as in peers.json: `smtp`, `lmtp`, `submission`, `smtps`, `strict`, `auth`, `dns`, ... */
  readonly ports: Readonly<Record<string, number>>;
  /** The paths of its unix sockets, by their use. */
  readonly sockets: Readonly<Record<string, string>>;
  /** The path of its log, where tests read it. */
  readonly log: string | undefined;
  readonly store: Store | undefined;
}

interface Settings {
  readonly run: string;
  readonly tls: string;
  readonly tokenKey: string;
  readonly relayed: { readonly smtp: number; readonly lmtp: number };
  readonly peers: Record<PeerName, {
    readonly ports: Record<string, number>;
    readonly sockets?: Record<string, string>;
    readonly log?: string;
    readonly store?: Store;
  }>;
}

const run = process.env["PEERS_RUN"] ?? join(process.env["TMPDIR"] ?? "/tmp", "plausch-peers");

const settings: Settings | undefined = await readFile(join(run, "peers.json"), "utf8").then(
  JSON.parse,
  () => undefined,
);

/** Whether a peer that is not up is a failure. */
const required = process.env["PLAUSCH_PEERS"] === "required";

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const done = (up: boolean) => {
      clearTimeout(limit);
      socket.destroy();
      resolve(up);
    };
    const limit = setTimeout(() => done(false), 1000);
    socket.once("connect", () => done(true));
    socket.on("error", () => done(false));
  });

const probe = async (name: PeerName): Promise<readonly [PeerName, Peer | undefined]> => {
  const known = settings?.peers[name];
  const port = Object.values(known?.ports ?? {})[0];
  if (known === undefined || port === undefined || !await answers(port)) return [name, undefined];
  const { ports, sockets = {}, log, store } = known;
  return [name, { name, host: "127.0.0.1", port, ports, sockets, log, store }];
};

const found: ReadonlyMap<PeerName, Peer | undefined> = new Map(await Promise.all(peerNames.map(probe)));

/** The peer, or undefined when it was not up as the test file was loaded. */
export const peer = (name: PeerName): Peer | undefined => found.get(name);

/** The port of a peer for one use, such as `submission`. */
export const portOf = (peer: Peer, use: string): number => {
  const port = peer.ports[use];
  if (port === undefined) throw new Error(`"${peer.name}" has no port for "${use}"`);
  return port;
};

/** The path of a peer's unix socket for one use. */
export const socketOf = (peer: Peer, use: string): string => {
  const path = peer.sockets[use];
  if (path === undefined) throw new Error(`"${peer.name}" has no unix socket for "${use}"`);
  return path;
};

/** The port that Postfix and Dovecot pass messages on to; a test listens there. */
export const relayedPort = (use: "smtp" | "lmtp"): number => {
  if (settings === undefined) throw new Error(`Nothing was started in "${run}"`);
  return settings.relayed[use];
};

/** Where the key lies that dovecot checks tokens with. */
export const tokenKey = (): string => settings?.tokenKey ?? "";

/** The path of a file of the test certificates, such as `ca.pem` (README.md lists them). */
export const certificate = (file: string): string => join(settings?.tls ?? join(run, "tls"), file);

/**
 * Registers a test that needs peers. When one is not up the test is skipped under a name that says why; with
 * PLAUSCH_PEERS=required it fails instead.
 */
export const peerTest = <const N extends ReadonlyArray<PeerName>>(
  title: string,
  names: N,
  body: (peers: { readonly [K in N[number]]: Peer }) => Promise<void>,
): void => {
  const missing = names.filter((name) => found.get(name) === undefined);
  if (missing.length === 0) {
    const peers = Object.fromEntries(names.map((name) => [name, found.get(name)]));
    Deno.test(title, () => body(peers as { readonly [K in N[number]]: Peer }));
    return;
  }
  const reason = `not up: ${missing.join(", ")}; see tests/peers/README.md`;
  if (!required) Deno.test({ name: `${title} (skipped, ${reason})`, ignore: true, fn: () => {} });
  else Deno.test(title, () => Promise.reject(new Error(`PLAUSCH_PEERS=required, but ${reason}`)));
};

/** A mark for one message: put it in a header or the body, then look the message up by it. */
export const newMark = (): string => `plausch-${crypto.randomUUID()}`;

const maildirCopies = async (path: string, mark: string, mailbox: string | undefined): Promise<Array<Uint8Array>> => {
  const mailboxes = mailbox === undefined ? await readdir(path) : [mailbox];
  const hits: Array<{ readonly octets: Uint8Array; readonly at: number }> = [];
  for (const name of mailboxes) {
    const folder = join(path, name, "new");
    // Nothing was delivered to this mailbox yet, or the entry is no mailbox.
    const files = await readdir(folder).catch(() => []);
    for (const file of files) {
      const octets = await readFile(join(folder, file));
      if (octets.includes(mark)) hits.push({ octets, at: (await stat(join(folder, file))).mtimeMs });
    }
  }
  return hits.sort((a, b) => a.at - b.at).map((hit) => new Uint8Array(hit.octets));
};

/** What smtp-server and aiosmtpd write down of a message. */
export interface JsonMessage {
  /** aiosmtpd writes addresses, smtp-server writes them with their parameters. */
  readonly to: ReadonlyArray<string | { readonly address: string; readonly dsn?: unknown }>;
  /** The message, in base64. */
  readonly b64: string;
  /** What else the peer's recipe writes. */
  readonly [name: string]: unknown;
}

/** Every message in a peer's JSON store that holds the mark, oldest first, as its recipe wrote it down. */
export const records = async (peer: Peer, mark: string): Promise<Array<JsonMessage>> => {
  if (peer.store?.kind !== "jsonl") throw new Error(`"${peer.name}" writes no JSON`);
  const text = await readFile(peer.store.path, "utf8");
  // What follows the last line end is a message that is still being written.
  const messages = text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as JsonMessage);
  return messages.filter((message) => Buffer.from(message.b64, "base64").includes(mark));
};

const jsonCopies = async (peer: Peer, mark: string, mailbox: string | undefined): Promise<Array<Uint8Array>> => {
  const isTo = (to: JsonMessage["to"][number]) =>
    mailbox === undefined || (typeof to === "string" ? to : to.address).startsWith(`${mailbox}@`);
  return (await records(peer, mark))
    .filter((message) => message.to.some(isTo))
    .map((message) => new Uint8Array(Buffer.from(message.b64, "base64")));
};

/**
 * Every stored message that holds the mark, oldest first, as the peer keeps it. `mailbox` (a local part) narrows it to
 * one recipient. Postfix, OpenSMTPD and dovecot keep one copy a recipient; smtp-server and aiosmtpd one a transaction.
 */
export const copies = (peer: Peer, mark: string, mailbox?: string | undefined): Promise<Array<Uint8Array>> => {
  switch (peer.store?.kind) {
    case "maildir":
      return maildirCopies(peer.store.path, mark, mailbox);
    case "jsonl":
      return jsonCopies(peer, mark, mailbox);
    case undefined:
      throw new Error(`"${peer.name}" stores nothing`);
  }
};

/**
 * The newest stored message that holds the mark, as the peer keeps it. A server may answer before it delivers, so this
 * waits for the message: `within` milliseconds (10 s), then it fails.
 */
export const stored = async (
  peer: Peer,
  mark: string,
  options: { readonly mailbox?: string | undefined; readonly within?: number | undefined } = {},
): Promise<Uint8Array> => {
  const { mailbox, within = 10_000 } = options;
  const end = Date.now() + within;
  while (true) {
    const newest = (await copies(peer, mark, mailbox)).at(-1);
    if (newest !== undefined) return newest;
    if (Date.now() >= end) {
      throw new Error(`No message with "${mark}" came to "${peer.name}" within ${within} ms, in "${peer.store?.path}"`);
    }
    await sleep(50);
  }
};

/** The last line of a peer's log that holds a text; waits for it, at most 10 s. */
export const logged = async (peer: Peer, text: string): Promise<string> => {
  if (peer.log === undefined) throw new Error(`Nobody reads the log of "${peer.name}"`);
  for (let left = 200; left > 0; left--) {
    const line = (await readFile(peer.log, "utf8")).split("\n").findLast((line) => line.includes(text));
    if (line !== undefined) return line;
    await sleep(50);
  }
  throw new Error(`Nothing about "${text}" in "${peer.log}"`);
};

/** Every file that a peer wrote since it was started: its logs, and the messages it keeps. */
export const written = async (peer: Peer): Promise<ReadonlyArray<string>> => {
  const folder = join(settings?.run ?? run, peer.name);
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const isWritten = (path: string) => /^(mail|log|dovecot\.log|messages\.jsonl)(\/|$)/.test(relative(folder, path));
  return files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name)).filter(isWritten);
};

/** The fields that a peer puts on top of a message, in this order, each once; "?" marks one that may be missing. */
const trace: Readonly<Record<PeerName, ReadonlyArray<string>>> = {
  postfix: ["Return-Path", "X-Original-To", "Delivered-To", "Received"],
  opensmtpd: ["Return-Path", "Delivered-To", "Received"],
  // Dovecot names the recipient only when a transaction has but one.
  dovecot: ["Return-Path", "Delivered-To?", "Received"],
  "smtp-server": [],
  aiosmtpd: [],
  "smtp-sink": [],
  unbound: [],
  knot: [],
};

/**
 * The message as it was sent: line ends as on the wire, and without the fields that the peer put on top. Fails unless
 * exactly those fields are there.
 *
 * A Maildir keeps LF where CRLF was received, so every LF becomes CRLF. That is exact for a message in which CR and LF
 * occur only as CRLF, which is all that may be sent (RFC 5321 2.3.8). The JSON stores keep the octets as they came.
 */
export const withoutTrace = (peer: Peer, message: Uint8Array): Uint8Array => {
  let text = latin1(message);
  if (peer.store?.kind === "maildir") text = text.replaceAll("\n", "\r\n");
  for (const entry of trace[peer.name]) {
    const name = entry.replace("?", "");
    if (!text.startsWith(`${name}: `)) {
      if (entry !== name) continue;
      throw new Error(`Expected "${name}" as the next trace field of "${peer.name}": "${text.slice(0, 60)}"`);
    }
    // A field ends at the first line end that no folded line follows.
    const end = text.search(/\r\n(?![ \t])/);
    text = text.slice(end + 2);
  }
  return octets(text);
};
