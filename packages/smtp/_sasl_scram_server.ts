import * as Base64 from "./_sasl_base64.ts";
import { unescapeName } from "./_sasl_gs2.ts";
import { equal } from "./_sasl_octets.ts";
import * as Scram from "./_sasl_scram.ts";
import { accept, ask, clientFirst, malformed, type Open, rejected, secretOf } from "./_sasl_turn.ts";
import * as Saslprep from "./saslprep.ts";
import * as Octets from "./octets.ts";

/** GS2 header without channel binding, the authorization identity in it, and the rest (RFC 5802 section 7). */
const firstMessage = /^([ny],(?:a=([^,]+))?,)(.*)$/s;

/** What the proof is about, and the proof. */
const lastMessage = /^(.*),p=([^,]*)$/s;

/**
 * SCRAM without channel binding (RFC 5802, RFC 7677). Somebody whom nobody knows is asked like anybody else, with a password that
 * is made up, and learns no more than that it was wrong.
 */
export const server = (mechanism: Scram.ScramMechanism): Open =>
  clientFirst((options) => (message) => {
    const { nonce, salt = Octets.encode(nonce), iterations = 4096 } = options;
    const [, header, actAs, bare] = firstMessage.exec(message) ?? [];
    const [sentName, clientNonce] = Scram.values(bare ?? "", ["n", "r"]) ?? [];
    const name = unescapeName(sentName ?? "");
    const authorizationId = actAs === undefined ? undefined : unescapeName(actAs);
    if (name === undefined || (actAs !== undefined && authorizationId === undefined)) return malformed;
    if (clientNonce === undefined || !Scram.isNonce(clientNonce)) return malformed;
    const prepared = Saslprep.prepare(name, "query");
    if (prepared === undefined) return malformed;

    const password = secretOf(options, prepared);
    const combined = clientNonce + nonce;
    const challenge = `r=${combined},s=${Base64.encodeOctets(salt)},i=${iterations}`;
    return ask(challenge, (last) => {
      const [, withoutProof, sentProof] = lastMessage.exec(last) ?? [];
      const proof = Base64.decodeOctets(sentProof ?? "");
      const [binding, echoed] = Scram.values(withoutProof ?? "", ["c", "r"]) ?? [];
      if (proof === undefined || binding === undefined || echoed === undefined) return malformed;

      const keys = Scram.keysOf(mechanism, Saslprep.preparePassword(password ?? nonce), salt, iterations);
      const transcript = `${bare},${challenge},${withoutProof}`;
      const isProven = equal(keys.stored, Scram.storedKeyFrom(mechanism, keys, transcript, proof));
      const isBound = binding === Base64.encode(header!) && echoed === combined;
      if (!isProven || !isBound || password === undefined) return rejected;

      const signature = Scram.signatureOf(mechanism, keys, transcript);
      return ask(
        `v=${Base64.encodeOctets(signature)}`,
        (thanks) => thanks === "" ? accept(prepared, authorizationId) : malformed,
      );
    });
  });
