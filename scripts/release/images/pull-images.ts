import type { Lease } from '../../host/lease.ts'
import { commandLine } from '../../host/quote.ts'
import type { ReleaseImage } from '../content/release.ts'
import { ask, type ImagesProgress } from './ask.ts'
import { missingStates, noticeReplaced, requirePresent } from './missing-images.ts'
import { pullFault } from './pull-faults.ts'
import { pullMeter } from './pull-progress.ts'

/** What was pulled. */
export type PulledImages = { readonly pulled: readonly string[] }

/** Pulls images by digest and names them; a pull that was cut is asked for again. Throws CliError, LeaseLost. */
export const pullImages = async (
  lease: Lease,
  images: readonly ReleaseImage[],
  { onProgress = () => {}, onNotice = () => {}, ...patience }: ImagesProgress = {},
): Promise<PulledImages> => {
  const bearing = { onNotice, ...patience }
  const missing = await missingStates(lease, images, bearing)
  noticeReplaced(missing, onNotice)
  const absent = missing.map(({ image }) => image)
  const layers = [...new Map(absent.flatMap((image) => image.layers.map((one) => [one.digest, one] as const))).values()]
  const total = layers.reduce((sum, { size }) => sum + size, 0)
  const meter = pullMeter(layers)
  for (const [at, { service, pull, name }] of absent.entries()) {
    const what = `pulling ${service} (${at + 1} of ${absent.length})`
    onProgress(meter(''), total, what)
    const answer = await ask(
      lease,
      `${commandLine('docker', 'pull', pull)} && ${commandLine('docker', 'tag', pull, name)}`,
      { ...bearing, onOut: (text) => onProgress(meter(text), total, what) },
    )
    if (answer.code !== 0) throw pullFault(lease.shell.name, pull, answer, { dir: lease.dir })
  }
  if (absent.length > 0) {
    onProgress(total, total, 'checking what came')
    await requirePresent(lease, absent, bearing)
  }
  return { pulled: absent.map(({ name }) => name) }
}
