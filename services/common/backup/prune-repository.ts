import { type Keep, selectKept, unreferenced } from './prune.ts'
import type { Repository } from './repository.ts'

export type Pruned = {
  readonly snapshots: readonly string[]
  readonly chunks: number
  readonly bytes: number
  /** Snapshots without a whole index: as long as there is one, no chunk is removed. */
  readonly without_index: readonly string[]
}

/** Removes snapshots that are not to be kept, and then what no snapshot needs. */
export const prune = async (repository: Repository, keep: Keep, forget: readonly string[]): Promise<Pruned> => {
  const snapshots = repository.names().map((name) => ({ name, index: repository.index(name) }))
  const indexed = snapshots.flatMap(({ index }) => index ?? [])
  const without_index = snapshots.flatMap(({ name, index }) => (index === undefined ? [name] : []))
  const keeping = selectKept(indexed, keep, forget)
  const gone = indexed.filter(({ name }) => !keeping.has(name))
  for (const { name } of gone) await repository.removeSnapshot(name)
  const chunks =
    without_index.length > 0
      ? []
      : unreferenced(
          repository.ids(),
          indexed.filter(({ name }) => keeping.has(name)),
        )
  let bytes = 0
  for (const id of chunks) {
    bytes += repository.sizeOf(id)
    await repository.removeChunk(id)
  }
  return { snapshots: gone.map(({ name }) => name), chunks: chunks.length, bytes, without_index }
}
