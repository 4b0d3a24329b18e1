import { Fault } from '../process/fault.ts'
import { unseal } from './age.ts'
import { chooseSnapshot } from './format.ts'
import { type Manifest, readManifest } from './manifest.ts'
import type { Repository } from './repository.ts'

/** Opens a snapshot: decrypted, parsed, and nothing in it believed that was not looked at. */
export const openSnapshot = async (
  repository: Repository,
  choice: string,
  identities: readonly string[],
): Promise<Manifest> => {
  const name = chooseSnapshot(repository.names(), choice)
  const explained = (error: unknown): never => {
    if (error instanceof Fault)
      throw new Fault(error.kind, error.code, `snapshot ${name}: ${error.message}`, { cause: error })
    throw error
  }
  const packed = await unseal(await repository.readSnapshot(name), identities).catch(explained)
  const text = new TextDecoder().decode(await Bun.zstdDecompress(packed))
  const manifest = readManifest(text)
  if (manifest.header.name !== name)
    throw new Fault('invalid', 'other-snapshot', `snapshot ${name} holds ${manifest.header.name}`)
  return manifest
}

/** Whether prune would keep what this snapshot needs: its index names the same chunks. */
export const indexComplaints = (repository: Repository, name: string, needed: ReadonlySet<string>) => {
  const index = repository.index(name)
  if (index === undefined) return [`snapshot ${name} has no whole index: nothing is pruned until it is removed by hand`]
  const missing = [...needed].filter((id) => !index.chunks.includes(id)).length
  return missing === 0 ? [] : [`the index of ${name} lacks ${missing} of its chunks`]
}
