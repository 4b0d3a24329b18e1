import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../../cli/fail.ts'
import { takeLock } from '../../platform/lock.ts'
import type { Platform } from '../format/platform.ts'
import { type LayerCache, openLayerCache } from '../layers/layer-cache.ts'
import { type LayerPlan, sharedLayers } from '../layers/layer-plan.ts'
import { startLayerThreads } from '../layers/layer-threads.ts'
import type { Product } from '../layers/products.ts'
import { LOCK_FILE } from '../layout/digests-lock.ts'
import { type ImagesLock, sortedJson } from '../lock/lock.ts'
import { LOCK_PATH } from '../lock/lock-file.ts'
import { checksum, sweepCache, writeWhole } from '../packages/cache.ts'
import { bundle } from './bundle.ts'
import { type Checksums, checksumFiles, listBuilderFiles, openChecksums } from './checksums.ts'
import { type BuiltState, blobSharer, layoutFolder, readState, renameLayout, sweep } from './layout.ts'
import { runPhases } from './phases.ts'
import { provenance } from './provenance.ts'
import { type Revision, readRevision } from './revision.ts'
import { buildService, checksumSources, type Step } from './service.ts'

export type BuildOptions = {
  readonly root: string
  readonly dist: string
  readonly cache: string
  readonly lock: ImagesLock
  readonly products: readonly Product[]
  readonly selected: readonly string[]
  readonly platforms: readonly Platform[]
  readonly version: string
  /** Put behind the service's name in its reference; none for the plain name. */
  readonly tag: string | undefined
  readonly jobs: number
  readonly rebuild: boolean
  readonly onStep: (service: string, step: Step | 'unchanged' | 'built') => void
  /** Given by tests. */
  readonly threads?: typeof startLayerThreads
}

/** An image as `images.lock.json` names it. Sizes are bytes of all its blobs, platforms are manifests. */
export type LockedImage = {
  readonly reference: string
  readonly digest: string
  readonly platforms: Readonly<Record<string, string>>
  readonly size: number
}

export type Built = {
  readonly images: Readonly<Record<string, LockedImage>>
  readonly built: readonly string[]
  readonly unchanged: readonly string[]
  readonly revision: Revision
}

/** How long the cache keeps what no build uses, ms: 30 days. */
const CACHED_MS = 30 * 24 * 3_600_000

/** The name of an image in its repository: the service's, with the tag behind it when there is one. */
export const formatReference = (service: string, tag: string | undefined): string =>
  tag === undefined ? service : `${service}-${tag}`

type Recipe = {
  readonly product: Product
  readonly plans: ReadonlyMap<Platform, readonly LayerPlan[]>
  readonly recipe: string
}

/** What every product's image is made of, and the checksum of it. */
export const recipes = (
  { products, lock, platforms, version }: Pick<BuildOptions, 'products' | 'lock' | 'platforms' | 'version'>,
  code: string,
): readonly Recipe[] => {
  const shared = platforms.map((platform) => [platform, sharedLayers(products, lock, platform)] as const)
  return products.map((product) => {
    const plans = new Map(shared.map(([platform, layers]) => [platform, layers.get(product.name) ?? []]))
    const text = sortedJson({ product, plans: Object.fromEntries(plans), version, code, bun: Bun.version })
    return { product, plans, recipe: checksum(new TextEncoder().encode(text)).hex }
  })
}

/** The state of a layout that is what a build would make now; undefined when it is not. */
const readCurrent = (dist: string, { product, recipe }: Recipe, checksums: Checksums): BuiltState | undefined => {
  const state = readState(dist, product.name)
  if (state === undefined || state.recipe !== recipe) return undefined
  return checksumSources(checksums, state.files) === state.sources ? state : undefined
}

const lockedImage = ({ reference, index, platforms, size }: BuiltState): LockedImage => ({
  reference,
  digest: index.digest,
  platforms,
  size,
})

/** Writes a document only when it would change, so that a build that changes nothing touches nothing. */
const writeChanged = (path: string, text: string): void => {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeWhole(path, text)
}

