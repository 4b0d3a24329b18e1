#!/bin/sh
# Brings up the committed release of this host in order, and closes a run that was cut: for systemd, at boot.
#
#   sh lucid-boot.sh DIR
#
# LUCID_HEALTH_TIMEOUT (60)   longest time until the containers of a stack are well, seconds
# LUCID_ENGINE_TIMEOUT (180)  longest wait for the engine, seconds
#
# Exit codes: 0 all is well or there is nothing to start, 1 something is not well or the run is left open, 64 the command
# line is wrong, 69 no engine, 75 somebody is at work on this host. scripts/release/boot/README.md has the reasons.
set -u
LC_ALL=C
export LC_ALL
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH

STACKS='core sessions blockchain integration'
HEALTH=${LUCID_HEALTH_TIMEOUT:-60}
ENGINE=${LUCID_ENGINE_TIMEOUT:-180}
LEASE=60
RUN=boot-$(date +%s)-$$

say() { printf '%s\n' "lucid-boot: $*"; }

[ $# -eq 1 ] || {
  say 'usage: lucid-boot.sh DIR' >&2
  exit 64
}
DIR=${1%/}
cd "$DIR/deploy" 2>/dev/null || {
  say "nothing was ever deployed to $DIR"
  exit 0
}

# --- the lease: as scripts/host/lease.ts takes it, but `op` stays locked until we are done, so it cannot run out.

hold() {
  printf '%s %s {"by":"lucid.service","machine":"%s","pid":%s,"what":"boot"}\n' \
    "$token" $(($(date +%s) + LEASE)) "$(uname -n | tr -cd 'A-Za-z0-9._-')" $$ >lease.new && mv -f lease.new lease
}
exec 9>>op
flock -w 600 9 || {
  say 'a step of a deployer is still at work here'
  exit 75
}
# The first start since the machine was switched on: whoever held the lease before has lost what he did. Later ones are
# started by a person, and wait for whoever is at work.
first=${RUNTIME_DIRECTORY:+$RUNTIME_DIRECTORY/started}
if [ -z "$first" ] || [ -e "$first" ]; then
  if [ -s lease ] && read -r _ until holder <lease && [ "$until" -gt "$(date +%s)" ]; then
    say "somebody is at work here: $holder"
    exit 75
  fi
fi
token=0
[ ! -s token ] || read -r token <token
token=$((token + 1))
{ printf '%s\n' "$token" >token.new && { sync token.new 2>/dev/null || sync; } && mv -f token.new token && hold; } || {
  say "$DIR/deploy cannot be written"
  exit 1
}
trap 'rm -f lease' EXIT
trap 'exit 1' HUP INT TERM
[ -z "$first" ] || : >"$first"

# --- the journal

plain() { printf '%s' "$*" | tr -cd 'A-Za-z0-9 ._:,/-'; }
write() {
  { [ -z "$(tail -c 1 journal 2>/dev/null)" ] || echo >>journal; } 2>/dev/null
  { printf '%s\n' "$1" >>journal; } 2>/dev/null && { sync journal 2>/dev/null || sync; } && return
  say "$DIR/deploy/journal cannot be written: ls -l it, df -h $DIR"
  return 1
}
step() { # STEP PHASE [REASON]
  reason=
  [ $# -lt 3 ] || reason=",\"reason\":\"$(plain "$3")\""
  write "{\"at\":$(date +%s)000,\"run\":\"$RUN\",\"step\":\"boot:$1\",\"phase\":\"$2\"$reason}"
}
field() { # NAME: of the line in $begin
  printf '%s\n' "$begin" | sed -n "s/.*\"$1\":\"\\([A-Za-z0-9._-]*\\)\".*/\\1/p"
}

# A line that the power left half does not count.
last=$(grep '^{.*"phase":"\(begin\|end\)".*}$' journal 2>/dev/null | tail -n 1)
begin=
case $last in *'"phase":"begin"'*) begin=$last ;; esac
run=$(field run)
to=$(field to)
current=
[ ! -s current ] || read -r current <current

close() { # OUTCOME
  [ -z "$begin" ] || write "{\"at\":$(date +%s)000,\"run\":\"$run\",\"phase\":\"end\",\"outcome\":\"$1\",\"reason\":\"boot\"}"
}

# --- the engine

waited=0
until timeout 20 docker version >/dev/null 2>&1; do
  [ "$waited" -lt "$ENGINE" ] || {
    say "the engine did not answer within $ENGINE s: systemctl status docker"
    step engine failed 'the engine did not answer'
    exit 69
  }
  sleep 1
  waited=$((waited + 1))
done

compose() { # RELEASE STACK WORDS...
  file=$DIR/releases/$1/compose.$2.yaml
  shift 2
  timeout 900 docker compose --file "$file" "$@" </dev/null
}
has() { [ -f "$DIR/releases/$1/compose.$2.yaml" ]; }

reversed() {
  back=''
  for word in "$@"; do back="$word $back"; done
  printf '%s' "$back"
}
down() { # RELEASE: what the committed release has no file for
  code=0
  for stack in $(reversed $STACKS); do
    if has "$1" "$stack" && { [ -z "$current" ] || ! has "$current" "$stack"; }; then
      say "taking $stack of $1 down; volumes stay"
      compose "$1" "$stack" down --remove-orphans || code=1
    fi
  done
  return $code
}

