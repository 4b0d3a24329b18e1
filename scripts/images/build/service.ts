import { posix } from 'node:path'
import { CliError } from '../../cli/fail.ts'
import { findLinkageFaults } from '../format/linkage.ts'
import { type Platform, platforms } from '../format/platform.ts'
import { mergeUsr } from '../layers/entries.ts'
import type { PackedLayer } from '../layers/layer.ts'
import type { LayerCache } from '../layers/layer-cache.ts'
import type { LayerPlan } from '../layers/layer-plan.ts'
import { layerPath, packLayer } from '../layers/pack.ts'
import type { Product } from '../layers/products.ts'
import { sortedJson } from '../lock/lock.ts'
import { checksum } from '../packages/cache.ts'
import { planAppLayers } from './app-layers.ts'
import { type Bundle, bundle } from './bundle.ts'
import { type Checksums, checksumFiles, RESOLUTION } from './checksums.ts'
import { containerConfig } from './container-config.ts'
import { imageConfig, imageIndex, imageManifest, type Layer } from './image-documents.ts'
import { type BuiltState, type ShareBlob, shareDocument, writeLayout } from './layout.ts'
import { npmComponents } from './npm-components.ts'
import { cycloneDx } from './sbom.ts'

/** What a step of the work is called while it goes on. */
export type Step = 'bundling' | 'layers' | 'writing'

export type ServiceWork = {
  readonly root: string
  readonly dist: string
  readonly cache: string
  readonly product: Product
  readonly plans: ReadonlyMap<Platform, readonly LayerPlan[]>
  readonly recipe: string
  readonly reference: string
  readonly version: string
  readonly layerCache: LayerCache
  readonly checksums: Checksums
  readonly health: Promise<Bundle>
  readonly share: ShareBlob
  readonly onStep: (step: Step) => void
}

/** The checksum over everything that decides an image: the recipe and the sources. */
export const checksumInputs = (recipe: string, sources: string): string =>
  checksum(new TextEncoder().encode(`${recipe}\n${sources}\n`)).hex

/** Files whose change means that a service must be bundled again. */
export const checksumSources = (checksums: Checksums, files: readonly string[]): string =>
  checksumFiles(checksums, [...files, ...RESOLUTION])

const requireLinkage = (platform: Platform, layers: readonly PackedLayer[]): void => {
  const libraries = new Set(layers.flatMap((layer) => layer.libraries))
  const faults = findLinkageFaults(
    platform,
    layers.flatMap(({ elf }) => elf),
    (path) => libraries.has(mergeUsr(posix.normalize(path).replace(/^\//, ''))),
  )
  if (faults.length > 0)
    throw new CliError(`${platform}: files would not find what they are linked against`, { details: faults })
}

const writeImage = (work: ServiceWork, platform: Platform, inputs: string, layers: readonly PackedLayer[]) => {
  const { dist, product, version } = work
  requireLinkage(platform, layers)
  const described: readonly Layer[] = layers
  const config = shareDocument(dist, imageConfig(platform, containerConfig(product, { version, inputs }), described))
  const manifest = shareDocument(dist, imageManifest(config, described))
  return { platform, manifest, config, layers }
}

type ServiceImage = ReturnType<typeof writeImage>

const listSizes = (
  index: { readonly digest: string; readonly size: number },
  images: readonly ServiceImage[],
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [index, ...images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers])]
      .map(({ digest, size }) => [digest, size] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )

/** The bill of materials of each platform, by its file name. `app` are the layers of the program itself. */
const describeParts = (
  { root, product, version }: ServiceWork,
  images: readonly ServiceImage[],
  { used, app }: { readonly used: readonly string[]; readonly app: readonly PackedLayer[] },
): Readonly<Record<string, string>> => {
  const npm = npmComponents(root, used)
  return Object.fromEntries(
    images.map(({ platform, layers }) => {
      const bill = cycloneDx({
        service: product.name,
        version,
        platform,
        parts: [...layers.flatMap(({ components }) => components), ...npm],
        program: app.flatMap(({ own }) => own),
        written: layers.filter((layer) => !app.includes(layer)).flatMap(({ own }) => own),
      })
      return [`sbom.${platforms[platform].architecture}.json`, sortedJson(bill)] as const
    }),
  )
}

/** Builds the image of one service for its platforms and replaces its layout. Throws CliError. */
export const buildService = async (work: ServiceWork): Promise<BuiltState> => {
  const { root, dist, cache, product, plans, recipe, reference, version, onStep } = work
  onStep('bundling')
  const program = await bundle(root, {
    entry: `services/${product.name}/main.ts`,
    name: 'main',
    addons: product.image.addons,
  })
  const health = await work.health
  const files = [...new Set([...program.sources, ...health.sources])].sort()
  const sources = checksumSources(work.checksums, files)
  const inputs = checksumInputs(recipe, sources)
  onStep('layers')
  const app = planAppLayers(product, program.files, health.files).map((content) => packLayer(cache, content))
  const images = await Promise.all(
    [...plans].map(async ([platform, layers]) => {
      const shared = await Promise.all(layers.map(work.layerCache.get))
      for (const layer of [...shared, ...app]) work.share(layerPath(cache, layer), layer.digest)
      return writeImage(work, platform, inputs, [...shared, ...app])
    }),
  )
  onStep('writing')
  const index = shareDocument(
    dist,
    imageIndex(
      images.map(({ platform, manifest }) => ({ platform, ...manifest })),
      { 'org.opencontainers.image.title': product.name, 'org.opencontainers.image.version': version },
    ),
  )
  const blobs = listSizes(index, images)
  const state: BuiltState = {
    recipe,
    sources,
    files,
    inputs,
    reference,
    index,
    platforms: Object.fromEntries(images.map(({ platform, manifest }) => [platform, manifest.digest])),
    size: Object.values(blobs).reduce((sum, size) => sum + size, 0),
    blobs,
  }
  writeLayout(dist, product.name, state, describeParts(work, images, { used: program.used, app }))
  return state
}
