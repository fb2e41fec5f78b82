import type { Capabilities } from "@plausch/smtp/capabilities";
import type { Phase, Verb } from "@plausch/smtp/phase";
import type { Reply } from "@plausch/smtp/reply";
import type { AnsweredStage } from "./_reactions.ts";
import type { Transaction } from "./_transaction.ts";
import type { Refusal } from "./conversation.ts";
import type { Turned } from "./event.ts";
import type { FailureReason } from "./session_error.ts";
import type { Stage } from "./stage.ts";

/** What the parts of a conversation do through the whole: speak, take turns, give up. */
export interface Talk {
  /**
   * Says a command. The verb is given where the stage alone does not tell it; `recipient` is the place in the envelope, for RCPT;
   * `chunk` is the number of octets that follow.
   */
  say(
    stage: AnsweredStage,
    line: string,
    verb?: Verb,
    transaction?: Transaction,
    recipient?: number,
    chunk?: number,
  ): void;
  turn(turn: Turned["turn"]): void;
  /** There is no way on: the connection is to be closed. */
  fail(reason: FailureReason, at: Stage, cause?: unknown, reply?: Reply): void;
  /** The introduction is over, without what was wanted of it; QUIT can still be said. */
  refuse(refusal: Refusal): void;
  /** The server ends the session. */
  dismissed(at: Stage, reply: Reply): void;
  readonly phase: Phase;
  /** What the server offers: nothing before it said so. */
  readonly offered: Capabilities;
  /** Whether the connection is encrypted, and the server has proven who it is. */
  readonly isProven: boolean;
  /** Closes the connection from this side: there is no polite way on. */
  hangUp(): void;
  readonly lastReply: Reply | undefined;
}
