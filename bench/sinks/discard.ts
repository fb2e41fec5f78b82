// A server for large messages only: it reads and forgets, and is done when the last octets that came are CRLF, dot, CRLF. That is
// exact for a client that waits for its answer then, and would be wrong for one that overlaps messages.
const [port] = Deno.args;
const buffer = 1 << 18;
const lineFeed = 10;
const end = [13, 10, 46, 13, 10];
const answers: Record<string, string> = {
  EHLO: "250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n",
  DATA: "354 go\r\n",
  QUIT: "221 bye\r\n",
};

/** Reads one connection to its end. */
const serve = async (connection: Deno.TcpConn): Promise<void> => {
  using _ = connection;
  connection.setNoDelay(true);
  const say = async (text: string): Promise<void> => {
    await connection.write(new TextEncoder().encode(text));
  };
  const octets = new Uint8Array(buffer);
  let line = "";
  let tail: ReadonlyArray<number> | undefined;
  await say("220 sink.example\r\n");
  for (let read = await connection.read(octets); read !== null; read = await connection.read(octets)) {
    let at = 0;
    let said = "";
    while (at < read && tail === undefined) {
      const octet = octets[at++]!;
      if (octet !== lineFeed) {
        line += String.fromCharCode(octet);
        continue;
      }
      const verb = line.slice(0, 4).toUpperCase();
      line = "";
      said += answers[verb] ?? "250 ok\r\n";
      if (verb === "DATA") tail = end.slice(0, 2);
    }
    if (tail !== undefined) {
      tail = [...tail, ...octets.subarray(Math.max(at, read - end.length), read)].slice(-end.length);
      if (tail.length === end.length && tail.every((octet, index) => octet === end[index])) {
        tail = undefined;
        said += "250 ok\r\n";
      }
    }
    if (said !== "") await say(said);
  }
};

for await (const connection of Deno.listen({ hostname: "127.0.0.1", port: Number(port) })) {
  // A client that goes away without QUIT is none of its business.
  serve(connection).catch(() => {});
}
