/** All that speaks TLS, in one piece. `_tls_loader.ts` loads it for the first handshake. */
export { Ciphertext } from "./_ciphertext.ts";
export { handshake } from "./_handshake.ts";
export { fromOptions } from "./_tls_settings.ts";
