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
user() { # NAME PASSWORD [FIELD], as a line of a passwd-file
  echo "$1:$2:$(id -u dovecot):$(id -g dovecot)::$state/mail/$1::${3:-}"
}
{
  user alice "wonder land"
  user bob builder
  user postmaster postmaster
  user full full "userdb_quota_rule=*:bytes=1"
  # What she sends goes on to a server that a test starts.
  user relayed relayed "userdb_submission_relay_port=$PEERS_PORT_RELAYED"
  # Whom the certificate "client" and ANONYMOUS are taken for.
  user client client
  user anonymous anonymous
} >"$state/users"
echo "master:wonder land" >"$state/masters"
# Tokens are JSON Web Tokens, signed with a key that the tests read as well.
key=$state/keys/default/HS256/default
mkdir -p "$(dirname "$key")"
[ -f "$key" ] || openssl rand -base64 32 >"$key"
cat >"$state/oauth2.conf" <<OAUTH2
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=$state/keys/
username_attribute = sub
OAUTH2
render "$RECIPES/dovecot/dovecot.conf.in" "$state/dovecot.conf"
timeout 30 dovecot -c "$state/dovecot.conf" >"$state/log" 2>&1 </dev/null
wait_open "$PEERS_PORT_DOVECOT_LMTP" "$state/dovecot.log"
wait_open "$PEERS_PORT_DOVECOT_SUBMISSION" "$state/dovecot.log"
wait_open "$PEERS_PORT_DOVECOT_AUTH" "$state/dovecot.log"
echo "dovecot: lmtp $PEERS_PORT_DOVECOT_LMTP, submission $PEERS_PORT_DOVECOT_SUBMISSION, auth $PEERS_PORT_DOVECOT_AUTH"