const writeOrigins = (
  options: BuildOptions,
  states: ReadonlyMap<string, BuiltState>,
  checksums: Checksums,
): Revision => {
  const { root, dist, tag } = options
  const revision = readRevision(root)
  const locks = Object.fromEntries(['bun.lock', LOCK_PATH].map((path) => [path, checksums(path) ?? '']))
  for (const [service, { index, inputs, platforms }] of states) {
    const text = sortedJson(
      provenance({
        service,
        digest: index.digest,
        ...revision,
        bun: Bun.version,
        platforms: Object.keys(platforms),
        inputs,
        locks,
      }),
    )
    writeChanged(join(layoutFolder(dist, service), 'provenance.json'), text)
  }
  const services = Object.fromEntries([...states].map(([service, state]) => [service, lockedImage(state)]))
  writeChanged(join(dist, LOCK_FILE), sortedJson({ ...revision, tag: tag ?? null, services }))
  return revision
}

const partition = (options: BuildOptions, all: readonly Recipe[], checksums: Checksums) => {
  const { dist, selected, rebuild, tag, onStep } = options
  const states = new Map<string, BuiltState>()
  const todo: Recipe[] = []
  for (const recipe of all) {
    const { name } = recipe.product
    const state = rebuild && selected.includes(name) ? undefined : readCurrent(dist, recipe, checksums)
    if (state === undefined) {
      if (selected.includes(name)) todo.push(recipe)
      continue
    }
    const reference = formatReference(name, tag)
    states.set(name, state.reference === reference ? state : renameLayout(dist, name, state, reference))
    if (selected.includes(name)) onStep(name, 'unchanged')
  }
  return { states, todo }
}

const buildAll = async (
  options: BuildOptions,
  todo: readonly Recipe[],
  {
    checksums,
    code,
    states,
  }: { readonly checksums: Checksums; readonly code: string; readonly states: Map<string, BuiltState> },
): Promise<void> => {
  const { root, dist, cache, tag, jobs, version, onStep } = options
  const layerCache: LayerCache = openLayerCache({ cache, code }, (options.threads ?? startLayerThreads)(jobs))
  const health = bundle(root, { entry: 'scripts/images/build/health-check.ts', name: 'health', addons: [] })
  // Threads compress the layers while this one bundles; whoever needs one hears of its failure.
  for (const plan of todo.flatMap(({ plans }) => [...plans.values()].flat())) layerCache.get(plan).catch(() => {})
  const share = blobSharer(dist)
  try {
    const items = todo.map((recipe) => ({ name: recipe.product.name, phase: recipe.product.phase, recipe }))
    await runPhases(items, jobs, async ({ name, recipe }) => {
      const state = await buildService({
        ...recipe,
        root,
        dist,
        cache,
        reference: formatReference(name, tag),
        version,
        layerCache,
        checksums,
        health,
        share,
        onStep: (step) => onStep(name, step),
      })
      states.set(name, state)
      onStep(name, 'built')
    })
  } finally {
    layerCache.close()
  }
}

/**
 * Builds the selected images, phase by phase; those that would come out as they are stay. `images.lock.json` then has
 * every image in the folder that is what its sources and the lock say now, also after a failure. Throws PhaseError
 * for the first that fails: what was built before it stays, and the next run goes on from there. Throws CliError
 * while another build is at work in the folder.
 */
export const buildImages = async (options: BuildOptions): Promise<Built> => {
  const { root, dist, cache, products, selected } = options
  mkdirSync(dist, { recursive: true })
  const mine = takeLock({ lock: join(dist, '.lock') })
  if (mine === undefined) throw new CliError(`another build is at work in ${dist}: wait for it to end`)
  try {
    const checksums = openChecksums(root)
    const builder = listBuilderFiles(root)
    const all = recipes(options, checksumFiles(checksums, builder.images))
    const { states, todo } = partition(options, all, checksums)
    const unchanged = selected.filter((name) => states.has(name))
    const names = products.map(({ name }) => name)
    const finish = () => {
      const ordered = new Map(
        names.flatMap((name) => {
          const state = states.get(name)
          return state === undefined ? [] : [[name, state] as const]
        }),
      )
      sweep(dist, names)
      return { ordered, revision: writeOrigins(options, ordered, checksums) }
    }
    if (todo.length > 0)
      try {
        await buildAll(options, todo, { checksums, code: checksumFiles(checksums, builder.layers), states })
        sweepCache(cache, Date.now() - CACHED_MS)
      } catch (error) {
        finish()
        throw error
      }
    const { ordered, revision } = finish()
    return {
      images: Object.fromEntries([...ordered].map(([name, state]) => [name, lockedImage(state)])),
      built: todo.map(({ product }) => product.name),
      unchanged,
      revision,
    }
  } finally {
    mine.release()
  }
}
