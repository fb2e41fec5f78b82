import { assertEquals } from "@std/assert";
import type * as net from "node:net";
import { ConnectionInfo } from "@plausch/net";

const socket = (ends: Partial<net.Socket>) => ends as net.Socket;

Deno.test("a connected socket tells both ends", () => {
  const ends = { localAddress: "2001:db8::2", localPort: 40000, remoteAddress: "2001:db8::1", remotePort: 25 };
  const info = ConnectionInfo.fromSocket(socket(ends))!;
  assertEquals(info, { family: "IPv6", ...ends });
  assertEquals(ConnectionInfo.formatRemote(info), "[2001:db8::1]:25");
  assertEquals(ConnectionInfo.formatLocal(info), "[2001:db8::2]:40000");
});

Deno.test("IPv4 inside IPv6 is IPv4", () => {
  const info = ConnectionInfo.fromSocket(socket({
    localAddress: "::ffff:192.0.2.2",
    localPort: 25,
    remoteAddress: "::FFFF:192.0.2.1",
    remotePort: 40000,
  }))!;
  assertEquals(info.family, "IPv4");
  assertEquals(ConnectionInfo.formatRemote(info), "192.0.2.1:40000");
  assertEquals(ConnectionInfo.formatLocal(info), "192.0.2.2:25");
});

Deno.test("a socket that is not connected any more has no ends", () => {
  assertEquals(ConnectionInfo.fromSocket(socket({ localAddress: "192.0.2.2", localPort: 25 })), undefined);
  assertEquals(ConnectionInfo.fromSocket(socket({})), undefined);
});

Deno.test("a Unix socket is known by its path", () => {
  const info = ConnectionInfo.fromSocket(socket({}), "/run/lmtp.sock")!;
  assertEquals(info.family, "Unix");
  assertEquals(ConnectionInfo.formatRemote(info), "/run/lmtp.sock");
  assertEquals(ConnectionInfo.formatLocal(info), "");
});
