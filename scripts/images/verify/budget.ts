/** The sizes of issue "build-distroless": decimal bytes as stored, that is after gzip. */
export const BUDGET = {
  /** All images of one platform, each blob once. */
  platform: 65e6,
  /** The layer of one service's own code. */
  app: 1e6,
} as const

/** Bytes for people, in the unit of the budget. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 1)} MB`

/** Bytes of blobs, each digest once. */
export const uniqueBytes = (blobs: readonly { readonly digest: string; readonly size: number }[]): number =>
  [...new Map(blobs.map(({ digest, size }) => [digest, size])).values()].reduce((sum, size) => sum + size, 0)
