import { splitLines } from '#common/process/lines'
import { BLOBS } from './blobs.ts'

/** Takes blobs on the host, POSIX sh: each piece is in the file before the next is read, and is answered. */

/** A blob to send: `at` bytes of it are there. */
export type Passage = { readonly hex: string; readonly size: number; readonly at: number }

/** Largest piece, bytes: what is answered at a time. */
export const PIECE = 256 * 1024

/** Bytes for which a connection may take SILENT_S: one that is slower, or silent, is given up by the host, so that the next need not wait for it. */
const STRETCH = 16 * PIECE
const SILENT_S = 60

/** Blobs whose checksums are taken at once, beside what comes next. */
const SUMS_AT_ONCE = 4

const GOT = 'lucid-got'
const SUM = 'lucid-sum'

/** The exit code for a connection that went silent; it is that of timeout(1). */
export const SILENT = 124

/** Run by a shell of its own under timeout(1): `$1` bytes from standard input to standard output, told on 4. */
const take = `while [ "$1" -gt 0 ]; do n=${PIECE}; [ "$1" -ge "$n" ] || n=$1; head -c "$n" || exit; echo "${GOT} $n" >&4; set -- $(($1 - n)); done`

const functions = `
check() {
  said=$(sha256sum "$1.part") || said=
  if [ "\${said%% *}" = "$1" ]; then
    { sync "$1.part" 2>/dev/null || sync; } && mv -f "$1.part" "$1" && echo "${SUM} good $1"
  elif [ "$(wc -c <"$1.part")" -lt "$2" ]; then
    echo "${SUM} short $1"
  else
    rm -f "$1.part"; echo "${SUM} wrong $1"
  fi
}
blob() {
  left=$(($2 - $3))
  while [ "$left" -gt 0 ]; do
    n=${STRETCH}; [ "$left" -ge "$n" ] || n=$left
    timeout ${SILENT_S} sh -c '${take}' sh "$n" >>"$1.part" || exit
    left=$((left - n))
  done
  [ -e "$1.part" ] || : >"$1.part"
  check "$1" "$2" &
  begun=$((begun + 1))
  [ $((begun % ${SUMS_AT_ONCE})) != 0 ] || wait
}`

/** The script that takes these blobs, in this order. */
export const receiverScript = (passages: readonly Passage[]): string =>
  [
    `cd ${BLOBS} || exit 1`,
    functions.trim(),
    'exec 4>&1',
    'begun=0',
    ...passages.map(({ hex, size, at }) => `blob ${hex} ${size} ${at}`),
    'wait',
  ].join('\n')

/** What it says of a blob: its checksum is right, it is not whole, or it is another content and was removed. */
export type Verdict = 'good' | 'short' | 'wrong'

/** Reads what it says as it comes, whatever the pieces. */
export const readReceiver = (
  onGot: (bytes: number) => void,
  onVerdict: (hex: string, verdict: Verdict) => void,
): ((text: string) => void) =>
  splitLines(
    (line) => {
      const [, got] = /^lucid-got (\d{1,7})\r?$/.exec(line) ?? []
      if (got !== undefined) onGot(Number(got))
      const [, verdict, hex] = /^lucid-sum (good|short|wrong) ([0-9a-f]{64})\r?$/.exec(line) ?? []
      // The expression lets no other word through.
      if (verdict !== undefined && hex !== undefined) onVerdict(hex, verdict as Verdict)
    },
    // A host that never ends a line must not fill our memory.
    { longest: 1024 },
  )
