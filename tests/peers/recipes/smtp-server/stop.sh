#!/usr/bin/env bash
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"
stop_pidfile smtp-server "$PEERS_RUN/smtp-server/pid"
