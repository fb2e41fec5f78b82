#!/usr/bin/env bash
# Dovecot: LMTP into a Maildir per user, submission that relays to postfix, and the password check that postfix asks.
# Starts with an empty store.
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"

state=$PEERS_RUN/dovecot
if running "$state/run/master.pid"; then
  echo "dovecot: already started"
  exit 0
fi
need_free "$PEERS_PORT_DOVECOT_LMTP" "$PEERS_PORT_DOVECOT_SUBMISSION" "$PEERS_PORT_DOVECOT_AUTH"
rm -rf "$state/mail"
mkdir -p "$state/run" "$state/state" "$state/mail"
chmod 755 "$state" "$state/run"
chown dovecot: "$state/mail"
user() { # NAME PASSWORD, as a line of a passwd-file
  echo "$1:$2:$(id -u dovecot):$(id -g dovecot)::$state/mail/$1"
}
{
  user alice "wonder land"
  user bob builder
  user postmaster postmaster
} >"$state/users"
render "$RECIPES/dovecot/dovecot.conf.in" "$state/dovecot.conf"
timeout 30 dovecot -c "$state/dovecot.conf" >"$state/log" 2>&1 </dev/null
wait_open "$PEERS_PORT_DOVECOT_LMTP" "$state/dovecot.log"
wait_open "$PEERS_PORT_DOVECOT_SUBMISSION" "$state/dovecot.log"
wait_open "$PEERS_PORT_DOVECOT_AUTH" "$state/dovecot.log"
echo "dovecot: lmtp $PEERS_PORT_DOVECOT_LMTP, submission $PEERS_PORT_DOVECOT_SUBMISSION, auth $PEERS_PORT_DOVECOT_AUTH"
