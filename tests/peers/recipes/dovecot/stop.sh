#!/usr/bin/env bash
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"
stop_pidfile dovecot "$PEERS_RUN/dovecot/run/master.pid"
