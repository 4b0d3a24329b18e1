import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../../cli/fail.ts'
import type { Lease } from '../../host/lease.ts'
import { ConnectionLost, type ScriptResult } from '../../host/shell.ts'
import { type Loadable, parseDomain } from '../../images/deliver/docker-archive.ts'
import { blobPath, openLayout } from '../../images/layout/layout.ts'
import type { ReleaseImage } from '../content/image.ts'
import { ask, type ImagesProgress, LONG_MS, type Patience, waitAfter } from './ask.ts'
import { loadInput, loadScript, planSegments } from './assembly.ts'
import { hexOf } from './blobs.ts'
import { removeDamaged } from './damaged-blobs.ts'
import { askByService, type Engine, layersThere, readEngine } from './engine.ts'
import { hostFault, isFull } from './faults.ts'
import { missingStates, noticeReplaced, requirePresent } from './missing-images.ts'
import { type RequiredBlob, type SentBlobs, sendBlobs } from './send-blobs.ts'

export type SendOptions = ImagesProgress & {
  /** Folder of image layouts by service, dist/images. */
  readonly dist: string
}

/** Images that were loaded, and what went over the line for them. */
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
  if (more.length > 0)
    throw new CliError(`one host cannot have images of ${[platform, ...more].join(' and ')}`)
  return platform
}

/** The layers that the archive must hold: on a classic store not those that the engine has, unless told so. */
const layersToLoad = (images: readonly ReleaseImage[], engine: Engine): ReadonlyMap<string, RequiredBlob> =>
  new Map(
    images.flatMap((image) =>
      image.layers
        .slice(layersThere(image, engine))
        .map(({ digest, size }) => [digest, { hex: hexOf(digest), size }] as const),
    ),
  )

/** The registry that a containerd store's engine puts before names without one. */
const domainThere = async (lease: Lease, patience: Patience): Promise<string | undefined> => {
  const { out } = await ask(lease, "docker info --format 'lucid-index {{.IndexServerAddress}}'", patience)
  return parseDomain(/^lucid-index (\S+)/m.exec(out)?.[1] ?? '')
}

const TRIES = 4

/**
 * Brings images onto a host without a registry: only layers that neither DIR/blobs nor, on a classic store, the engine
 * has go over the line; the archive is put together there. Images that are there are left alone. Safe to be cut anywhere:
 * the next call goes on. Throws CliError (a full disk, an engine that refuses, a dist that is not the release), LeaseLost.
 */
export const sendImages = async (
  lease: Lease,
  images: readonly ReleaseImage[],
  { dist, onProgress = () => {}, onNotice = () => {}, pause = (ms) => sleep(ms) }: SendOptions,
): Promise<SentImages> => {
  const patience = { onNotice, pause }
  const missing = await missingStates(lease, images, patience)
  if (missing.length === 0) return { sent: 0, bytes: 0, cuts: 0, loaded: [] }
  noticeReplaced(missing, onNotice)
  const wanted = missing.map(({ image }) => image)
  const sources = wanted.map((image) => sourceOf(dist, image))
  const platform = onePlatform(sources)
  const paths = new Map(
    sources.flatMap(({ layout, image }) =>
      image.layers.map(({ digest }) => [hexOf(digest), blobPath(layout.folder, { digest })] as const),
    ),
  )
  let engine = readEngine(lease.shell.name, await ask(lease, askByService(wanted), patience))
  const domain = engine.store === 'containerd' ? await domainThere(lease, patience) : undefined
  let done: SentBlobs = { sent: 0, bytes: 0, cuts: 0 }
  let answer: ScriptResult = { code: 0, out: '', err: '' }
  for (let tries = 1; tries <= TRIES; tries++) {
    const layers = layersToLoad(wanted, engine)
    const sent = await sendBlobs(lease, [...layers.values()], {
      pathOf: (hex) => paths.get(hex) ?? '',
      onProgress: (bytes, total) => onProgress(bytes, total, 'sending layers'),
      ...patience,
    })
    done = { sent: done.sent + sent.sent, bytes: done.bytes + sent.bytes, cuts: done.cuts + sent.cuts }
    const total = [...layers.values()].reduce((sum, { size }) => sum + size, 0)
    onProgress(
      total,
      total,
      `loading ${wanted.length === 1 ? wanted[0]?.service : `${wanted.length} images`}`,
    )
    const segments = planSegments(sources, platform, {
      layers: new Set(layers.keys()),
      read: (path) => new Uint8Array(readFileSync(path)),
      domain,
    })
    try {
      answer = await lease.run(loadScript(segments), { input: loadInput(segments), timeoutMs: LONG_MS })
    } catch (error) {
      if (!(error instanceof ConnectionLost) || tries === TRIES) throw error
      // Whether the engine took it is not known: it is asked, and what it has not is loaded again.
      onNotice(`${error.message}: asking the engine whether it took the images`)
      await pause(waitAfter(0))
      if ((await missingStates(lease, wanted, patience)).length > 0) continue
      return { ...done, loaded: wanted.map(({ name }) => name) }
    }
    // A containerd store says yes to a layer that it could not unpack: only what it has afterwards counts.
    if (answer.code === 0 && (await missingStates(lease, wanted, patience)).length === 0)
      return { ...done, loaded: wanted.map(({ name }) => name) }
    if (isFull(answer)) break
    // An engine that cannot do without a layer after all, or a blob that went bad on the disk.
    const gone = await removeDamaged(lease, [...layers.values()], patience)
    if (gone === 0 && engine.store === 'containerd') break
    if (gone === 0 && engine.images.length === 0) break
    engine = { ...engine, images: [] }
  }
  if (answer.code === 0) await requirePresent(lease, wanted, patience)
  throw hostFault(lease.shell.name, 'docker load', answer, { dir: lease.dir })
}
