import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Base64 from "./_sasl_base64.ts";
import type { GrammarError } from "./grammar_error.ts";
import type { ClientExchange, ClientOptions, Mechanism } from "./sasl.ts";
import { SaslError } from "./sasl_error.ts";

/** How the client half of a mechanism begins. */
export type Begin<Credentials> = (
  credentials: Credentials,
  options: ClientOptions,
) => Result.Result<ClientExchange, GrammarError>;

/** Why an exchange cannot go on; the mechanism is filled in. */
export type Objection = Omit<ConstructorParameters<typeof SaslError>[0], "mechanism">;

/** Answers one challenge, given as the server sent it. The response is text, not yet base64. */
export type Step = (challenge: string) => Result.Result<string, Objection>;

/** A client half as what it says first and how it answers, one challenge after the other. All text, not yet base64. */
export interface Script {
  readonly initial?: string | undefined;
  readonly steps: ReadonlyArray<Step>;
  /** What speaks against the server's success, if anything. */
  readonly finish?: () => Objection | undefined;
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>;
}

const response = (text: string): Redacted.Redacted<string> => Redacted.make(Base64.encode(text));

/** Plays a script: one step for each challenge, and none after a step has failed. */
export const play = (mechanism: Mechanism, { initial, steps, finish, secrets }: Script): ClientExchange => {
  const failed = (objection: Objection) => Result.fail(new SaslError({ mechanism, ...objection }));
  const left = [...steps];
  return {
    mechanism,
    initial: initial === undefined ? undefined : response(initial),
    secrets,
    respond: (challenge) => {
      const answer = left.shift()?.(challenge) ?? Result.fail<Objection>({ reason: "UnexpectedChallenge" });
      if (Result.isSuccess(answer)) return Result.succeed(response(answer.success));
      left.length = 0;
      return failed(answer.failure);
    },
    finish: () => {
      const objection = finish?.();
      return objection === undefined ? Result.void : failed(objection);
    },
  };
};

/** A step that says the same whatever it is asked. */
export const says = (text: string): Step => () => Result.succeed(text);

/** A step that reads its challenge, which has to be base64. */
export const reads = (answer: (challenge: string) => Result.Result<string, Objection>): Step => (challenge) => {
  const text = Base64.decode(challenge);
  return text === undefined ? Result.fail({ reason: "BadBase64" }) : answer(text);
};
