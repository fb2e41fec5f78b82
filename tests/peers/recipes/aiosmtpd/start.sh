#!/usr/bin/env bash
# Python's aiosmtpd, see server.py. Starts with an empty store.
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"

state=$PEERS_RUN/aiosmtpd
mkdir -p "$state"
if running "$state/pid"; then
  echo "aiosmtpd: already started"
  exit 0
fi
need_free "$PEERS_PORT_AIOSMTPD"
# Debian's own python3: the package belongs to it, whatever other python comes first on the PATH.
setsid /usr/bin/python3 "$RECIPES/aiosmtpd/server.py" "$PEERS_RUN" "$PEERS_PORT_AIOSMTPD" \
  >"$state/messages.jsonl" 2>"$state/log" </dev/null &
echo $! >"$state/pid"
wait_open "$PEERS_PORT_AIOSMTPD" "$state/log"
echo "aiosmtpd: smtp $PEERS_PORT_AIOSMTPD"
