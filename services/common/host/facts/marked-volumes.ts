import type { MarkedVolume, VolumeMark } from '../volume-mark.ts'
import { parseJson, readCount, readList, readObject, readText } from './values.ts'

/** Reads a mark as it was printed; nothing in it is believed but its shape. */
export const parseMark = (value: unknown): MarkedVolume['mark'] => {
  if (value === 'none') return value
  const { installation, volume } = readObject(value)
  const mark: VolumeMark = { v: 1, installation: readText(installation), volume: readText(volume) }
  return /^[0-9a-f-]{36}$/.test(mark.installation) && mark.volume !== '' ? mark : 'unreadable'
}

/** Reads what `server-tools marks --check` printed; undefined when that is nothing of its kind. */
export const parseMarkedVolumes = (lines: readonly string[]): readonly MarkedVolume[] | undefined => {
  const { volumes } = readObject(parseJson(lines.join('\n')))
  return Array.isArray(volumes)
    ? readList(volumes).map((one) => {
        const { name, mark, entries } = readObject(one)
        return { name: readText(name), mark: parseMark(mark), entries: readCount(entries) ?? 0 }
      })
    : undefined
}
