import { COMPOSE_PROJECTS } from '../../host/backup-layout.ts'
import { commandLine, quote } from '../../host/quote.ts'

/**
 * The part of a script that makes the platform stand still and lets it go on, POSIX sh. What is paused stands in a file
 * before it is paused. It is let go by the script, by its trap, or by a watchdog of its own session which sees within a
 * second that the script is gone, and in any case after the limit; what a power cut leaves, the next command lets go.
 * What was let go while the engine was still pausing it is let go again: the engine may have been slower than the limit.
 * The watchdog knows the container of its own script by the id in `$WORK/cid`: by then the next may have one of that name.
 */
export const freezeFunctions = ({ state, limitS }: { readonly state: string; readonly limitS: number }): string => `
FROZEN=${quote(`${state}/frozen`)}
WORK=$(mktemp -d) || exit 1
ME=$(exec sh -c 'echo $PPID')
unfreeze() {
  [ -s "$FROZEN" ] || return 0
  docker unpause $(cat "$FROZEN") >/dev/null 2>&1
  left=$(docker ps --quiet --no-trunc --filter status=paused)
  for id in $left; do grep -q -x "$id" "$FROZEN" && return 1; done
  rm -f "$FROZEN"
}
again() { [ -s "$FROZEN" ] || cp "$WORK/list" "$FROZEN"; unfreeze; }
clean() { : >"$WORK/over"; if [ -e "$WORK/late" ]; then again; else unfreeze; fi; }
now() { date +%s%3N; }
running() {
  for project in ${commandLine(...COMPOSE_PROJECTS)}; do
    docker ps --quiet --no-trunc --filter status=running --filter "label=com.docker.compose.project=$project" || return 1
  done
}
watch() {
  exec </dev/null >/dev/null 2>&1
  exec 3>&- 4<&- 9>&-
  trap '' HUP INT TERM
  n=0
  while [ $n -lt ${limitS} ] && kill -0 "$ME" 2>/dev/null && [ ! -e "$WORK/over" ]; do sleep 1; n=$((n + 1)); done
  [ -e "$WORK/over" ] || { : >"$WORK/late"; unfreeze; sleep 1; again; }
  kill -0 "$ME" 2>/dev/null || { [ ! -s "$WORK/cid" ] || docker rm --force "$(cat "$WORK/cid")"; rm -rf "$WORK"; }
}
freeze() {
  running >"$WORK/list" && cp "$WORK/list" "$FROZEN.new" && mv -f "$FROZEN.new" "$FROZEN" || return 1
  began=$(now)
  rm -f "$WORK/over"
  watch &
  watcher=$!
  [ ! -s "$WORK/list" ] || docker pause $(cat "$WORK/list") >/dev/null || return 1
  [ ! -e "$WORK/late" ] || again
}
# Says for how long all stood still; fails when somebody let it go before.
thaw() {
  [ ! -e "$WORK/late" ] && still || { clean; return 1; }
  clean || return 1
  took=$(($(now) - began))
  kill -9 $watcher 2>/dev/null
  wait $watcher 2>/dev/null
  [ ! -e "$WORK/late" ]
}
still() {
  [ -s "$FROZEN" ] || return 0
  paused=$(docker ps --quiet --no-trunc --filter status=paused)
  while read -r id; do case "$paused" in *"$id"*) ;; *) return 1 ;; esac; done <"$FROZEN"
}
unfreeze
`
