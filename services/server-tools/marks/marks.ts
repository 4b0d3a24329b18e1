import { Value } from '@sinclair/typebox/value'
import { MARK_FILE, type MarkedVolume, type MarksReport, MarksSpec, VolumeMark } from '#common/host/volume-mark'
import type { MountedVolume } from './volume.ts'

/** Reads which volumes are meant. Throws when the document is something else. */
export const marksSpec = (text: string): MarksSpec => {
  const read: unknown = JSON.parse(text)
  if (!Value.Check(MarksSpec, read)) throw new Error('the document on standard input is no list of volumes')
  return read
}

const parseMark = (text: string): VolumeMark | 'unreadable' => {
  try {
    const read: unknown = JSON.parse(text)
    return Value.Check(VolumeMark, read) ? read : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

const readMark = ({ look }: MountedVolume): MarkedVolume['mark'] => {
  const found = look(MARK_FILE)
  if (found.kind === 'absent') return 'none'
  return found.kind === 'file' ? parseMark(found.text.reveal()) : 'unreadable'
}

/** Says of each volume whose it is and whether it is empty; with `change` marks it first, a new one to its user. */
export const marks = (
  { volumes, installation }: MarksSpec,
  { volumeOf, mode }: { readonly volumeOf: (name: string) => MountedVolume; readonly mode: 'look' | 'change' },
): MarksReport => ({
  ok: true,
  volumes: volumes.map(({ name, uid }) => {
    const volume = volumeOf(name)
    if (mode === 'change' && installation !== undefined) {
      const mark: VolumeMark = { v: 1, installation, volume: name }
      if (volume.entries().length === 0) volume.own(uid)
      volume.replace(MARK_FILE, `${JSON.stringify(mark)}\n`, { uid, mode: 0o444 })
    }
    return { name, mark: readMark(volume), entries: volume.entries().length }
  }),
})
