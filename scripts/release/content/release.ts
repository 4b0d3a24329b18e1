import { type Static, Type } from '@sinclair/typebox'
import { type Stack, stacks } from '#catalog'

/** A release as it stands on a host. What is read from there ends up in scripts for its shell, so it is checked to the letter. */

type DeepReadonly<T> = T extends readonly (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

const Name = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' })
const Path = Type.String({ pattern: '^(?!.*\\.\\.)[A-Za-z0-9._/-]{1,256}$' })
const Digest = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' })
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Reference = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}$' })
const Count = Type.Integer({ minimum: 0 })
const closed = { additionalProperties: false }

/** How a container shows that it is well: its health check says so, or it has ended with 0 (what is run once). */
const Proof = Type.Union([
  Type.Object({ kind: Type.Literal('healthy'), command: Type.Array(Type.String()) }, closed),
  Type.Object({ kind: Type.Literal('ends') }, closed),
  Type.Object({ kind: Type.Literal('runs') }, closed),
])
export type Proof = DeepReadonly<Static<typeof Proof>>

/** One container of a release. `image`: its name on the host; `memory`: bytes; `ports`: TCP ports of the host that it takes. */
const Member = Type.Object(
  {
    service: Name,
    container: Name,
    image: Reference,
    proof: Proof,
    memory: Count,
    ports: Type.Array(Type.Integer({ minimum: 1, maximum: 65_535 })),
    volumes: Type.Array(Name),
  },
  closed,
)
export type Member = DeepReadonly<Static<typeof Member>>

/** `env`: of each service, key to a short digest of the value, so that a change shows and the value does not. */
const ReleaseStack = Type.Object(
  {
    stack: Type.Union(stacks.map((name) => Type.Literal(name))),
    members: Type.Array(Member),
    env: Type.Record(Name, Type.Record(Type.String(), Type.String())),
  },
  closed,
)
export type ReleaseStack = DeepReadonly<Static<typeof ReleaseStack>>

/** A layer as it is stored and sent (`digest`, `size` of the compressed blob) and as engines know it (`diffId`). */
const ReleaseLayer = Type.Object({ digest: Digest, size: Count, diffId: Digest }, closed)
export type ReleaseLayer = DeepReadonly<Static<typeof ReleaseLayer>>

/** An image of ours for one platform. `name`: see contentName; `pull`: where a registry has it, with the index's digest. */
const ReleaseImage = Type.Object(
  {
    service: Name,
    name: Reference,
    pull: Reference,
    digest: Digest,
    manifest: Digest,
    config: Digest,
    layers: Type.Array(ReleaseLayer),
  },
  closed,
)
export type ReleaseImage = DeepReadonly<Static<typeof ReleaseImage>>

/** What a service keeps: its schema's version, and the versions that cannot be undone. */
const SchemaVersion = Type.Object({ version: Count, irreversible: Type.Array(Count) }, closed)
export type SchemaVersion = DeepReadonly<Static<typeof SchemaVersion>>

export const Release = Type.Object(
  {
    format: Type.Literal('lucid/release/v1'),
    /** `r-` and twelve hex digits of the sha256 of the canonical content. */
    id: Type.String({ pattern: '^r-[0-9a-f]{12}$' }),
    version: Type.String(),
    /** Commit of the checkout it was made from, `+` when that had changes. */
    revision: Type.String(),
    madeBy: Type.String(),
    madeAt: Count,
    /** Public key that signed the images. */
    signer: Hash,
    platform: Type.String({ pattern: '^linux/[a-z0-9]+$' }),
    images: Type.Array(ReleaseImage),
    /** Images of somebody else's, which are pulled or are on the host already. */
    stock: Type.Array(Type.Object({ service: Name, name: Reference }, closed)),
    /** In the order they are started. */
    stacks: Type.Array(ReleaseStack),
    /** Files in the folder of the release: name to sha256. */
    files: Type.Record(Name, Hash),
    /** Files that containers mount: path under DIR to sha256. */
    support: Type.Record(Path, Hash),
    /** `owner/KEY` of every secret file that is mounted. */
    secrets: Type.Array(Path),
    networks: Type.Array(Name),
    volumes: Type.Array(Name),
    migrations: Type.Record(Name, SchemaVersion),
  },
  closed,
)
export type Release = DeepReadonly<Static<typeof Release>>

/** Who made a release, when, from what. Not part of its id. */
export type Origin = Pick<Release, 'version' | 'revision' | 'madeBy' | 'madeAt' | 'signer'>

/** Everything that makes a host what it is, without a secret. Equal content has an equal id. */
export type ReleaseContent = Omit<Release, 'id' | keyof Origin>

/** A release with the texts of its files. */
export type Bundle = {
  readonly release: Release
  readonly files: Readonly<Record<string, string>>
  readonly support: Readonly<Record<string, string>>
}

/** Name of a stack's Compose file in the folder of a release. */
export const composeFile = (stack: Stack): string => `compose.${stack}.yaml`

/** All containers of a release, in the order of its stacks. */
export const listMembers = (release: Pick<Release, 'stacks'>): readonly Member[] =>
  release.stacks.flatMap(({ members }) => members)

/** Names of a release: each once, in order, so that equal content has equal bytes. */
export const sortUnique = (names: readonly string[]): readonly string[] => [...new Set(names)].sort()

/** A name that no two contents share, so that the images of two releases stand beside each other. */
export const contentName = (repository: string, service: string, digest: string): string =>
  `${repository}:${service}-${digest.replace('sha256:', '').slice(0, 12)}`
