#!/bin/sh
# The full health check of the committed release, for cron: one at a time, and none before there is a release.
#
#   sh cron-watch.sh DIR
#
# DIR/health/webhook, where it is, holds the address that changes are told to.
set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
[ $# -eq 1 ] || {
  echo 'usage: cron-watch.sh DIR' >&2
  exit 64
}
DIR=${1%/}
[ -s "$DIR/deploy/current" ] || exit 0
read -r current <"$DIR/deploy/current"
mkdir -p "$DIR/health" || exit 69
exec 8>>"$DIR/health/lock"
# The one before is still at work: a host that is so slow is told of by that one.
flock -n 8 || exit 0
image=$(sed -n 's/.*"name":"\([^"]*:server-tools-[0-9a-f]\{12\}\)".*/\1/p' "$DIR/releases/$current/release.json" 2>/dev/null)
[ -n "$image" ] || {
  echo "BAD      health: release $current has no image of server-tools  ->  bun run doctor"
  exit 69
}
if [ -s "$DIR/health/webhook" ]; then
  read -r HEALTH_WEBHOOK <"$DIR/health/webhook"
  export HEALTH_WEBHOOK
fi
exec sh "$DIR/bin/watch.sh" "$DIR" "$image"
