import { quote } from '../../host/quote.ts'

/** The blobs that a host holds in DIR/blobs/sha256: whole ones by their hex, parts of those on their way as HEX.part. */

/** Sizes in bytes. A blob has its name only after its checksum was right. */
export type StoredBlobs = { readonly whole: ReadonlyMap<string, number>; readonly parts: ReadonlyMap<string, number> }

export const stripAlgorithm = (digest: string): string => digest.slice('sha256:'.length)

/** Where blobs lie, from the folder that scripts under a lease stand in. */
export const BLOBS = '../blobs/sha256'

const LISTED = 'lucid-blobs'

/** Lists them; the folder is made when it is not there. */
export const listScript = (dir: string): string =>
  [
    `mkdir -p ${quote(`${dir}/blobs/sha256`)} && cd ${quote(`${dir}/blobs/sha256`)} || exit 1`,
    // The sizes of files; nothing is read. Without a file there is nothing to count.
    `set -- *; if [ -e "$1" ]; then wc -c "$@" | sed 's/^/${LISTED} /'; fi; echo '${LISTED} end'`,
  ].join('\n')

/** Reads the list; undefined when it is none. What is no blob is left out. */
export const parseStored = (out: string): StoredBlobs | undefined => {
  const lines = out.split('\n').map((one) => one.trimEnd())
  if (!lines.includes(`${LISTED} end`)) return undefined
  const whole = new Map<string, number>()
  const parts = new Map<string, number>()
  for (const line of lines) {
    if (!line.startsWith(`${LISTED} `)) continue
    const [, size, hex, part] = /^\S+ +(\d{1,15}) ([0-9a-f]{64})(\.part)?$/.exec(line) ?? []
    if (size !== undefined && hex !== undefined) (part === undefined ? whole : parts).set(hex, Number(size))
    else if (/[0-9a-f]{64}/.test(line)) return undefined
  }
  return { whole, parts }
}
