import { type Static, Type } from '@sinclair/typebox'

/** Names become paths, so they are letters, digits, dashes and underscores. */
const Name = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' })
const Ref = Type.Object({ owner: Name, key: Name }, { additionalProperties: false })
const Uid = Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 })

const Wanted = {
  owner: Name,
  key: Name,
  /** User and group that the file belongs to. */
  uid: Uid,
  /** Permission bits, 0o400 or 0o600. */
  mode: Type.Union([Type.Literal(0o400), Type.Literal(0o600)]),
}

/** A file under secrets/: drawn at random, or following from one that was. */
const Wish = Type.Union([
  Type.Object({ ...Wanted, kind: Type.Literal('random') }, { additionalProperties: false }),
  Type.Object({ ...Wanted, kind: Type.Literal('evm-address'), of: Ref }, { additionalProperties: false }),
])
export type Wish = Static<typeof Wish>

/** What a host must have before anything of Lucid starts on it. */
export const HostSpec = Type.Object(
  {
    secrets: Type.Array(Wish),
    /** Owners whose IDENTITY_KEY has its public half in identities.json. */
    identities: Type.Array(Name),
    /** Owner of identities.json. */
    uid: Uid,
    /** True when the host already keeps data: then a secret that is gone may not be made anew. */
    hasData: Type.Boolean(),
  },
  { additionalProperties: false },
)
export type HostSpec = Static<typeof HostSpec>

/** A file, `owner/KEY` or a path below the folder of Lucid, and what is said of it. Never its content. */
export type Remark = { readonly name: string; readonly what: string }

/** What a host has and lacks; names only. */
export type Report = {
  /** No fault: the host is prepared, or can be. */
  readonly ok: boolean
  /** False when nothing was changed: asked to look only, or there is a fault. */
  readonly done: boolean
  readonly made: readonly string[]
  readonly mended: readonly Remark[]
  readonly kept: readonly string[]
  readonly faults: readonly Remark[]
}
