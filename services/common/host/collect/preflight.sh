# A part of the collector, after release.sh: what a release needs of a host.
section machine
{ uname -m; uname -r; } | content
section compose-version
docker compose version --short 2>/dev/null | content
section programs
command -v flock | content

# The folder, or the nearest above it that is there.
near=$DIR
while [ ! -d "$near" ]; do near=$(dirname "$near"); done
section machine-id
grep -Ecx '[0-9a-f]{32}' /etc/machine-id 2>/dev/null | content
section writable
[ ! -w "$near" ] || echo ' yes'
# A folder that this user may not look into lies on the disk of the nearest above it that it may, unless it is a mount.
free_kib() {
  at=$1
  while :; do
    kib=$(df -Pk "$at" 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ -z "$kib" ] && [ "$at" != / ] || break
    at=$(dirname "$at")
  done
  printf '%s' "$kib"
}
section free
printf 'platform %s\nengine %s\n' "$(free_kib "$near")" "$(free_kib "${root:-/}")" | content

section sockets
# State 0A is LISTEN (Linux, tcp_states.h).
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep ' 0A ' | content 262144
section secrets
for secret; do [ ! -e "$DIR/secrets/$secret" ] || printf '%s\n' "$secret"; done | content
section signer
[ ! -f "$DIR/deploy/signer" ] || content 200 <"$DIR/deploy/signer"
section end-preflight
