import * as Command from "@plausch/smtp/command";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Sasl from "@plausch/smtp/sasl";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import type { Authentication } from "./authentication.ts";

/** What the client says next: a line of the exchange, or that it gives it up. */
export type Move = { readonly say: string } | { readonly cancel: unknown };

/** One AUTH command with its challenges and responses (RFC 4954 section 4). Its lines hold credentials. */
export interface AuthExchange {
  readonly mechanism: Sasl.Mechanism;
  readonly command: string;
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>;
  /** The server answered 334 with this text. */
  challenged(text: string): Move;
  /** The server answered 2yz: what is wrong with that, if anything. */
  succeeded(): unknown;
}

/** No mechanism needs nearly as many. */
const maxChallenges = 16;

export const make = (
  mechanism: Sasl.Mechanism,
  { credentials, initialResponse = true }: Authentication,
  nonce: string,
): Result.Result<AuthExchange, GrammarError> =>
  Result.flatMap(Sasl.client(mechanism, credentials, { nonce }), (client) => {
    const whole = Command.auth(mechanism, client.initial);
    const isWhole = client.initial === undefined || initialResponse && Command.allowsInitial(whole);
    let first = isWhole ? undefined : client.initial;
    let challenges = 0;
    return Result.map(Command.format(isWhole ? whole : Command.auth(mechanism)), (command): AuthExchange => ({
      mechanism,
      command,
      secrets: client.secrets,
      challenged: (text) => {
        if (++challenges > maxChallenges) return { cancel: new Error("The server asks without end") };
        if (first !== undefined) {
          const say = Redacted.value(first);
          first = undefined;
          return { say };
        }
        const response = client.respond(text);
        return Result.isSuccess(response) ? { say: Redacted.value(response.success) } : { cancel: response.failure };
      },
      succeeded: () => {
        const finished = client.finish();
        return Result.isFailure(finished) ? finished.failure : undefined;
      },
    }));
  });
