import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../../cli/fail.ts'
import { ConnectionLost } from '../../host/connection.ts'
import type { Lease } from '../../host/lease.ts'
import type { ScriptResult } from '../../host/script.ts'
import { type Loadable, parseDomain } from '../../images/deliver/docker-archive.ts'
import { blobPath, openLayout } from '../../images/layout/layout.ts'
import type { ReleaseImage } from '../content/release.ts'
import { ask, type ImagesProgress, LONG_MS, type Patience, waitAfter } from './ask.ts'
import { loadInput, loadScript, planSegments, type Segment } from './assembly.ts'
import { stripAlgorithm } from './blobs.ts'
import { removeDamaged } from './damaged-blobs.ts'
import { askByService, countSharedLayers, type Engine, readEngine } from './engine.ts'
import { hostFault, isFull } from './faults.ts'
import { missingStates, noticeReplaced, requirePresent } from './missing-images.ts'
import { type RequiredBlob, type SentBlobs, sendBlobs } from './send-blobs.ts'

export type SendOptions = ImagesProgress & { readonly dist: string }

/** Images that were loaded, and what went over the connection for them. */
export type SentImages = SentBlobs & { readonly loaded: readonly string[] }

type Source = Loadable & { readonly image: ReleaseImage; readonly platform: string }

const sourceOf = (dist: string, image: ReleaseImage): Source => {
  const layout = openLayout(join(dist, image.service))
  const found = layout.images.find(({ documents }) => documents.manifest.descriptor.digest === image.manifest)
  if (found === undefined || layout.root.descriptor.digest !== image.digest)
    throw new CliError(`${layout.folder} is not the image of ${image.name}: build that release again`)
  return { layout, image, platform: found.platform, reference: image.name }
}

const onePlatform = (sources: readonly Source[]): string => {
  const [platform = '', ...more] = new Set(sources.map((source) => source.platform))
  if (more.length > 0) throw new CliError(`one host cannot have images of ${[platform, ...more].join(' and ')}`)
  return platform
}

const layerPaths = (sources: readonly Source[]): ReadonlyMap<string, string> =>
  new Map(
    sources.flatMap(({ layout, image }) =>
      image.layers.map(({ digest }) => [stripAlgorithm(digest), blobPath(layout.folder, { digest })] as const),
    ),
  )

/** The layers that the archive must hold: on a classic store not those that the engine has, unless told so. */
const layersToLoad = (images: readonly ReleaseImage[], engine: Engine): ReadonlyMap<string, RequiredBlob> =>
  new Map(
    images.flatMap((image) =>
      image.layers
        .slice(countSharedLayers(image, engine))
        .map(({ digest, size }) => [digest, { hex: stripAlgorithm(digest), size }] as const),
    ),
  )

/** The registry that a containerd store's engine puts before names without one. */
const domainThere = async (lease: Lease, patience: Patience): Promise<string | undefined> => {
  const { out } = await ask(lease, "docker info --format 'lucid-index {{.IndexServerAddress}}'", patience)
  return parseDomain(/^lucid-index (\S+)/m.exec(out)?.[1] ?? '')
}

const TRIES = 4

/**
 * Loads the archive. `lost`: the connection broke and the engine has not all of it. An answer: what the engine said, which has
 * not all of it. A containerd store says yes to a layer that it could not unpack: only what it has afterwards counts.
 */
const load = async (
  lease: Lease,
  segments: readonly Segment[],
  images: readonly ReleaseImage[],
  { isLast, onNotice, pause }: Required<Patience> & { readonly isLast: boolean },
): Promise<'loaded' | 'lost' | ScriptResult> => {
  const isComplete = async () => (await missingStates(lease, images, { onNotice, pause })).length === 0
  let answer: ScriptResult
  try {
    answer = await lease.run(loadScript(segments), { input: loadInput(segments), timeoutMs: LONG_MS })
  } catch (error) {
    if (!(error instanceof ConnectionLost) || isLast) throw error
    // Whether the engine took it is not known: it is asked, and what it has not is loaded again.
    onNotice(`${error.message}: asking the engine whether it took the images`)
    await pause(waitAfter(0))
    return (await isComplete()) ? 'loaded' : 'lost'
  }
  return answer.code === 0 && (await isComplete()) ? 'loaded' : answer
}

const add = (a: SentBlobs, b: SentBlobs): SentBlobs => ({
  sent: a.sent + b.sent,
  bytes: a.bytes + b.bytes,
  cuts: a.cuts + b.cuts,
})

/**
 * Brings images onto a host without a registry: only layers that neither DIR/blobs nor, on a classic store, the engine
 * has go over the connection; the archive is put together there. Images that are there are left alone. Safe to be cut anywhere:
 * the next call goes on. Throws CliError (a full disk, an engine that refuses, a dist that is not the release), LeaseLost.
 */
export const sendImages = async (
  lease: Lease,
  images: readonly ReleaseImage[],
  { dist, onProgress = () => {}, onNotice = () => {}, pause = (ms) => sleep(ms) }: SendOptions,
): Promise<SentImages> => {
  const patience = { onNotice, pause }
  const missing = await missingStates(lease, images, patience)
  let done: SentBlobs = { sent: 0, bytes: 0, cuts: 0 }
  if (missing.length === 0) return { ...done, loaded: [] }
  noticeReplaced(missing, onNotice)
  const absent = missing.map(({ image }) => image)
  const sources = absent.map((image) => sourceOf(dist, image))
  const platform = onePlatform(sources)
  const paths = layerPaths(sources)
  let engine = readEngine(lease.shell.name, await ask(lease, askByService(absent), patience))
  const domain = engine.store === 'containerd' ? await domainThere(lease, patience) : undefined
  const what = `loading ${absent.length === 1 ? absent[0]?.service : `${absent.length} images`}`
  let answer: ScriptResult = { code: 0, out: '', err: '' }
  for (let tries = 1; tries <= TRIES; tries++) {
    const layers = layersToLoad(absent, engine)
    const sent = await sendBlobs(lease, [...layers.values()], {
      pathOf: (hex) => paths.get(hex) ?? '',
      onProgress: (bytes, total) => onProgress(bytes, total, 'sending layers'),
      ...patience,
    })
    done = add(done, sent)
    const total = [...layers.values()].reduce((sum, { size }) => sum + size, 0)
    onProgress(total, total, what)
    const segments = planSegments(sources, platform, {
      layers: new Set(layers.keys()),
      read: (path) => new Uint8Array(readFileSync(path)),
      domain,
    })
    const outcome = await load(lease, segments, absent, { ...patience, isLast: tries === TRIES })
    if (outcome === 'loaded') return { ...done, loaded: absent.map(({ name }) => name) }
    if (outcome === 'lost') continue
    answer = outcome
    if (isFull(answer)) break
    // An engine that cannot do without a layer after all, or a blob that went bad on the disk.
    const removed = await removeDamaged(lease, [...layers.values()], patience)
    if (removed === 0 && (engine.store === 'containerd' || engine.images.length === 0)) break
    engine = { ...engine, images: [] }
  }
  if (answer.code === 0) await requirePresent(lease, absent, patience)
  throw hostFault(lease.shell.name, 'docker load', answer, { dir: lease.dir })
}
