#!/usr/bin/env bash
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"
stop_pidfile aiosmtpd "$PEERS_RUN/aiosmtpd/pid"
