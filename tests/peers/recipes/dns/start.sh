#!/usr/bin/env bash
# knot signs plausch.test and bogus.test; unbound asks it and validates, bogus.test against a wrong trust anchor.
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"

state=$PEERS_RUN/dns
if running "$state/knot.pid" && running "$state/unbound.pid"; then
  echo "dns: already started"
  exit 0
fi
stop_pidfile unbound "$state/unbound.pid" >/dev/null
stop_pidfile knot "$state/knot.pid" >/dev/null
need_free "$PEERS_PORT_KNOT" "$PEERS_PORT_UNBOUND"
mkdir -p "$state/run" "$state/db" "$state/zones"

# shellcheck disable=SC1091 # made by tls/make.sh
. "$PEERS_RUN/tls/tlsa.env"
text250=$(printf 'x%.0s' {1..250})
crowd() { # COUNT: so many mail exchangers
  local i
  for ((i = 1; i <= $1; i++)); do printf 'manymx MX %d many%d\nmany%d A 127.0.0.1\n' "$i" "$i" "$i"; done
}
crowd 20 >"$state/crowd20"
crowd 120 >"$state/crowd120"
zone() { # NAME TEMPLATE
  render "$RECIPES/dns/$2" "$state/zones/$1.zone.new" \
    "TLSA_GOOD_311=$TLSA_GOOD_311" "TLSA_CA_211=$TLSA_CA_211" "TEXT250=$text250"
  sed -e "/^@CROWD20@\$/{r $state/crowd20" -e 'd}' -e "/^@CROWD120@\$/{r $state/crowd120" -e 'd}' \
    "$state/zones/$1.zone.new" >"$state/zones/$1.zone"
  rm "$state/zones/$1.zone.new"
}
zone plausch.test zone.in
zone insecure.test zone.insecure.in
zone bogus.test zone.bogus.in

# Waits up to 10 s for an answer, and prints it.
ask() { # PORT TYPE NAME
  local left answer
  for ((left = 50; left > 0; left--)); do
    answer=$(kdig @127.0.0.1 -p "$1" +short +time=1 +retry=0 "$2" "$3" 2>/dev/null) || true
    if [ -n "$answer" ] && [[ $answer != *";;"* ]]; then
      head -n 1 <<<"$answer"
      return 0
    fi
    sleep 0.2
  done
  echo "no answer from port $1 to $2 $3; the end of the logs:" >&2
  tail -n 10 "$state/knot.log" "$state/unbound.log" >&2 || true
  return 1
}

render "$RECIPES/dns/knot.conf.in" "$state/knot.conf"
timeout 30 knotd -c "$state/knot.conf" -d >"$state/log" 2>&1 </dev/null
key=$(ask "$PEERS_PORT_KNOT" DNSKEY plausch.test)
# The same key for bogus.test is a wrong one: nothing below bogus.test can be validated.
printf '%s. DNSKEY %s\n' plausch.test "$key" bogus.test "$key" >"$state/anchors"
printf '. 3600000 NS a.root.invalid.\na.root.invalid. 3600000 A 127.0.0.1\n' >"$state/root.hints"
render "$RECIPES/dns/unbound.conf.in" "$state/unbound.conf"
timeout 30 unbound -c "$state/unbound.conf" >>"$state/log" 2>&1 </dev/null
ask "$PEERS_PORT_UNBOUND" SOA plausch.test >/dev/null
echo "dns: unbound $PEERS_PORT_UNBOUND, knot $PEERS_PORT_KNOT"
