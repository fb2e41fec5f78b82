import { assertEquals } from "@std/assert";
import * as Transcript from "@plausch/testing/transcript";
import * as Effect from "effect/Effect";
import type * as Socket from "effect/socket/Socket";
import { latin1 } from "../support/cases.ts";

/** A client's two ends of a socket, and simpler ways to use them. */
export interface Wire {
  /** The chunks of one pull, as latin-1 text. */
  readonly read: Effect.Effect<string, Socket.SocketError>;
  /** Reads until so many octets have come, none more. */
  readonly readOctets: (length: number) => Effect.Effect<string, Socket.SocketError>;
  /** Writes a line, and its CRLF. */
  readonly say: (line: string) => Effect.Effect<void, Socket.SocketError>;
  readonly write: Socket.Writer["write"];
  readonly upgrade: Socket.Reader["upgrade"];
}

const text = (chunk: Uint8Array | string): string => typeof chunk === "string" ? chunk : latin1(chunk);

/** Dials. */
export const wire = (socket: Socket.Socket) =>
  Effect.gen(function* () {
    const { pull, upgrade } = yield* socket.reader;
    const { write } = yield* socket.writer;
    const read = Effect.map(pull, (chunks) => chunks.map(text).join(""));
    const readOctets = Effect.fnUntraced(function* (length: number) {
      let heard = "";
      while (heard.length < length) heard += yield* read;
      return heard;
    });
    return { read, readOctets, say: (line: string) => write(`${line}\r\n`), write, upgrade } satisfies Wire;
  });

const isTls = (step: Transcript.Step | undefined): boolean =>
  step?._tag === "Stage" && step.direction.startsWith("tls ");

const handshake = (client: Wire, direction: Transcript.Direction) =>
  direction === "tls fails" || direction === "tls never answers"
    ? Effect.flip(client.upgrade())
    : client.upgrade({ rejectUnauthorized: false });

const connection = (socket: Socket.Socket, script: Transcript.Script) =>
  Effect.scoped(Effect.gen(function* () {
    const client = yield* wire(socket);
    // Where TLS comes first it is a part of dialling.
    for (const step of isTls(script[0]) ? script.slice(1) : script) {
      if (step._tag === "Server") {
        assertEquals(yield* client.readOctets(step.octets.length), latin1(step.octets));
      } else if (step._tag === "Client") {
        yield* client.write(step.octets);
      } else if (step._tag === "Stage") {
        if (isTls(step)) yield* handshake(client, step.direction);
        if (step.direction === "server closes" || step.direction === "server drops") yield* Effect.flip(client.read);
      }
    }
  }));

/** A client that does all that a script expects of it, and hangs up. It checks what it hears. */
export const perfectClient = (socket: Socket.Socket, script: Transcript.Script) =>
  Effect.forEach(Transcript.connections(script), (part) => connection(socket, part), { discard: true });
