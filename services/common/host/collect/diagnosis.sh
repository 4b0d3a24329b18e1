# A part of the collector, after preflight.sh: what a diagnosis needs. Takes a second and more: counters that only say
# something as a difference are printed twice. FACTS_COUNTERS=never leaves them out.
running=$(docker ps --quiet --no-trunc 2>/dev/null)
counters() {
  section "swap $1"
  grep -E '^(pswpin|pswpout) ' /proc/vmstat | content
  section "diskstats $1"
  content <"/proc/diskstats"
  section "cgroups $1"
  # Each file of its hierarchy: one for all in version 2, one for a kind in version 1.
  find /sys/fs/cgroup -type d 2>/dev/null | grep -E '[0-9a-f]{64}([.]scope)?$' | while read -r folder; do
    id=${folder##*/}
    id=${id%.scope}
    id=${id##*-}
    case $running in *"$id"*) ;; *) continue ;; esac
    for file in pids.current pids.max; do
      [ ! -r "$folder/$file" ] || sed "s|^|$id $file |" "$folder/$file" 2>/dev/null
    done
    sed -n "s|^max |$id pids.refused |p" "$folder/pids.events" 2>/dev/null
    sed -n "s|^nr_\\(periods\\|throttled\\) |$id cpu.\\1 |p" "$folder/cpu.stat" 2>/dev/null
  done | content 1048576
}
[ "${FACTS_COUNTERS:-twice}" = never ] || counters before

section containers
others=''
for id in $(docker ps --all --quiet --no-trunc 2>/dev/null); do
  case $ids in *"$id"*) ;; *) others="$others $id" ;; esac
done
# shellcheck disable=SC2086
[ -z "$others" ] || docker inspect --type container --format "$CONTAINER_FORMAT" $others 2>/dev/null | content 4194304

section previous
show "$DIR/deploy/previous"
section backups
ls "$DIR/backups" 2>/dev/null | head -n 3 | content
section leftovers
ls -ln "$DIR/blobs/sha256" 2>/dev/null | grep '[.]part$' | content
if [ -n "$release" ]; then
  section release-json
  content 4194304 <"$DIR/releases/$release/release.json" 2>/dev/null
  each_stack compose '--profile * config --format json'
fi

section disk
df -Pk / 2>/dev/null | sed -n '2s/^/root /p' | content
section inodes
for place in / "$DIR" "$root"; do
  [ ! -e "$place" ] || df -Pi "$place" 2>/dev/null | tail -n 1
done | content
section mounts
content <"/proc/mounts"
section pressure
sed -n 's/^some /io /p' /proc/pressure/io 2>/dev/null | content
section cmdline
content <"/proc/cmdline"
section listeners
{ sudo -n ss -ltnpH 2>/dev/null || ss -ltnpH 2>/dev/null; } | content
section processes
ps -A -o pcpu= -o rss= -o pid= -o args= 2>/dev/null | sort -rn | head -n 5 | content
section nameservers
sed -n 's/^nameserver  *//p' /etc/resolv.conf 2>/dev/null | content
section ntp
timedatectl show -p NTPSynchronized 2>/dev/null | sed -n 's/.*=//p' | content
section events
now=$(date +%s)
docker events --since $((now - 900)) --until "$now" --filter type=container --filter event=oom --filter event=die \
  --format '{"id":{{json .Actor.ID}},"name":{{json (index .Actor.Attributes "name")}},"exitCode":{{json (index .Actor.Attributes "exitCode")}},"action":{{json .Action}}}' 2>/dev/null | content 1048576

[ "${FACTS_COUNTERS:-twice}" = never ] || {
  sleep 1
  counters after
}
section end-diagnosis
