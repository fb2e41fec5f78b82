#!/usr/bin/env bash
# Postfix with a configuration, queue and log of its own. Starts with an empty store.
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"

state=$PEERS_RUN/postfix
if running "$state/spool/pid/master.pid"; then
  echo "postfix: already started"
  exit 0
fi
ports=()
for use in '' _SUBMISSION _STRICT _SMTPS _TRUSTED _PROXY _CLIENTCERT _TLS12 _EXPIRED _SELFSIGNED _UNTRUSTED _WRONGNAME; do
  name=PEERS_PORT_POSTFIX$use
  ports+=("${!name}")
done
need_free "${ports[@]}"
rm -rf "$state/mail"
mkdir -p "$state/etc" "$state/spool" "$state/data" "$state/log" "$state/mail"
chmod 755 "$state" "$state/etc" "$state/log"
chown postfix: "$state/data" "$state/mail"
render "$RECIPES/postfix/main.cf.in" "$state/etc/main.cf" "UID=$(id -u postfix)" "GID=$(id -g postfix)"
render "$RECIPES/postfix/master.cf.in" "$state/etc/master.cf"
cp "$RECIPES/postfix/mailboxes" "$RECIPES/postfix/recipients" "$RECIPES/postfix/senders" "$state/etc/"
if ! timeout 30 postfix -c "$state/etc" start >"$state/log/start" 2>&1 </dev/null; then
  cat "$state/log/start" >&2
  die "postfix did not start; see $state/log"
fi
for port in "${ports[@]}"; do wait_open "$port" "$state/log/maillog"; done
echo "postfix: smtp $PEERS_PORT_POSTFIX, submission $PEERS_PORT_POSTFIX_SUBMISSION," \
  "strict $PEERS_PORT_POSTFIX_STRICT, smtps $PEERS_PORT_POSTFIX_SMTPS, others ${ports[*]:4}"
