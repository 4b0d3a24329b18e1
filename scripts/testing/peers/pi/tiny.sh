#!/bin/sh
# What a container of the tests does: the word in /tmp/tiny, else in TINY, else well.
#   well     listens on PORT (8080) and is healthy
#   sick     runs, but does not listen: never healthy
#   exit     ends at once with 3
#   crash    well, then ends with 1 after TINY_SECONDS
#   memory   well, then takes memory after TINY_SECONDS until the limit kills it
# `tiny become WORD` changes a running one; `tiny health` is its health command. The same program stands under
# the names that the real images call, so that their Compose files run with it.
state() { cat /tmp/tiny 2>/dev/null || echo "${TINY:-well}"; }
say() { echo "tiny: $*"; }
port=${PORT:-8080}

case "${0##*/} $*" in
  *health*)
    wget -q -O /dev/null "http://127.0.0.1:$port/" && exit 0
    say "nothing answers on port $port"
    exit 1
    ;;
  'tiny become '*)
    echo "$2" >/tmp/tiny && kill -USR1 1
    exit
    ;;
  mongosh*) exit 0 ;;
esac

nap() {
  sleep "${TINY_SECONDS:-3}" &
  wait $!
}
listen() {
  [ -z "$server" ] || return 0
  httpd -f -p "$port" -h /www &
  server=$!
}
hush() {
  [ -z "$server" ] || kill "$server"
  server=
}
eat() {
  # Without a limit it would take the machine's.
  limit=$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null)
  [ ${#limit} -le 9 ] && [ "$limit" != max ] || { say 'no memory limit under 1 GB: not taking any'; exit 4; }
  say 'taking memory'
  food=xxxxxxxx
  while :; do food=$food$food; done
}
act() {
  case $(state) in
    well) listen ;;
    sick) hush ;;
    exit) say 'ending as told' && exit 3 ;;
    crash) listen && nap && say 'crashing as told' && exit 1 ;;
    memory) listen && nap && eat ;;
    *) say "unknown word $(state)" && exit 64 ;;
  esac
}

server=
trap 'exit 0' TERM INT
trap : USR1
say "version $(cat /www/index.html), $(state)"
while :; do
  act
  sleep 3600 &
  wait $!
  kill $! 2>/dev/null
done
