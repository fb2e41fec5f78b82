#!/usr/bin/env bash
# start.sh [FLAG...]: Postfix's smtp-sink, which fails on request: -f CMD refuses with 5xx, -r CMD with 4xx, -q CMD
# drops the connection, -Q CMD says 421 and drops, -L speaks LMTP, -W CMD:SECONDS is slow (smtp-sink(1); CMD is one of
# connect, ehlo, helo, mail, rcpt, data, ., quit ...). Other flags than those of a running one restart it. It keeps no
# message.
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"

state=$PEERS_RUN/smtp-sink
mkdir -p "$state"
flags="$*"
if running "$state/pid"; then
  if [ "$flags" = "$(cat "$state/flags")" ]; then
    echo "smtp-sink: already started"
    exit 0
  fi
  stop_pidfile smtp-sink "$state/pid"
fi
need_free "$PEERS_PORT_SMTP_SINK"
echo "$flags" >"$state/flags"
setsid smtp-sink -u nobody -h sink.plausch.test "$@" "127.0.0.1:$PEERS_PORT_SMTP_SINK" 100 \
  >"$state/log" 2>&1 </dev/null &
echo $! >"$state/pid"
wait_open "$PEERS_PORT_SMTP_SINK" "$state/log"
echo "smtp-sink: smtp $PEERS_PORT_SMTP_SINK${flags:+, $flags}"
