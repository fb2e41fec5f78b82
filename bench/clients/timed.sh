#!/usr/bin/env bash
# A program that tells nothing itself: says what the whole process took, start and QUIT included. It counts as done if it
# ends without an error. Standard input is the program's.
set -euo pipefail
export LC_ALL=C
accepted=$1 limit=$2
shift 2

# timeout is the one that ends the program: this shell could not while it waits. Its own cost is about a millisecond.
TIMEFORMAT="{\"accepted\":$accepted,\"seconds\":%3R,\"user\":%3U,\"system\":%3S,\"startUp\":0}"
{
  time timeout --kill-after=1 "$limit" "$@" >/dev/null 2>&3
} 3>&2 2>&1
