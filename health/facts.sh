#!/bin/sh
# What this host's engine, kernel and files say about Lucid, as text for services/common/host/facts/host-facts.ts.
#
#   sh facts.sh [DIR]        DIR: the platform's folder, default /mnt/myssd/Lucid
#
# Reads only. Needs sh and docker, and of Debian's base sed, awk, find, cmp, df, head, tail, timeout; whatever is missing leaves
# its section empty. A section is a line "== name"; every line of content begins with a blank, so that no content can pass
# for a section. Nothing secret is printed: of a container no environment, of a file with a key only the certificates.
# FACTS_LIMIT: seconds that the engine gets for an answer (1.2). FACTS_CGROUPS: where control groups are (/sys/fs/cgroup).
set -u
export LC_ALL=C
DIR=${1:-/mnt/myssd/Lucid}
LIMIT=${FACTS_LIMIT:-1.2}

bounded() {
  limit=$1
  shift
  if command -v timeout >/dev/null 2>&1; then timeout "$limit" "$@"; else "$@"; fi
}
# The line feed before it ends a content that has none.
section() { printf '\n== %s\n' "$1"; }
content() { head -c "${1:-65536}" | sed 's/^/ /'; }
# A plain file and no link: folders of ours may be written by containers.
plain() { [ -f "$1" ] && [ ! -L "$1" ] && [ -r "$1" ]; }
show() { if plain "$1"; then content <"$1"; fi; }

section facts
echo ' 1'
section date
date +%s | content
section platform
[ ! -d "$DIR" ] || printf '%s\n' "$DIR" | content

section engine
engine=''
root=''
limited=''
if command -v docker >/dev/null 2>&1; then
  said=$(bounded "$LIMIT" docker info --format '{"version":{{json .ServerVersion}},"root":{{json .DockerRootDir}},"driver":{{json .Driver}},"cgroup":{{json .CgroupVersion}},"memoryLimit":{{json .MemoryLimit}},"architecture":{{json .Architecture}},"kernel":{{json .KernelVersion}}}' 2>&1)
  code=$?
  # The client's own warnings may stand before the answer.
  [ $code != 0 ] || engine=$(printf '%s\n' "$said" | grep '^{"version":"[^"]')
  if [ -n "$engine" ]; then
    printf '%s\n' "$engine" | content
  else
    # Of an engine that is down some clients say nothing but that their template fails; another command says why.
    if [ $code = 124 ]; then said="no answer within $LIMIT s"; else said=$(bounded "$LIMIT" docker ps --quiet 2>&1 >/dev/null); fi
    printf 'failed: %s' "$said" | tr '\n' ' ' | content
  fi
  root=$(printf '%s' "$engine" | sed -n 's/.*"root":"\([^"]*\)".*/\1/p')
  case $engine in *'"memoryLimit":true'*) limited=yes ;; esac
else
  echo ' absent'
fi

