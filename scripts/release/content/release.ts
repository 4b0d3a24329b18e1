import type { Stack } from '#catalog'
import type { ReleaseImage } from './image.ts'

/** How a container shows that it is well: its health check says so, or it has ended with 0 (what is run once). */
export type Proof =
  | { readonly kind: 'healthy'; readonly command: readonly string[] }
  | { readonly kind: 'ends' }
  | { readonly kind: 'runs' }

/** One container of a release. */
export type Member = {
  readonly service: string
  readonly container: string
  readonly image: string
  readonly proof: Proof
  readonly memory: number
  readonly ports: readonly number[]
  readonly volumes: readonly string[]
}

export type ReleaseStack = {
  readonly stack: Stack
  readonly members: readonly Member[]
  /** Environment of each service: key to a short digest of the value, so that a change shows and the value does not. */
  readonly env: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** What a service keeps: its schema's version, and the versions that cannot be undone. */
export type SchemaVersion = { readonly version: number; readonly irreversible: readonly number[] }

/** An image of somebody else's, which is pulled or is on the host already. */
export type StockImage = { readonly service: string; readonly name: string }

/** Everything that makes a host what it is, without a secret. Equal content has an equal id. */
export type ReleaseContent = {
  readonly format: 'lucid/release/v1'
  readonly platform: string
  readonly images: readonly ReleaseImage[]
  readonly stock: readonly StockImage[]
  readonly stacks: readonly ReleaseStack[]
  readonly files: Readonly<Record<string, string>>
  readonly support: Readonly<Record<string, string>>
  /** `owner/KEY` of every secret file that is mounted. */
  readonly secrets: readonly string[]
  readonly networks: readonly string[]
  readonly volumes: readonly string[]
  readonly migrations: Readonly<Record<string, SchemaVersion>>
}

/** A release as it stands on a host. */
export type Release = ReleaseContent & {
  /** `r-` and twelve hex digits of the sha256 of the canonical content. */
  readonly id: string
  readonly version: string
  /** Commit of the checkout it was made from, `+` when that had changes. */
  readonly revision: string
  readonly madeBy: string
  readonly madeAt: number
  /** Public key that signed the images, hex. */
  readonly signer: string
}

/** Who made a release, when, from what. Not part of its id. */
export type Origin = Pick<Release, 'version' | 'revision' | 'madeBy' | 'madeAt' | 'signer'>

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
