#!/bin/bash
# Starts mongod with a key file that is its own and closed to others, as it demands; a mounted secret need not be.
set -euo pipefail
secret=${SECRET_KEYFILE:-/run/secrets/KEYFILE}
own=${OWN_KEYFILE:-/run/mongo/KEYFILE}

if [ ! -r "$secret" ]; then
  echo "mongo: $secret is missing or closed to uid $(id -u): it must belong to that user" >&2
  exit 78
fi
install -m 0400 "$secret" "$own"
exec "$@"