# Of services/common/host/facts/inspect-format.ts, which says what it is.
CONTAINER_FORMAT='{"id":{{json .ID}},"name":{{json .Name}},"project":{{json (index .Config.Labels "com.docker.compose.project")}},"service":{{json (index .Config.Labels "com.docker.compose.service")}},"oneoff":{{json (index .Config.Labels "com.docker.compose.oneoff")}},"configHash":{{json (index .Config.Labels "com.docker.compose.config-hash")}},"stage":{{json (index .Config.Labels "org.lucid.stage")}},"image":{{json .Config.Image}},"imageId":{{json .Image}},"memory":{{json .HostConfig.Memory}},"restarts":{{json .RestartCount}},"status":{{json .State.Status}},"exitCode":{{json .State.ExitCode}},"oomKilled":{{json .State.OOMKilled}},"error":{{json .State.Error}},"startedAt":{{json .State.StartedAt}},"finishedAt":{{json .State.FinishedAt}},"user":{{json .Config.User}},"nanoCpus":{{json .HostConfig.NanoCPUs}},"cpuQuota":{{json .HostConfig.CPUQuota}},"cpuPeriod":{{json .HostConfig.CPUPeriod}},"pids":{{json .HostConfig.PidsLimit}},"restartPolicy":{{json .HostConfig.RestartPolicy.Name}},"networkMode":{{json .HostConfig.NetworkMode}},"pidMode":{{json .HostConfig.PidMode}},"ipcMode":{{json .HostConfig.IpcMode}},"privileged":{{json .HostConfig.Privileged}},"readOnlyRoot":{{json .HostConfig.ReadonlyRootfs}},"capAdd":{{json .HostConfig.CapAdd}},"capDrop":{{json .HostConfig.CapDrop}},"securityOpt":{{json .HostConfig.SecurityOpt}},"devices":{{len .HostConfig.Devices}},"logDriver":{{json .HostConfig.LogConfig.Type}},"logMaxSize":{{json (index .HostConfig.LogConfig.Config "max-size")}},"logMaxFiles":{{json (index .HostConfig.LogConfig.Config "max-file")}},"bindings":{{json .HostConfig.PortBindings}},"ports":{{json .NetworkSettings.Ports}},"networks":{{json .NetworkSettings.Networks}},"mounts":{{json .Mounts}},"health":{{with .State.Health}}{"status":{{json .Status}},"streak":{{json .FailingStreak}},"log":[{{range $i, $l := .Log}}{{if $i}},{{end}}{{json $l.Output}}{{end}}],"codes":[{{range $i, $l := .Log}}{{if $i}},{{end}}{{json $l.ExitCode}}{{end}}]}{{else}}null{{end}}}'

section containers
ids=''
if [ -n "$engine" ]; then
  if all=$(bounded "$LIMIT" docker ps --all --no-trunc --filter label=com.docker.compose.project \
    --format '{{.ID}} {{.Label "com.docker.compose.project"}}' 2>/dev/null); then
    ids=$(printf '%s\n' "$all" | grep -E ' lucid-(core|sessions|blockchain|integration)$' | cut -d ' ' -f 1)
    # How many there are to come: a list that was cut must not make a container missing.
    printf 'listed %s\n' "$(printf '%s' "$ids" | grep -c .)" | content
  fi
fi
if [ -n "$ids" ]; then
  # shellcheck disable=SC2086
  bounded "$LIMIT" docker inspect --type container --format "$CONTAINER_FORMAT" $ids 2>/dev/null | content 4194304
fi

# Bytes in use and, of these, file pages that the kernel gives back at once: the engine's own figure is the difference.
# Then processes and threads.
used() {
  for folder in $1; do
    id=${folder##*/}
    id=${id%.scope}
    id=${id##*-}
    case $ids in *"$id"*) ;; *) continue ;; esac
    used=''
    if [ -r "$folder/memory.current" ]; then
      read -r used <"$folder/memory.current"
    elif [ -r "$folder/memory.usage_in_bytes" ]; then
      read -r used <"$folder/memory.usage_in_bytes"
    fi
    [ -n "$used" ] || continue
    pids=''
    # Version 1 has a hierarchy for each kind.
    for counted in "$folder" "${groups%/memory}/pids${folder#"$groups"}"; do
      [ ! -r "$counted/pids.current" ] || read -r pids <"$counted/pids.current"
    done
    printf '%s %s %s %s\n' "$id" "$used" \
      "$(awk '$1 == "total_inactive_file" || ($1 == "inactive_file" && n == "") { n = $2 } END { print n + 0 }' "$folder/memory.stat" 2>/dev/null)" "$pids"
  done
}

section memory-in-use
in_use=''
if [ -n "$ids" ]; then
  groups=${FACTS_CGROUPS:-/sys/fs/cgroup}
  [ -f "$groups/cgroup.controllers" ] || groups=$groups/memory
  # By the id alone: whatever the parent group, whatever the driver.
  in_use=$(used "$(bounded "$LIMIT" find "$groups" -type d 2>/dev/null | grep -E '[0-9a-f]{64}(\.scope)?$')")
  [ -z "$in_use" ] || printf '%s\n' "$in_use" | content
