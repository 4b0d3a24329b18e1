import { CliError } from '../cli/fail.ts'
import { bytes } from '../cli/format.ts'
import type { Lease } from '../host/lease.ts'
import { missingImages } from './images/missing-images.ts'
import { pruneImages } from './images/prune-images.ts'
import { pullImages } from './images/pull-images.ts'
import { sendImages } from './images/send-images.ts'
import { stockImages } from './images/stock-images.ts'
import { ensureNetworks } from './networks.ts'
import { hostSpec, prepareHost } from './prepare.ts'
import type { HostParts } from './shell-host.ts'

/** Where images come from: a registry, this machine's dist/images over the line, or nowhere (what the host holds). */
export type Supply =
  | { readonly kind: 'registry' }
  | { readonly kind: 'line'; readonly dist: string }
  | { readonly kind: 'none' }

const TOOL = 'server-tools'

/** The other rooms' part of a run. */
export const hostParts = (lease: Lease, supply: Supply): HostParts => ({
  bringImages: async (release, show) => {
    const missing = await missingImages(lease, release.images)
    if (missing.length > 0 && supply.kind === 'none')
      throw new CliError(
        `${lease.shell.name} no longer has the images of ${release.id} (${missing.map(({ service }) => service).join(', ')}): bun run deploy:pi brings them`,
      )
    const told = {
      onProgress: (done: number, total: number, what: string) =>
        show.progress(`${what}: ${bytes(done)} of ${bytes(total)}`),
      onNotice: show.note,
    }
    if (supply.kind === 'line') await sendImages(lease, missing, { dist: supply.dist, ...told })
    if (supply.kind === 'registry') await pullImages(lease, missing, told)
    await stockImages(lease, release.stock, {
      from: supply.kind === 'registry' ? 'registry' : 'host',
      onNotice: show.note,
    })
  },
  prepare: async (release) => {
    const image = release.images.find(({ service }) => service === TOOL)?.name
    if (image === undefined && release.secrets.length > 0)
      throw new CliError(`${release.id} has no image of ${TOOL}, which makes the secrets`)
    if (image !== undefined) {
      const report = await prepareHost(lease, { image, spec: await hostSpec(lease.shell, lease.dir) })
      if (!report.ok)
        throw new CliError(`${lease.shell.name}: its secrets are not in order`, {
          details: report.faults.map(({ name, what }) => `${name}: ${what}`),
        })
    }
    if (release.networks.length > 0) await ensureNetworks(lease)
  },
  pruneImages: async (keep) => {
    await pruneImages(
      lease,
      keep.flatMap(({ images }) => images),
    )
  },
  snapshot: async () => {
    throw new CliError('no snapshot')
  },
  restore: async () => {
    throw new CliError('no restore')
  },
})
