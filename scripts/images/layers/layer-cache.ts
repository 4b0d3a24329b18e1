import { sortedJson } from '../lock/lock.ts'
import { checksum, readBlob } from '../packages/cache.ts'
import type { PackedLayer } from './layer.ts'
import type { LayerPlan } from './layer-plan.ts'
import type { LayerThreads } from './layer-threads.ts'
import { dropLayer, readCachedLayer } from './pack.ts'

/** Gives planned layers: out of the cache, or made once, however many images ask for them. */
export type LayerCache = { readonly get: (plan: LayerPlan) => Promise<PackedLayer>; readonly close: () => void }

/** `code` is the checksum of the program that makes layers: a layer of an older program is not used. */
export const openLayerCache = (
  { cache, code }: { readonly cache: string; readonly code: string },
  { make, close }: LayerThreads,
): LayerCache => {
  const requested = new Map<string, Promise<PackedLayer>>()
  const readCached = (key: string): PackedLayer | undefined => {
    const layer = readCachedLayer(cache, key)
    if (layer === undefined) return undefined
    if (readBlob(cache, { algorithm: 'sha256', hex: layer.digest.replace('sha256:', '') }) !== undefined) return layer
    dropLayer(cache, key, layer)
    return undefined
  }
  return {
    get: (plan) => {
      const key = checksum(new TextEncoder().encode(sortedJson({ plan, code }))).hex
      const promise = requested.get(key) ?? (async () => readCached(key) ?? make({ key, plan, cache }))()
      requested.set(key, promise)
      return promise
    },
    close,
  }
}
