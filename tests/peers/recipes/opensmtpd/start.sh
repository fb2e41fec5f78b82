#!/usr/bin/env bash
# OpenSMTPD. Its spool, socket and helper paths are compiled in, so it gets a mount namespace of its own in which they
# are empty (or the unpacked package's). Starts with an empty store.
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"

state=$PEERS_RUN/opensmtpd
root=$PEERS_RUN/root
if running "$state/pid"; then
  echo "opensmtpd: already started"
  exit 0
fi
need_free "$PEERS_PORT_OPENSMTPD" "$PEERS_PORT_OPENSMTPD_AUTH"
rm -rf "$state"
mkdir -p "$state/mail"
chmod 711 "$state"
chown nobody: "$state/mail"
hash=$(openssl passwd -6 -salt plauschsalt "wonder land")
render "$RECIPES/opensmtpd/smtpd.conf.in" "$state/smtpd.conf" "HASH=$hash" "UID=$(id -u nobody)" "GID=$(id -g nobody)"
chmod 600 "$state/smtpd.conf"
echo mx3.plausch.test >"$state/mailname"
mkdir -p /usr/libexec
# shellcheck disable=SC2016 # expanded by the inner shell
setsid unshare --mount --propagation private bash -euc '
  state=$1 root=$2
  mount --bind "$root/usr/libexec" /usr/libexec
  mount -t tmpfs tmpfs /var/spool
  mkdir -m 711 /var/spool/smtpd
  mkdir -m 770 /var/spool/smtpd/offline
  chgrp opensmtpq /var/spool/smtpd/offline
  mount -t tmpfs tmpfs /var/lib
  mkdir -p -m 755 /var/lib/opensmtpd/empty
  mount -t tmpfs tmpfs /run
  if [ -e /etc/mailname ]; then mount --bind "$state/mailname" /etc/mailname; fi
  exec "$root/usr/sbin/smtpd" -d -v -f "$state/smtpd.conf"
' _ "$state" "$root" >"$state/log" 2>&1 </dev/null &
echo $! >"$state/pid"
wait_open "$PEERS_PORT_OPENSMTPD" "$state/log"
wait_open "$PEERS_PORT_OPENSMTPD_AUTH" "$state/log"
echo "opensmtpd: smtp $PEERS_PORT_OPENSMTPD, auth $PEERS_PORT_OPENSMTPD_AUTH"
