import { charsetFault } from "./_characters.ts";
import { preparePassword } from "./saslprep.ts";
import {
  accept,
  ask,
  clientFirst,
  isSecret,
  malformed,
  type Open,
  rejected,
  secretOf,
  type Turn,
} from "./_sasl_turn.ts";
import type { ServerOptions } from "./sasl_server.ts";

/** Passwords are compared as SASLprep has them (RFC 4616 section 2), for who types one does not choose its code points. */
const check = (options: ServerOptions, user: string, password: string, authorizationId?: string): Turn => {
  const known = secretOf(options, user);
  const prepared = known === undefined ? undefined : preparePassword(known);
  return isSecret(prepared, preparePassword(password)) ? accept(user, authorizationId) : rejected;
};

/** PLAIN (RFC 4616 section 2). */
export const plain: Open = clientFirst((options) => (response) => {
  const parts = response.split("\0");
  const [authorizationId, user, password] = parts;
  if (parts.length !== 3 || user === "" || password === "") return malformed;
  return check(options, user!, password!, authorizationId === "" ? undefined : authorizationId);
});

/** LOGIN (draft-murchison-sasl-login section 2). Some clients send the name along with AUTH; it is taken. */
export const login: Open = (options) => {
  const readName = (user: string): Turn => ask("Password:", (password) => check(options, user, password));
  return (initial) => initial === undefined ? ask("Username:", readName) : readName(initial);
};

/** EXTERNAL (RFC 4422 appendix A). */
export const external: Open = clientFirst(({ external: user }) => (response) =>
  user === undefined ? rejected : accept(user, response === "" ? undefined : response)
);

/** ANONYMOUS (RFC 4505): everybody is let in, whatever trace they leave, as long as it can be read. */
export const anonymous: Open = clientFirst(() => (trace) =>
  charsetFault({ subject: "credentials", text: trace }, true) === undefined
    ? { _tag: "Success", user: "anonymous", trace }
    : malformed
);
