#!/usr/bin/env bash
# nodemailer's smtp-server, see server.mjs. Starts with an empty store.
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"

state=$PEERS_RUN/smtp-server
mkdir -p "$state"
if running "$state/pid"; then
  echo "smtp-server: already started"
  exit 0
fi
need_free "$PEERS_PORT_SMTP_SERVER" "$PEERS_PORT_SMTP_SERVER_LMTP"
setsid node "$RECIPES/smtp-server/server.mjs" "$PEERS_RUN" "$PEERS_PORT_SMTP_SERVER" "$PEERS_PORT_SMTP_SERVER_LMTP" \
  >"$state/messages.jsonl" 2>"$state/log" </dev/null &
echo $! >"$state/pid"
wait_open "$PEERS_PORT_SMTP_SERVER" "$state/log"
wait_open "$PEERS_PORT_SMTP_SERVER_LMTP" "$state/log"
echo "smtp-server: smtp $PEERS_PORT_SMTP_SERVER, lmtp $PEERS_PORT_SMTP_SERVER_LMTP"
