import { unescapeName } from "./_sasl_gs2.ts";
import { separator } from "./_sasl_oauth.ts";
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

const bearer = /^auth=Bearer +(\S+)$/i;

/** The first field and the token. Every field has a separator behind it, and so has all of them. */
const read = (response: string): readonly [head: string, token: string] | undefined => {
  const [head, ...fields] = response.split(separator);
  const hasEnd = fields.splice(-2).join("") === "" && fields.every((field) => /^[A-Za-z]+=/.test(field));
  const token = fields.map((field) => bearer.exec(field)?.[1]).find((found) => found !== undefined);
  return hasEnd && token !== undefined ? [head!, token] : undefined;
};

/** Accepts the token, or tells why not; the client has to answer that before it is told no. */
const check = (options: ServerOptions, user: string, token: string, report: string): Turn =>
  isSecret(secretOf(options, user), token) ? accept(user, undefined) : ask(report, () => rejected);

/** OAUTHBEARER (RFC 7628 section 3.1). It may be said without a name; here tokens are known by their users. */
export const oauthBearer: Open = clientFirst((options) => (response) => {
  const [head, token] = read(response) ?? [];
  const user = unescapeName(/^[ny],a=([^,]*),$/.exec(head ?? "")?.[1] ?? "");
  if (user === undefined || token === undefined) return malformed;
  return check(options, user, token, '{"status":"invalid_token"}');
});

/** XOAUTH2, as Google describes it. */
export const xoauth2: Open = clientFirst((options) => (response) => {
  const [head, token] = read(response) ?? [];
  const [, user] = /^user=(.+)$/s.exec(head ?? "") ?? [];
  if (user === undefined || token === undefined) return malformed;
  return check(options, user, token, '{"status":"400","schemes":"Bearer"}');
});
