import { type Check, listFaults } from './check.ts'
import type { Gap, Manifest } from './manifest.ts'
import { formatTime, gapFaults, lateFaults, timeFaults } from './times.ts'
import { line } from './verify-documents.ts'

/** The lines on start and end. `blockTime` (epoch ms) bounds them where a block proves the session. */
export const checkTimes = (manifest: Manifest, blockTime: number | undefined): readonly Check[] => {
  const { started_at, ended_at } = manifest
  const faults = [...timeFaults(manifest), ...(blockTime === undefined ? [] : lateFaults(manifest, blockTime))]
  if (faults.length > 0) return listFaults('times', faults)
  const bound = blockTime === undefined ? 'no block bounds them' : 'as their block allows'
  return [line('times', true, `${formatTime(started_at)} to ${formatTime(ended_at)}, ${bound}`)]
}

/** A gap as a sentence; its reason is the recorder's own text, so it stands as a JSON string. */
const describeGap = ({ at, from, to, reason }: Gap, { chunk_count }: Manifest): string => {
  const where = at === chunk_count ? 'no end: missing behind the last chunk' : `missing before chunk ${at}`
  return `${where}: ${to - from} ms, ${formatTime(from)} to ${formatTime(to)}, ${JSON.stringify(reason)}`
}

/** The lines on recorded time that is missing: every gap, or what is wrong with them. */
export const checkGaps = (manifest: Manifest): readonly Check[] => {
  const faults = gapFaults(manifest)
  if (faults.length > 0) return listFaults('gaps', faults)
  const { gaps } = manifest
  if (gaps.length === 0) return [line('gaps', true, 'none, and the recording has its end')]
  return gaps.map((gap) => line('gaps', 'incomplete', describeGap(gap, manifest)))
}
