/**
 * The commands, each loaded only when it is called.
 *
 * @module
 */
import type { Commands } from "./cli.ts";
import { further } from "./send/further.ts";

/** All of them. */
export const commands: Commands = {
  demo: () => import("./commands/demo.ts"),
  load: () => import("./commands/load.ts"),
  mx: () => import("./commands/mx.ts"),
  send: async () => (await import("./commands/send.ts")).make(further),
  sink: () => import("./commands/sink.ts"),
};
