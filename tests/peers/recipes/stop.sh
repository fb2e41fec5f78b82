#!/usr/bin/env bash
# stop.sh [PEER...]: ends the named peers, or all, each by its pid file.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

if [ $# -eq 0 ]; then set -- smtp-sink aiosmtpd smtp-server opensmtpd postfix dovecot dns; fi
for peer in "$@"; do
  [ -f "$RECIPES/$peer/stop.sh" ] || die "no such peer: \"$peer\""
  "$RECIPES/$peer/stop.sh"
done
