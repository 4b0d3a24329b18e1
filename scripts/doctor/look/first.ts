import { commandLine, quote } from '../../host/quote.ts'

/**
 * The first look at a host: POSIX sh, changes nothing, prints `== NAME` sections. What a host does not have leaves its section
 * empty. Counters that only say something as a difference are printed twice, a second and more apart.
 */
export const firstLook = (
  dir: string,
  { stacks, counters }: { readonly stacks: readonly string[]; readonly counters: 'twice' | 'never' },
): string => `
D=${quote(dir)}
s() { printf '\\n== %s\\n' "$*"; }
counters() {
  s "vmstat $1"; grep -E '^(pswpin|pswpout|oom_kill) ' /proc/vmstat
  s "diskstats $1"; cat /proc/diskstats
  find /sys/fs/cgroup -type d 2>/dev/null | grep -E '/(docker-)?[0-9a-f]{64}([.]scope)?$' | while read -r d; do
    id=\${d##*/}; id=\${id%.scope}; id=\${id#docker-}
    case $up in *"$id"*) ;; *) continue ;; esac
    s "cgroup $1 $id"
    for f in memory.current memory.usage_in_bytes pids.current pids.max pids.events; do
      [ -r "$d/$f" ] && sed "s|^|$f |" "$d/$f" 2>/dev/null
    done
    grep -E '^(total_)?inactive_file ' "$d/memory.stat" 2>/dev/null | sed 's/^/memory.stat /'
    grep -E '^nr_(periods|throttled) ' "$d/cpu.stat" 2>/dev/null | sed 's/^/cpu.stat /'
  done
}
s date; date +%s
command -v docker >/dev/null 2>&1 || { s absent; exit 0; }
s docker; docker info --format '{{json .}}' 2>/dev/null || docker info 2>&1 | tail -n 3
up=$(docker ps --quiet --no-trunc 2>/dev/null)
${counters === 'twice' ? 'counters 1' : ''}
s uname; uname -m; uname -r
s current; cat "$D/deploy/current" 2>/dev/null
s previous; cat "$D/deploy/previous" 2>/dev/null
s lease; cat "$D/deploy/lease" 2>/dev/null
s backups; ls "$D/backups" 2>/dev/null | head -n 3
s leftovers; ls -ln "$D/blobs/sha256" 2>/dev/null | grep '[.]part$'
R=$(cat "$D/deploy/current" 2>/dev/null)
case $R in */*|.*) R= ;; esac
if [ -n "$R" ]; then
  s release; cat "$D/releases/$R/release.json" 2>/dev/null
  # Compose takes its time to start: all at once.
  T=$(mktemp -d) && for k in ${commandLine(...stacks)}; do
    f="$D/releases/$R/compose.$k.yaml"
    [ -f "$f" ] || continue
    { s "compose $k"; docker compose --file "$f" --profile '*' config --format json 2>&1; } > "$T/$k.a" &
    { s "hashes $k"; docker compose --file "$f" --profile '*' config --hash '*' 2>/dev/null; } > "$T/$k.b" &
  done
  wait
  [ -z "$T" ] || { cat "$T"/* 2>/dev/null; rm -rf "$T"; }
fi
s containers; ids=$(docker ps --all --quiet --no-trunc); [ -z "$ids" ] || docker inspect --format '{{json .}}' $ids 2>/dev/null
s networks; docker network inspect --format '{{json .}}' $(docker network ls --quiet) 2>/dev/null
s volumes; v=$(docker volume ls --quiet); [ -z "$v" ] || docker volume inspect --format '{{json .}}' $v 2>/dev/null
s meminfo; cat /proc/meminfo
s loadavg; cat /proc/loadavg
s cpus; grep -c '^processor' /proc/cpuinfo
s pressure; for f in cpu io memory; do [ -r /proc/pressure/$f ] && sed "s/^/$f /" /proc/pressure/$f; done
ROOT=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null)
s disk; for p in / "$D" "$ROOT"; do [ -e "$p" ] && df -Pk "$p" 2>/dev/null | tail -n 1; done
s inodes; for p in / "$D" "$ROOT"; do [ -e "$p" ] && df -Pi "$p" 2>/dev/null | tail -n 1; done
s mounts; cat /proc/mounts
s throttled; vcgencmd get_throttled 2>/dev/null || cat /sys/devices/platform/soc/soc:firmware/get_throttled 2>/dev/null
s temperature; cat /sys/class/thermal/thermal_zone0/temp 2>/dev/null
s cgroups; cat /proc/cgroups
s cmdline; cat /proc/cmdline
s routes; ip -4 route 2>/dev/null
s listeners; sudo -n ss -ltnpH 2>/dev/null || ss -ltnpH 2>/dev/null
s processes; ps -A -o pcpu= -o rss= -o pid= -o args= 2>/dev/null | sort -rn | head -n 5
s resolv; cat /etc/resolv.conf 2>/dev/null
s ntp; timedatectl show -p NTPSynchronized 2>/dev/null
s events; now=$(date +%s); docker events --since $((now - 900)) --until "$now" --filter type=container --filter event=oom --filter event=die --format '{{json .}}' 2>/dev/null
${counters === 'twice' ? 'sleep 1\ncounters 2' : ''}
:
`
