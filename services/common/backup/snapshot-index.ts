/** What stands beside a snapshot in clear: nothing but sizes and the keyed names of its chunks. */
export type SnapshotIndex = {
  readonly v: 1
  readonly name: string
  readonly at: number
  readonly tag: string | null
  /** Of the chunk key: snapshots of one key share chunks. */
  readonly key: string
  /** What it holds: names of volumes, and of folders of the host. */
  readonly units: readonly string[]
  readonly files: number
  /** Of all files, bytes. */
  readonly bytes: number
  /** Chunks that were not there before, bytes as stored. */
  readonly new_bytes: number
  readonly chunks: readonly string[]
}

const sumOf = (body: string): string => new Bun.CryptoHasher('sha256').update(body).digest('hex')

/** Two lines: the index as JSON, and the SHA-256 of that line. */
export const indexText = (index: SnapshotIndex): string => {
  const body = JSON.stringify(index)
  return `${body}\n${sumOf(body)}\n`
}

/** An index, or undefined when it is not whole: then nothing may be concluded from it. */
export const readIndex = (text: string): SnapshotIndex | undefined => {
  const [body = '', sum] = text.split('\n')
  if (sum !== sumOf(body)) return undefined
  const index = JSON.parse(body) as SnapshotIndex // the sum says that we wrote it
  return index.v === 1 ? index : undefined
}
