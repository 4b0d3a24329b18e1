/** A layer as it is stored and sent (`digest`, `size` of the compressed blob) and as engines know it (`diffId`). */
export type ReleaseLayer = { readonly digest: string; readonly size: number; readonly diffId: string }

/** An image of ours for one platform. Digests are `sha256:` and hex, sizes bytes. */
export type ReleaseImage = {
  readonly service: string
  readonly name: string
  readonly pull: string
  readonly digest: string
  readonly manifest: string
  readonly config: string
  readonly layers: readonly ReleaseLayer[]
}

/** A name that no two contents share, so that the images of two releases stand beside each other. */
export const contentName = (repository: string, service: string, digest: string): string =>
  `${repository}:${service}-${digest.replace('sha256:', '').slice(0, 12)}`
