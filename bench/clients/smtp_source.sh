#!/usr/bin/env bash
# smtp-source, from Postfix: reads the message from standard input, says what the whole process took, start and QUIT
# included. It counts nothing itself; it ends with an error at the first reply that is not positive.
set -euo pipefail
export LC_ALL=C
program=$1 port=$2 messages=$3 from=$4 to=$5 host=$6 limit=$7

# timeout is the one that ends smtp-source: this shell could not while it waits. Its own cost is about a millisecond.
TIMEFORMAT="{\"accepted\":$messages,\"seconds\":%3R,\"user\":%3U,\"system\":%3S,\"startUp\":0}"
{
  time timeout --kill-after=1 "$limit" "$program" -d -m "$messages" -M "$host" -f "$from" -t "$to" -F /dev/stdin "127.0.0.1:$port" 2>&3
} 3>&2 2>&1
