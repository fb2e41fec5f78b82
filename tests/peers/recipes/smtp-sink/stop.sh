#!/usr/bin/env bash
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"
stop_pidfile smtp-sink "$PEERS_RUN/smtp-sink/pid"
