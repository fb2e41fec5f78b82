#!/usr/bin/env bash
# Installs what the peers need and makes their certificates; starts nothing. Debian 12, as root, on a machine you can
# throw away: it installs mail and name servers. A second run finds everything there and takes a second.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

[ "$(id -u)" = 0 ] || die "setup needs root, for apt and for the users that the servers run as"
command -v apt-get >/dev/null || die "setup needs a Debian system (apt-get)"
command -v npm >/dev/null || die "setup needs Node with npm, for the smtp-server peer"

# Servers and clients; then what OpenSMTPD is linked against, since it is unpacked below and not installed.
packages=(
  postfix dovecot-core dovecot-lmtpd dovecot-submissiond python3-aiosmtpd unbound knot knot-dnsutils openssl
  swaks libnet-ssleay-perl libnet-dns-perl msmtp curl
  libcrypt1 libdb5.3 libevent-2.1-7 libpam0g libssl3 zlib1g
)
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done

policy=/usr/sbin/policy-rc.d
made_policy=
drop_policy() {
  if [ -n "$made_policy" ]; then rm -f "$policy"; fi
}
trap drop_policy EXIT

if [ ${#missing[@]} -gt 0 ] || ! compgen -G "$PEERS_RUN/debs/opensmtpd_*.deb" >/dev/null; then
  timeout 300 apt-get update -qq
fi
if [ ${#missing[@]} -gt 0 ]; then
  echo "setup: installing ${missing[*]}"
  # Packages of servers would start their servers: the policy forbids it while we install.
  if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
  # --no-remove: another mail server that is in use here is a reason to stop, not to replace it.
  DEBIAN_FRONTEND=noninteractive timeout 900 \
    apt-get install -qq -y --no-install-recommends --no-remove "${missing[@]}" \
    </dev/null >"$PEERS_RUN/apt.log" 2>&1 || {
    tail -n 20 "$PEERS_RUN/apt.log" >&2
    die "apt-get install failed; $PEERS_RUN/apt.log has it all"
  }
fi

# The servers drop their privileges, so every folder on the way must let them through.
chmod 755 "$PEERS_RUN"
setpriv --reuid=nobody --regid=nogroup --clear-groups test -x "$PEERS_RUN" ||
  die "\"$PEERS_RUN\" lies in a folder that other users cannot enter; set PEERS_RUN"

# Debian lets one mail server be installed at a time; the second one is unpacked beside it.
for user in opensmtpd opensmtpq; do
  getent passwd "$user" >/dev/null || useradd -r -M -d /nonexistent -s /usr/sbin/nologin "$user"
done
if [ ! -x "$PEERS_RUN/root/usr/sbin/smtpd" ]; then
  mkdir -p "$PEERS_RUN/debs" "$PEERS_RUN/root"
  (cd "$PEERS_RUN/debs" && timeout 120 apt-get download -qq opensmtpd 2>/dev/null)
  dpkg -x "$PEERS_RUN"/debs/opensmtpd_*.deb "$PEERS_RUN/root"
fi

# The versions and their checksums are in package-lock.json.
if ! cmp -s "$RECIPES/smtp-server/package-lock.json" "$PEERS_RUN/npm/package-lock.json" ||
  [ ! -d "$PEERS_RUN/npm/node_modules/smtp-server" ]; then
  mkdir -p "$PEERS_RUN/npm"
  cp "$RECIPES/smtp-server/package.json" "$RECIPES/smtp-server/package-lock.json" "$PEERS_RUN/npm/"
  (cd "$PEERS_RUN/npm" && timeout 300 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null)
fi

"$RECIPES/tls/make.sh"
write_settings
echo "setup: ready in $PEERS_RUN"
