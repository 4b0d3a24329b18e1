import { CliError } from '../cli/fail.ts'
import { bytes } from '../cli/format.ts'
import type { Lease } from '../host/lease.ts'
import { line } from '../host/quote.ts'
import type { Release } from '../plan/release/release.ts'
import { missingImages } from './images/missing-images.ts'
import { sendImages } from './images/send-images.ts'
import { ensureNetworks } from './networks.ts'
import { hostSpec, prepareHost } from './prepare.ts'
import type { HostParts } from './shell-host.ts'

/** Where images come from: a registry, this machine's dist/images over the line, or nowhere (what the host holds). */
export type Supply =
  | { readonly kind: 'registry' }
  | { readonly kind: 'line'; readonly dist: string }
  | { readonly kind: 'none' }

/** Longest time of one pull, ms. */
const PULL_MS = 3_600_000

/** Images of somebody else's: those that are there are left alone. */
const bringStock = async (lease: Lease, { stock }: Release, supply: Supply): Promise<void> => {
  for (const name of new Set(stock.map((one) => one.name))) {
    const there = await lease.shell.run(
      `${line('docker', 'image', 'inspect', '--format', '{{.Id}}', name)} >/dev/null`,
    )
    if (there.code === 0) continue
    const pulled =
      supply.kind === 'registry'
        ? await lease.run(line('docker', 'pull', '--quiet', name), { timeoutMs: PULL_MS })
        : undefined
    if (pulled?.code === 0) continue
    throw new CliError(
      `${lease.shell.name} has no image ${name}${pulled === undefined ? '' : ' and cannot pull it'}: docker save ${name} | ssh ${lease.shell.name} docker load, or name one that is there as LUCID_MONGO_IMAGE in env/.env.core`,
      { details: pulled?.err.trim().split('\n').slice(-3) ?? [] },
    )
  }
}

const TOOL = 'server-tools'

/** The other rooms' part of a run. */
export const hostParts = (lease: Lease, supply: Supply): HostParts => ({
  bringImages: async (release, show) => {
    const missing = await missingImages(lease, release.images)
    if (missing.length > 0 && supply.kind === 'none')
      throw new CliError(
        `${lease.shell.name} no longer has the images of ${release.id} (${missing.map(({ service }) => service).join(', ')}): bun run deploy:pi brings them`,
      )
    if (missing.length > 0 && supply.kind === 'line')
      await sendImages(lease, missing, {
        dist: supply.dist,
        onProgress: (sent, total, what) => show.progress(`${what}: ${bytes(sent)} of ${bytes(total)}`),
        onNotice: show.note,
      })
    await bringStock(lease, release, supply)
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
  pruneImages: async () => {},
  snapshot: async () => {
    throw new CliError('no snapshot')
  },
  restore: async () => {
    throw new CliError('no restore')
  },
})
