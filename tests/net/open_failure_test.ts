import { assert, assertEquals } from "@std/assert";
import * as Socket from "effect/socket/Socket";
import { ListenError, OpenFailure } from "@plausch/net";
import { TlsError } from "@plausch/tls";

const system = (code: string, message = code, more: Record<string, unknown> = {}) =>
  Object.assign(new Error(message), { code, ...more });

const notCapable = (message: string) => Object.assign(new Error(message), { name: "NotCapable" });

Deno.test("each code of the system has words and a hint", () => {
  const cases = [
    ["EACCES", "The system does not allow it"],
    ["EADDRINUSE", "Something else listens there already"],
    ["EADDRNOTAVAIL", "The address is not one of this machine"],
    ["EAI_AGAIN", "The name could not be looked up right now"],
    ["EAFNOSUPPORT", "This machine does not speak that address family"],
    ["ECONNREFUSED", "Nothing listens there"],
    ["ECONNRESET", "The connection was reset while it was opened"],
    ["EHOSTUNREACH", "There is no way to that host"],
    ["EMFILE", "This process has too many open files"],
    ["ENETUNREACH", "There is no way to that network"],
    ["ENOENT", "There is no socket file at that path"],
    ["ENOTFOUND", "The name has no address"],
    ["EPIPE", "The other side closed the connection at once"],
    ["EPERM", "A rule of this machine forbids it"],
    ["ERR_INVALID_IP_ADDRESS", "The source address is not an IP address"],
    ["ERR_SOCKET_BAD_PORT", "That is not a port number"],
    ["ETIMEDOUT", "There was no answer in time"],
  ] as const;
  for (const [code, what] of cases) {
    const failure = OpenFailure.explain(system(code));
    assertEquals([failure.code, failure.what], [code, what]);
    assert(/^[A-Z].*[^.]$/.test(failure.hint), failure.hint);
  }
});

Deno.test("the code is found inside the errors of effect and of this package", () => {
  const refused = system("ECONNREFUSED");
  const opening = new Socket.SocketOpenError({ kind: "Unknown", cause: refused });
  const wrapped = [
    opening,
    new Socket.SocketError({ reason: opening }),
    new ListenError.ListenError({ address: "127.0.0.1:25", cause: refused }),
    // What Node throws when every address of a name failed.
    new AggregateError([refused, system("ENETUNREACH")]),
    new Socket.SocketOpenError({ kind: "Unknown", cause: new AggregateError([refused]) }),
  ];
  for (const error of wrapped) assertEquals(OpenFailure.explain(error).code, "ECONNREFUSED");
});

Deno.test("a path has other words than a port", () => {
  const at = (syscall: string, address: string) => ({ syscall, address, port: -1 });
  const cases = [
    ["EADDRINUSE", at("listen", "/run/lmtp.sock"), "There is something at that path already"],
    ["EADDRINUSE", at("listen", "127.0.0.1"), "Something else listens there already"],
    ["EINVAL", at("listen", "/run/too-long"), "That is no path for a socket"],
    ["EINVAL", at("connect", "/run/too-long"), "That is no path for a socket"],
    ["ENOENT", at("listen", "/nowhere/lmtp.sock"), "There is no directory for the socket file"],
    ["ENOENT", at("connect", "/run/lmtp.sock"), "There is no socket file at that path"],
  ] as const;
  for (const [code, more, what] of cases) assertEquals(OpenFailure.explain(system(code, code, more)).what, what);
});

Deno.test("a handshake that failed keeps its own words", () => {
  const tls = new TlsError({
    reason: "NotTls",
    serverName: "mx.example.test",
    cause: system("ERR_SSL_WRONG_VERSION_NUMBER"),
  });
  const error = new Socket.SocketError({ reason: new Socket.SocketUpgradeError({ cause: tls }) });
  const failure = OpenFailure.explain(error);
  assertEquals([failure.code, failure.what], ["NotTls", "TLS could not be established"]);
  assertEquals(failure.hint, tls.message);
});

Deno.test("a cause that leads back to itself ends", () => {
  const error = new Error("round and round");
  error.cause = error;
  assertEquals(OpenFailure.explain(error).code, "Unknown");
});

Deno.test("what is unknown is said to be unknown", () => {
  for (const error of [undefined, null, "boom", 7, new Error("boom"), { code: 7 }, { code: "" }]) {
    assertEquals(OpenFailure.explain(error), {
      code: "Unknown",
      what: "The connection could not be opened",
      hint: "The cause has the details",
    });
  }
  assertEquals(OpenFailure.explain(system("ESTRANGE")).code, "ESTRANGE");
  assertEquals(OpenFailure.explain(system("constructor")).what, "The connection could not be opened");
});

Deno.test("a permission that Deno misses is named as the flag to add", () => {
  const cases = [
    ['Requires net access to "127.0.0.1:25", run again with the --allow-net flag', "--allow-net=127.0.0.1:25"],
    ['Requires net access to "[::1]:25", run again with the --allow-net flag', "--allow-net=[::1]:25"],
    ['Requires read access to "/run/lmtp", run again with the --allow-read flag', "--allow-read=/run/lmtp"],
    ["Requires net access, run again with the --allow-net flag", "--allow-net"],
  ] as const;
  for (const [message, flag] of cases) {
    const failure = OpenFailure.explain(notCapable(message));
    assertEquals(failure.code, "NotCapable");
    assertEquals(failure.hint, `Add ${flag} to the deno command`);
  }
});

Deno.test("a look-up that Deno forbids is told from a firewall", () => {
  const lookup = system("EPERM", "getaddrinfo EPERM mx.example.test", {
    syscall: "getaddrinfo",
    hostname: "mx.example.test",
  });
  assertEquals(OpenFailure.explain(lookup).hint, "Add --allow-net=mx.example.test to the deno command");
  const target = { host: "mx.example.test", port: 25 };
  assertEquals(OpenFailure.explain(lookup, target).hint, "Add --allow-net=mx.example.test:25 to the deno command");
  const firewall = system("EPERM", "connect EPERM 192.0.2.1:25", { syscall: "connect" });
  assertEquals(OpenFailure.explain(firewall, target).what, "A rule of this machine forbids it");
});

Deno.test("Deno's EINVAL for an address that is not ours means the same as the system's own code", () => {
  for (const message of ["bind EINVAL 192.0.2.1", "listen EINVAL: invalid argument 192.0.2.1"]) {
    assertEquals(OpenFailure.explain(system("EINVAL", message)).code, "EADDRNOTAVAIL");
  }
  assertEquals(OpenFailure.explain(system("EINVAL", "setsockopt EINVAL")).code, "EINVAL");
});

Deno.test("one line says it all", () => {
  assertEquals(
    OpenFailure.format(OpenFailure.explain(system("ENOTFOUND"))),
    "The name has no address (ENOTFOUND). Check the spelling of the host name",
  );
});
