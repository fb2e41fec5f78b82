/**
 * What happens at `plausch sink`, in lines.
 *
 * @module
 */
import * as Fault from "@plausch/sink/fault";
import type { SinkEvent } from "@plausch/sink/sink";
import * as Path from "@plausch/smtp/path";
import * as Printable from "@plausch/smtp/printable";
import * as Reply from "@plausch/smtp/reply";
import type { TlsReport } from "@plausch/tls/tls-report";
import { line } from "../render/transcript.ts";
import type { Shell } from "../shell.ts";

const protection = (report: TlsReport | undefined): string =>
  report === undefined ? "" : `: ${report.protocol}, ${Printable.escape(report.cipher)}`;

const stored = ({ id, octets, reversePath, forwardPaths, user }: Extract<SinkEvent, { _tag: "Stored" }>["message"]) => {
  const to = forwardPaths.map((path) => Printable.escape(Path.address(path))).join(", ");
  const from = reversePath._tag === "Null" ? "<>" : Printable.escape(Path.address(reversePath));
  const by = user === undefined ? "" : ` by ${Printable.escape(user)}`;
  return `stored ${id}: ${octets.length} octets from ${from}${by} to ${to}`;
};

/** Why a handshake failed, in the words of the cause. */
const reason = ({ reason }: Extract<SinkEvent, { _tag: "NotSecured" }>["error"]): string => {
  const cause = "cause" in reason ? reason.cause : undefined;
  return cause instanceof Error ? Printable.escape(cause.message) : "the client did not finish it";
};

/** Shows events as they happen; with `quiet` messages and what went wrong with them only. */
export const make = (shell: Shell, quiet: boolean): (event: SinkEvent) => void => {
  const { paint } = shell;
  const note = (text: string): void => shell.out(line(paint, "===", text));
  const secured = new Set<number>();
  return (event) => {
    const { connection } = event;
    const say = (text: string): void => {
      if (!quiet) note(`#${connection} ${text}`);
    };
    const isSecure = secured.has(connection);
    switch (event._tag) {
      case "Connected":
        return say(event.peer === "" ? "connected" : `connected from ${event.peer}`);
      case "Secured":
        secured.add(connection);
        return say(`encrypted${protection(event.report)}`);
      case "NotSecured":
        return say(`no TLS: ${reason(event.error)}`);
      case "Chat": {
        const { event: chat } = event;
        if (quiet) return;
        if (chat._tag === "Heard") return shell.out(line(paint, isSecure ? "<~ " : "<- ", Printable.escape(chat.line)));
        if (chat._tag === "Faulted") return say(`fault ${Printable.escape(Fault.format(chat.fault))}`);
        for (const each of Reply.wireLines(chat.reply)) {
          shell.out(line(paint, isSecure ? " ~>" : " ->", Printable.escape(each)));
        }
        return;
      }
      case "Stored":
        return note(`#${connection} ${stored(event.message)}`);
      case "NotStored":
        return shell.err(line(shell.paintErr, "***", `#${connection} ${event.error.message}`));
      case "Disconnected":
        secured.delete(connection);
        return say("gone");
    }
  };
};
