#!/usr/bin/env bash
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"
stop_pidfile postfix "$PEERS_RUN/postfix/spool/pid/master.pid"
