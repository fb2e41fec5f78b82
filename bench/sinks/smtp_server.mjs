// smtp-server, under Deno and under Node: takes every message on the port given and forgets it.
import process from "node:process";
import { SMTPServer } from "smtp-server";

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ["AUTH", "STARTTLS"],
  disableReverseLookup: true,
  logger: false,
  onData: (stream, _session, done) => {
    stream.resume();
    stream.on("end", () => done());
  },
});
server.listen(Number(process.argv[2]), "127.0.0.1");
