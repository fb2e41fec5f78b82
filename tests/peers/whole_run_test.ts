/** Comes last, by its name: what all the others left behind. */
import { assert } from "@std/assert";
import { readFile } from "node:fs/promises";
import { latin1 } from "../support/cases.ts";
import { type PeerName, peerTest, written } from "./_peers.ts";
import { assertNoSecret } from "./_secrets.ts";
import { password } from "./_send.ts";

for (
  const name of ["postfix", "dovecot", "smtp-server", "aiosmtpd", "opensmtpd"] as const satisfies ReadonlyArray<
    PeerName
  >
) {
  peerTest(`no log and no message of ${name} shows the password`, [name], async (peers) => {
    const paths = await written(peers[name]);
    assert(paths.length > 1, `only ${paths}`);
    for (const path of paths) assertNoSecret(`${path}: ${latin1(await readFile(path))}`, [password]);
  });
}
