#!/usr/bin/env bash
# Makes a test CA and the shapes of certificate that a verifier must tell apart. The keys are throw-away.
# shellcheck source=../common.sh
. "$(dirname "$0")/../common.sh"

tls=$PEERS_RUN/tls
# tlsa.env is written last: it says that everything before it was made; policyhost.pem that it was made by this version.
if [ -f "$tls/tlsa.env" ] && [ -f "$tls/policyhost.pem" ]; then exit 0; fi
rm -rf "$tls"
mkdir -p "$tls/db"
cd "$tls"
exec 2>make.log

key() { # NAME
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
}
authority() { # NAME SUBJECT
  key "$1"
  openssl req -x509 -new -key "$1.key" -sha256 -days 3650 -subj "/CN=$2" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out "$1.pem"
}
sign() { # NAME AUTHORITY SUBJECT-ALT-NAME: signs NAME.key
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n' "$3" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -sha256 -days 3650 -extfile "$1.ext" \
    -out "$1.pem"
  cat "$1.pem" "$2.pem" >"$1.chain.pem"
  rm "$1.csr" "$1.ext"
}
leaf() { # NAME AUTHORITY SUBJECT-ALT-NAME
  key "$1"
  sign "$@"
}

authority ca "plausch test CA"
authority otherca "plausch other CA"
leaf good ca "DNS:mx1.plausch.test,DNS:mx2.plausch.test,DNS:localhost,IP:127.0.0.1"
openssl genrsa -out goodrsa.key 2048
sign goodrsa ca "DNS:mx3.plausch.test,DNS:localhost,IP:127.0.0.1"
leaf wildcard ca "DNS:*.plausch.test"
leaf wrongname ca "DNS:mx.elsewhere.test"
leaf untrusted otherca "DNS:mx1.plausch.test,DNS:localhost,IP:127.0.0.1"
leaf domainonly ca "DNS:plausch.test"
leaf client ca "email:alice@plausch.test"

# The policy hosts of MTA-STS; mta-sts.stswrongcert.insecure.test is none of them.
hosts=DNS:mta-sts.plausch.test
for domain in stsok stsmismatch ststesting stsnone stsbadpolicy stsredirect; do
  hosts+=,DNS:mta-sts.$domain.insecure.test
done
leaf policyhost ca "$hosts"

# Expired: only `openssl ca` takes a validity that is over.
key expired
openssl req -new -key expired.key -subj "/CN=mx1.plausch.test" -out expired.csr
: >db/index
echo 01 >db/serial
cat >db/ca.cnf <<CNF
[ca]
default_ca = d
[d]
database = $tls/db/index
serial = $tls/db/serial
new_certs_dir = $tls/db
default_md = sha256
policy = p
x509_extensions = x
[p]
commonName = supplied
[x]
subjectAltName = DNS:mx1.plausch.test,DNS:localhost,IP:127.0.0.1
CNF
openssl ca -batch -config db/ca.cnf -cert ca.pem -keyfile ca.key -in expired.csr -out expired.pem -notext \
  -startdate 20200101000000Z -enddate 20200201000000Z >/dev/null
rm expired.csr

# Self-signed: what most mail exchangers of the world present.
key selfsigned
openssl req -x509 -new -key selfsigned.key -sha256 -days 3650 -subj "/CN=mx1.plausch.test" \
  -addext "subjectAltName=DNS:mx1.plausch.test" -out selfsigned.pem

chmod 644 ./*.pem
chmod 600 ./*.key

digest() { # CERTIFICATE: SHA-256 of its public key, as TLSA "n 1 1" wants it
  openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d ' ' -f 1
}
cat >tlsa.env.new <<ENV
TLSA_GOOD_311=$(digest good.pem)
TLSA_CA_211=$(digest ca.pem)
TLSA_SELFSIGNED_311=$(digest selfsigned.pem)
ENV
mv tlsa.env.new tlsa.env
echo "tls: made in $tls"
