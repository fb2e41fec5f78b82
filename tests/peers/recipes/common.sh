# shellcheck shell=bash
# Sourced by every recipe: where the state lives, which port is whose, and the few helpers that start and end a peer.
set -euo pipefail

RECIPES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PEERS_RUN=${PEERS_RUN:-${TMPDIR:-/tmp}/plausch-peers}
# Exported: `running` recognises a peer by this path on its command line or in its environment.
export PEERS_RUN

die() {
  echo "$*" >&2
  exit 1
}

# The path goes into configuration files that know no quoting.
[[ $PEERS_RUN =~ ^/[A-Za-z0-9._/+-]+$ ]] ||
  die "PEERS_RUN must be an absolute path of letters, digits and . _ + - /: \"$PEERS_RUN\""
# OpenSMTPD sees other folders in place of these.
case $PEERS_RUN/ in
  /run/* | /var/run/* | /var/lib/* | /var/spool/* | /usr/*)
    die "PEERS_RUN cannot be below /run, /var/lib, /var/spool or /usr: \"$PEERS_RUN\""
    ;;
esac
mkdir -p "$PEERS_RUN"
[ -O "$PEERS_RUN" ] || die "\"$PEERS_RUN\" belongs to somebody else; set PEERS_RUN"

# Ports. An environment variable of the same name wins, then what peers.env remembers of the last start, then this list,
# the only place where they are defined. All are below 32768, where Linux takes the ports of outgoing connections from.
remember() { # NAME PORT: sets it unless it is set
  [ -n "${!1-}" ] || printf -v "$1" %s "$2"
}
if [ -f "$PEERS_RUN/peers.env" ]; then
  while IFS='=' read -r name port; do
    if [[ $name == PEERS_PORT_* ]]; then remember "$name" "$port"; fi
  done <"$PEERS_RUN/peers.env"
fi
while read -r name port; do remember "$name" "$port"; done <<'PORTS'
PEERS_PORT_POSTFIX             12525
PEERS_PORT_POSTFIX_SUBMISSION  12526
PEERS_PORT_POSTFIX_STRICT      12527
PEERS_PORT_POSTFIX_SMTPS       12465
PEERS_PORT_POSTFIX_TRUSTED     12528
PEERS_PORT_POSTFIX_PROXY       12529
PEERS_PORT_POSTFIX_CLIENTCERT  12530
PEERS_PORT_POSTFIX_TLS12       12531
PEERS_PORT_POSTFIX_EXPIRED     12532
PEERS_PORT_POSTFIX_SELFSIGNED  12533
PEERS_PORT_POSTFIX_UNTRUSTED   12534
PEERS_PORT_POSTFIX_WRONGNAME   12535
PEERS_PORT_OPENSMTPD           12545
PEERS_PORT_OPENSMTPD_AUTH      12546
PEERS_PORT_DOVECOT_LMTP        12424
PEERS_PORT_DOVECOT_SUBMISSION  12587
PEERS_PORT_DOVECOT_AUTH        12420
PEERS_PORT_SMTP_SERVER         12555
PEERS_PORT_SMTP_SERVER_LMTP    12556
PEERS_PORT_AIOSMTPD            12575
PEERS_PORT_SMTP_SINK           12585
PEERS_PORT_SMTP_SINK_FAULTS    12586
PEERS_PORT_RELAYED             12590
PEERS_PORT_RELAYED_LMTP        12591
PEERS_PORT_UNBOUND             12053
PEERS_PORT_KNOT                12054
PORTS
for name in "${!PEERS_PORT_@}"; do
  [[ ${!name} =~ ^[1-9][0-9]{0,4}$ ]] || die "$name is not a port: \"${!name}\""
done
unset name port

# Tells the tests what is where: peers.env for shells, peers.json for tests/peers/_peers.ts.
write_settings() {
  {
    echo "PEERS_RUN=$PEERS_RUN"
    for name in "${!PEERS_PORT_@}"; do echo "$name=${!name}"; done
  } >"$PEERS_RUN/peers.env.new"
  mv "$PEERS_RUN/peers.env.new" "$PEERS_RUN/peers.env"
  render "$RECIPES/peers.json.in" "$PEERS_RUN/peers.json.new"
  mv "$PEERS_RUN/peers.json.new" "$PEERS_RUN/peers.json"
}

# render TEMPLATE DESTINATION [NAME=VALUE...]: writes the template with @RUN@, @PORT_...@ and each @NAME@ filled in.
render() {
  local template=$1 destination=$2 name pair
  local -a edits=(-e "s|@RUN@|$PEERS_RUN|g")
  shift 2
  for name in "${!PEERS_PORT_@}"; do edits+=(-e "s|@${name#PEERS_}@|${!name}|g"); done
  for pair in "$@"; do edits+=(-e "s|@${pair%%=*}@|${pair#*=}|g"); done
  sed "${edits[@]}" "$template" >"$destination"
}

is_open() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Ends the script when a port is taken, so that a stranger's server is never mistaken for a peer.
need_free() { # PORT...
  local port
  for port in "$@"; do
    if is_open "$port"; then die "port $port of 127.0.0.1 is taken; set PEERS_PORT_... (common.sh)"; fi
  done
}

# Waits up to 15 s for the port of a peer that was just started; shows the end of its log when it does not open.
wait_open() { # PORT LOG
  local left
  for ((left = 150; left > 0; left--)); do
    if is_open "$1"; then return 0; fi
    sleep 0.1
  done
  echo "port $1 of 127.0.0.1 did not open; the end of $2:" >&2
  tail -n 20 "$2" >&2 || true
  return 1
}

pid_of() { # PIDFILE
  # The process may take its file away at any moment.
  { tr -dc 0-9 <"$1"; } 2>/dev/null || true
}

# Whether the process of a pid file is alive and one of ours. A number that another process has got since is not.
running() { # PIDFILE
  local pid
  pid=$(pid_of "$1")
  [ -n "$pid" ] && [ -d "/proc/$pid" ] && grep -qsF -- "$PEERS_RUN" "/proc/$pid/cmdline" "/proc/$pid/environ"
}

# Ends exactly the process of a pid file: TERM, up to 10 s of patience, then KILL.
stop_pidfile() { # NAME PIDFILE
  local pid left
  if ! running "$2"; then
    rm -f "$2"
    echo "$1: not started"
    return 0
  fi
  pid=$(pid_of "$2")
  kill -TERM "$pid" 2>/dev/null || true
  for ((left = 100; left > 0; left--)); do
    if ! running "$2"; then break; fi
    sleep 0.1
  done
  if running "$2"; then kill -KILL "$pid" 2>/dev/null || true; fi
  rm -f "$2"
  echo "$1: stopped"
}
