#!/usr/bin/env bash
# start.sh [PEER...]: starts the named peers, or all. Whatever runs already stays as it is.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# Postfix asks dovecot about passwords, so dovecot comes first.
if [ $# -eq 0 ]; then set -- dns dovecot postfix opensmtpd smtp-server aiosmtpd smtp-sink; fi
[ -f "$PEERS_RUN/tls/tlsa.env" ] || die "nothing to start in \"$PEERS_RUN\"; run $RECIPES/setup.sh first"
write_settings
failed=()
for peer in "$@"; do
  [ -f "$RECIPES/$peer/start.sh" ] || die "no such peer: \"$peer\""
  "$RECIPES/$peer/start.sh" || failed+=("$peer")
done
[ ${#failed[@]} -eq 0 ] || die "not started: ${failed[*]}"
