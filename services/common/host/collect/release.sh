# A part of the collector, after networks.sh: what lies here of a release, to be held against it.
# FACTS_RELEASE: which one, instead of the committed one. Arguments after DIR: secrets, OWNER/KEY; none is read.
shift
release=${FACTS_RELEASE:-$(cat "$DIR/deploy/current" 2>/dev/null)}
case $release in */* | .*) release='' ;; esac
# Asks Compose about each stack's file. It takes its time to start: all at once.
each_stack() { # SECTION WORDS
  answers=$(mktemp -d) || return
  for file in "$DIR/releases/$release"/compose.*.yaml; do
    [ -f "$file" ] || continue
    stack=${file##*/compose.}
    stack=${stack%.yaml}
    {
      section "$1 $stack"
      set -f
      # shellcheck disable=SC2086
      docker compose --file "$file" $2 2>&1 | content 1048576
    } >"$answers/$stack" &
  done
  wait
  cat "$answers"/* 2>/dev/null
  rm -rf "$answers"
}
if [ -n "$release" ]; then
  section deployed
  printf '%s\n' "$release" | content
  section file-sums
  (cd "$DIR" && sha256sum "releases/$release"/compose.*.yaml files/*/*) 2>/dev/null | content 1048576
  each_stack hashes '--profile * config --hash *'
fi
# The last change of the text, and when the file was made: who replaces one keeps the old time, who changes its owner neither.
section file-times
(
  cd "$DIR" || exit
  for secret; do stat -c '%.3Y %.3W %n' "secrets/$secret"; done
  stat -c '%.3Y %.3W %n' identities.json files/*/*
) 2>/dev/null | content 1048576
section end-release
