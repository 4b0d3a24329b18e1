import { bytes } from '#common/cli/format'
import { CliError } from '../../cli/fail.ts'
import type { Lease } from '../../host/lease.ts'
import { documentVolumes, type ReleasePair } from '../content/migrations.ts'
import type { Release } from '../content/release.ts'
import { ensureNetworks } from '../host/networks.ts'
import { adoptVolumes, secureVolumes } from '../host/volume-marks.ts'
import { missingImages } from '../images/missing-images.ts'
import { pruneImages } from '../images/prune-images.ts'
import { pullImages } from '../images/pull-images.ts'
import { sendImages } from '../images/send-images.ts'
import { stockImages } from '../images/stock-images.ts'
import { dropSnapshots, restoreSnapshot, takeSnapshot } from '../snapshot/snapshot.ts'
import { makeHostSpec, prepareHost } from './prepare.ts'
import type { ReleaseHost, StepReporter } from './release-host.ts'

/** Where images come from: a registry, this machine's dist/images over the connection, or nowhere (what the host holds). */
export type Supply =
  | { readonly kind: 'registry' }
  | { readonly kind: 'ssh'; readonly dist: string }
  | { readonly kind: 'none' }

const TOOL = 'server-tools'

/** Name of the image of server-tools in a release. */
export const findTool = ({ images }: Release): string | undefined =>
  images.find(({ service }) => service === TOOL)?.name

const requireTool = (release: Release): string => {
  const image = findTool(release)
  if (image === undefined)
    throw new CliError(`${release.id} has no image of ${TOOL}: bun run deploy:pi brings a whole release`)
  return image
}

const bringImages = async (
  lease: Lease,
  supply: Supply,
  { images, stock, id }: Release,
  { note, progress }: StepReporter,
): Promise<void> => {
  const options = {
    onProgress: (there: number, total: number, what: string) => progress(`${what}: ${bytes(there)} of ${bytes(total)}`),
    onNotice: note,
  }
  if (supply.kind === 'ssh') await sendImages(lease, images, { dist: supply.dist, ...options })
  if (supply.kind === 'registry') await pullImages(lease, images, options)
  if (supply.kind === 'none') {
    const missing = await missingImages(lease, images, options)
    if (missing.length > 0)
      throw new CliError(
        `${lease.shell.name} no longer has the images of ${id} (${missing.map(({ service }) => service).join(', ')}): bun run deploy:pi brings them`,
      )
  }
  await stockImages(lease, stock, { from: supply.kind === 'registry' ? 'registry' : 'host', onNotice: note })
}

/** Secrets before volumes: once there is a volume, a secret that is not there counts as lost, and none is made anew. */
const prepare = async (lease: Lease, release: Release): Promise<readonly string[]> => {
  const done: string[] = []
  if (release.secrets.length > 0) {
    const report = await prepareHost(lease, {
      image: requireTool(release),
      spec: await makeHostSpec(lease.shell, lease.dir),
    })
    if (!report.ok)
      throw new CliError(`${lease.shell.name}: its secrets are not in order`, {
        details: report.faults.map(({ name, what }) => `${name}: ${what}`),
      })
    done.push(...report.mended.map(({ name, what }) => `${name} ${what}`))
  }
  if (release.volumes.length > 0)
    done.push(...(await secureVolumes(lease, { wanted: release.volumes, images: [findTool(release)] })))
  if (release.networks.length > 0) done.push(...(await ensureNetworks(lease)))
  return done
}

/** The tool of the release that runs is on the host for certain; the volumes are those of both. */
const snapshotOptions = (between: ReleasePair, id: string) => ({
  image: findTool(between.from) ?? requireTool(between.to),
  id,
  volumes: documentVolumes(between),
})

type Supplies = Pick<ReleaseHost, 'bringImages' | 'prepare' | 'snapshot' | 'restore' | 'prune'>

/** What a release needs of a host beside its own files: images, secrets, networks, copies of documents. */
export const openSupplies = (lease: Lease, supply: Supply): Supplies => ({
  bringImages: (release, reporter) => bringImages(lease, supply, release, reporter),
  prepare: (release) => prepare(lease, release),
  snapshot: async (pair, name) => {
    await takeSnapshot(lease, snapshotOptions(pair, name))
  },
  restore: async (pair, name) => {
    await restoreSnapshot(lease, snapshotOptions(pair, name))
    // A copy from before the host had marks has none.
    const images = [findTool(pair.from), findTool(pair.to)]
    await adoptVolumes(lease, { images, volumes: documentVolumes(pair) })
  },
  prune: async ({ releases, snapshots }) => {
    const image = releases.map(findTool).find((one) => one !== undefined)
    if (image !== undefined) await dropSnapshots(lease, { image, keep: snapshots })
    await pruneImages(
      lease,
      releases.flatMap(({ images }) => images),
    )
  },
})
