#!/usr/bin/env bash
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"
stop_pidfile opensmtpd "$PEERS_RUN/opensmtpd/pid"
