#!/usr/bin/env bash
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"
stop_pidfile unbound "$PEERS_RUN/dns/unbound.pid"
stop_pidfile knot "$PEERS_RUN/dns/knot.pid"
