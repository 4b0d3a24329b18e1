import { type Static, Type } from '@sinclair/typebox'

/** Volumes as they are mounted below /volumes, each with the user and group that everything in it belongs to. */
export const OwnersSpec = Type.Object(
  {
    volumes: Type.Array(
      Type.Object(
        {
          name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' }),
          uid: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
export type OwnersSpec = Static<typeof OwnersSpec>

export type VolumeReport = {
  readonly name: string
  readonly uid: number
  /** How many files and folders belong to somebody else, the volume's own folder included. */
  readonly wrong: number
  /** The first of them, as a path in the volume. */
  readonly example?: string
}

export type OwnersReport = { readonly ok: boolean; readonly done: boolean; readonly volumes: readonly VolumeReport[] }
