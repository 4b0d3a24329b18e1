import { type Static, Type } from '@sinclair/typebox'

/** The file at the top of a volume that says whose it is. No dot before its name: who empties a volume takes it away, too. */
export const MARK_FILE = 'lucid-volume.json'

const Name = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' })
/** A UUID, drawn when a host was deployed to first. */
const Installation = Type.String({ pattern: '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$' })
const closed = { additionalProperties: false }

/** What a mark says: the volume of this name, of this installation. */
export const VolumeMark = Type.Object({ v: Type.Literal(1), installation: Installation, volume: Name }, closed)
export type VolumeMark = Static<typeof VolumeMark>

/** Volumes as they are mounted below /volumes, with the user of each; and whose they are from now on, when they are to be marked. */
export const MarksSpec = Type.Object(
  {
    volumes: Type.Array(Type.Object({ name: Name, uid: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 }) }, closed)),
    installation: Type.Optional(Installation),
  },
  closed,
)
export type MarksSpec = Static<typeof MarksSpec>

/** What lies in a volume. */
export type MarkedVolume = {
  readonly name: string
  /** `none`: there is no mark. `unreadable`: what is there is none. */
  readonly mark: VolumeMark | 'none' | 'unreadable'
  /** How many files and folders are at its top, beside the mark. */
  readonly entries: number
}

export type MarksReport = { readonly ok: boolean; readonly volumes: readonly MarkedVolume[] }