FORMAT='{{.Name}} {{.State.Status}} {{with .State.Health}}{{.Status}}{{else}}none{{end}} {{.State.ExitCode}} {{.HostConfig.RestartPolicy.Name}}'
# What is not well, a line each: NAME WHY
unwell() {
  [ -n "$ids" ] || return 0
  # shellcheck disable=SC2086 # ids, one a word
  seen=$(docker inspect --type container --format "$FORMAT" $ids 2>/dev/null) || {
    echo 'one of the containers is gone'
    return 0
  }
  printf '%s\n' "$seen" | while read -r name status health code policy; do
    case "$status $health $policy" in
    'running none on-failure') printf '%s has not ended yet\n' "${name#/}" ;;
    'running healthy '* | 'running none '*) ;;
    'exited '*' on-failure' | 'exited '*' no') [ "$code" = 0 ] || printf '%s ended with %s\n' "${name#/}" "$code" ;;
    'running '*) printf '%s is %s\n' "${name#/}" "$health" ;;
    *) printf '%s is %s (%s)\n' "${name#/}" "$status" "$code" ;;
    esac
  done
}

# What somebody changed by hand is not what this host is on: the copy beside it is.
mend() { # STACK
  used=$DIR/releases/$current/compose.$1.yaml
  kept=$DIR/releases/$current/.kept/compose.$1.yaml
  [ -f "$kept" ] && ! cmp -s "$kept" "$used" || return 0
  say "compose.$1.yaml of $current was changed by hand: put right"
  cp "$kept" "$used.part" && sync && mv -f "$used.part" "$used"
}
# Compose would make an empty volume in the place of one that is gone.
lost() { # STACK
  for volume in $(compose "$current" "$1" config --volumes 2>/dev/null); do
    docker volume inspect "$volume" >/dev/null 2>&1 || printf '%s\n' "$volume"
  done
}

up() { # STACK; 0 well, 1 not well, 2 the engine refused
  say "starting $1 of $current"
  step "$1" start
  hold
  mend "$1"
  gone=$(lost "$1")
  [ -z "$gone" ] || {
    for volume in $gone; do say "volume $volume is gone, so $1 is not started: bun run recover volume $volume brings it back"; done
    step "$1" failed "volume $gone is gone"
    return 1
  }
  paused=$(docker ps --quiet --filter status=paused --filter "label=com.docker.compose.project=lucid-$1")
  # shellcheck disable=SC2086 # ids, one a word
  [ -z "$paused" ] || docker unpause $paused >/dev/null
  answer=$(compose "$current" "$1" up --detach --no-build --remove-orphans 2>&1) || {
    printf '%s\n' "$answer" | tail -n 5
    step "$1" failed "$(printf '%s\n' "$answer" | tail -n 1)"
    return 2
  }
  ids=$(compose "$current" "$1" ps --all --quiet)
  end=$(($(date +%s) + HEALTH))
  while :; do
    bad=$(unwell)
    [ -n "$bad" ] || {
      step "$1" done
      return 0
    }
    [ "$(date +%s)" -lt "$end" ] || break
    sleep 1
  done
  printf '%s\n' "$bad" | while read -r name why; do
    say "$name $why after $HEALTH s; the end of its log:"
    docker logs --tail 20 "$name" 2>&1 </dev/null | sed 's/^/    /'
  done
  step "$1" failed "$(printf '%s\n' "$bad" | head -n 1)"
  return 1
}

# --- what was cut

if [ -n "$begin" ] && [ "$current" != "$to" ]; then
  if grep -q "\"run\":\"$run\",\"step\":\"\(migrate\|rewind\)\"" journal &&
    ! grep -q "\"run\":\"$run\",\"step\":\"back:restore\",\"phase\":\"done\"" journal; then
    say "run $run was cut after it began to change documents: nothing is started, because only a deployer can put the"
    say 'snapshot back. Run bun run rollback or bun run deploy:pi against this host.'
    step migrated failed 'documents were being changed: a deployer must finish or undo it'
    exit 1
  fi
  say "run $run to $to was cut short: back to ${current:-an empty host}"
fi
if [ -z "$current" ]; then
  if [ -z "$begin" ]; then
    say 'there is no release on this host'
    exit 0
  fi
  { down "$to" && close undone; } || exit 1
  exit 0
fi
[ -d "$DIR/releases/$current" ] || {
  say "the files of $current are not there: bun run doctor"
  exit 1
}

# --- up. A stack that is not well does not keep the next ones away: a remote host should come up as far as it can.

worst=0
if [ -n "$begin" ] && [ "$current" != "$to" ]; then down "$to" || worst=2; fi
for stack in $STACKS; do
  has "$current" "$stack" || continue
  up "$stack"
  code=$?
  [ "$code" -le "$worst" ] || worst=$code
done
case $worst in
0)
  if [ "$current" = "$to" ]; then close done; else close undone; fi || exit 1
  say "$current is up and well"
  exit 0
  ;;
1)
  if [ "$current" = "$to" ]; then close done; else close failed; fi
  say "$current is up, but not all of it is well: bun run doctor"
  ;;
*) say 'the engine refused a part of it: the next boot or deployer goes on' ;;
esac
exit 1
