import { digest } from "./_sasl_cram.ts";
import { accept, ask, isSecret, malformed, type Open, rejected, secretOf } from "./_sasl_turn.ts";

/** CRAM-MD5 (RFC 2195 section 2). The challenge has the form of a message identifier. The server speaks first. */
export const cramMd5: Open = (options) => (initial) => {
  if (initial !== undefined) return malformed;
  const { nonce } = options;
  const challenge = nonce.includes("@") ? `<${nonce}>` : `<${nonce}@localhost>`;
  return ask(challenge, (response) => {
    const [, name, given] = /^(.+) ([0-9a-f]{32})$/su.exec(response) ?? [];
    if (name === undefined || given === undefined) return malformed;
    const password = secretOf(options, name);
    const expected = password === undefined ? undefined : digest(password, challenge);
    return isSecret(expected, given) ? accept(name, undefined) : rejected;
  });
};