fi

# Two seconds: only where no file says anything, and only where the kernel counts at all.
section stats
if [ -n "$ids" ] && [ -n "$limited" ] && [ -z "$in_use" ]; then
  running=$(bounded "$LIMIT" docker ps --quiet --no-trunc --filter status=running 2>/dev/null)
  known=''
  for id in $running; do
    case $ids in *"$id"*) known="$known $id" ;; esac
  done
  # shellcheck disable=SC2086
  [ -z "$known" ] || bounded 4 docker stats --no-stream --no-trunc --format '{{.ID}} {{.MemUsage}} {{.PIDs}}' $known 2>/dev/null | content
fi

section disk
for place in "platform $DIR" "engine $root"; do
  [ ! -d "${place#* }" ] || bounded "$LIMIT" df -Pk "${place#* }" 2>/dev/null | sed -n "2s/^/${place%% *} /p" | content
done

section memory
if [ -r /proc/meminfo ]; then grep -E '^(MemTotal|MemAvailable|SwapTotal|SwapFree):' /proc/meminfo | content; fi
section load
show /proc/loadavg
section cpus
getconf _NPROCESSORS_ONLN 2>/dev/null | content
section uptime
show /proc/uptime
section oom-kills
if [ -r /proc/vmstat ]; then sed -n 's/^oom_kill //p' /proc/vmstat | content; fi
section temperature
if [ -r /sys/class/thermal/thermal_zone0/temp ]; then content </sys/class/thermal/thermal_zone0/temp; fi
section throttled
if [ -r /sys/devices/platform/soc/soc:firmware/get_throttled ]; then
  content </sys/devices/platform/soc/soc:firmware/get_throttled
elif command -v vcgencmd >/dev/null 2>&1; then
  bounded "$LIMIT" vcgencmd get_throttled 2>/dev/null | content
fi

section certificates
for file in "$DIR"/certs/*.pem "$DIR"/certs/*.crt; do
  [ -e "$file" ] || [ -L "$file" ] || continue
  printf 'file %s\n' "${file##*/}" | tr '\n\r' '  ' | content 300
  echo
  [ -f "$file" ] && [ -r "$file" ] || { echo ' unreadable' && continue; }
  # A block that another one breaks into is dropped: the line after a cut certificate may be a key's.
  head -c 262144 "$file" | awk '
    /-----BEGIN CERTIFICATE-----/ { block = $0; open = 1; next }
    /-----BEGIN / { open = 0 }
    open && /-----END CERTIFICATE-----/ { print block; print; open = 0; next }
    open { block = block "\n" $0 }' | content 262144
done

section backup
show "$DIR/health/backup.json"
section drill
show "$DIR/health/drill.json"
section installation
show "$DIR/deploy/installation"
# An engine that does not answer has no section, so that no volume seems missing.
if [ -n "$engine" ] && volumes=$(bounded "$LIMIT" docker volume ls --quiet 2>/dev/null); then
  section volumes
  printf '%s\n' "$volumes" | content
fi
section release
show "$DIR/deploy/current"
section changed-files
current=''
[ ! -r "$DIR/deploy/current" ] || read -r current <"$DIR/deploy/current"
case $current in */* | .*) current='' ;; esac
command -v cmp >/dev/null 2>&1 && for kept in "$DIR/releases/$current"/.kept/compose.*.yaml; do
  [ ! -r "$kept" ] || cmp -s "$kept" "$DIR/releases/$current/${kept##*/}" || printf '%s\n' "${kept##*/}" | content
done
section lease
show "$DIR/deploy/lease"
section journal
if plain "$DIR/deploy/journal"; then grep -E '"phase": ?"(begin|end)"' "$DIR/deploy/journal" | tail -n 4 | content; fi
section end
