#!/bin/sh
# The full health check on a host that has only docker: for cron.
#
#   sh watch.sh DIR IMAGE [FLAGS]
#
#   DIR    the platform's folder; facts.sh lies beside this file, log and metrics go to DIR/health
#   IMAGE  a server-tools image that the host holds; none is ever pulled
#   FLAGS  of `server-tools watch`; without any: --quiet, a line a problem and nothing when all is well
#
# HEALTH_WEBHOOK is passed on. Exit codes: 0 all well, 1 something is bad, 2 only warnings, 64 the command line is wrong,
# 69 docker could not run the check.
set -u
export LC_ALL=C
[ $# -ge 2 ] || {
  echo 'usage: watch.sh DIR IMAGE [FLAGS]' >&2
  exit 64
}
DIR=$1
IMAGE=$2
shift 2
[ $# -gt 0 ] || set -- --quiet
state=$DIR/health

# Whoever runs this owns the folder: root gives it to the user of our images, all others run the container as themselves.
mkdir -p "$state" || exit 69
user=$(id -u):$(id -g)
if [ "${user%%:*}" = 0 ]; then
  user=65532:65532
  for path in "$state" "$state/health.log" "$state/health.log.1" "$state/metrics" "$state/metrics/lucid.prom"; do
    [ ! -e "$path" ] || chown -h "$user" "$path"
  done
fi

# Nobody waits for cron: an engine under load gets longer than when a person asks.
FACTS_LIMIT=${FACTS_LIMIT:-5}
export FACTS_LIMIT
# Whose the volumes are can only be seen from inside. Those that are not there would be made by mounting them.
marks() {
  set --
  spec=''
  for volume in $(docker volume ls --quiet --filter name=lucid_ 2>/dev/null); do
    set -- "$@" --mount "type=volume,source=$volume,target=/volumes/$volume,readonly,volume-nocopy"
    spec="$spec${spec:+,}{\"name\":\"$volume\",\"uid\":65532}"
  done
  [ -n "$spec" ] || return 0
  printf '\n== volume-marks\n'
  printf '{"volumes":[%s]}' "$spec" | timeout 30 docker run --rm --interactive --pull never --network none --read-only \
    --user 0:0 --cap-drop ALL --cap-add DAC_READ_SEARCH --security-opt no-new-privileges --memory 192m --pids-limit 64 \
    --log-driver none "$@" "$IMAGE" marks --check 2>/dev/null | sed 's/^/ /'
}
{
  sh "${0%/*}/facts.sh" "$DIR"
  marks
} | timeout 60 docker run --rm --interactive --pull never --network host --read-only --cap-drop ALL \
  --security-opt no-new-privileges --user "$user" --memory 192m --pids-limit 64 --log-driver none \
  --tmpfs /tmp:rw,noexec,nosuid,size=16m --env HEALTH_WEBHOOK --mount "type=bind,source=$state,target=/health" \
  "$IMAGE" watch --prometheus /health/metrics/lucid.prom "$@"
code=$?
case $code in
0 | 1 | 2 | 64) exit "$code" ;;
esac
echo "BAD      health: the check itself could not run (docker ended with $code)  ->  docker image ls; systemctl status docker"
exit 69
