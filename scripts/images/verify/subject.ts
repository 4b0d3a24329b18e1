import type { ImageConfig } from '../read/model.ts'
import type { Fact } from './facts.ts'
import type { Root } from './root.ts'
import type { SbomFacts } from './sbom.ts'

/** A layer as it was read. `faults` say what its bytes are not. */
export type Layer = {
  readonly digest: string
  readonly mediaType: string
  /** Bytes as stored and shipped. */
  readonly size: number
  /** Digest of the unpacked archive; undefined when it could not be unpacked. */
  readonly diffId: string | undefined
  readonly facts: readonly Fact[]
  readonly faults: readonly string[]
}

/** One image of one platform, as the rules see it. */
export type Subject = {
  readonly service: string
  /** `linux/amd64`. */
  readonly platform: string
  readonly config: ImageConfig
  readonly layers: readonly Layer[]
  readonly root: Root
  /** Undefined when there is none; a text says why it cannot be read. */
  readonly sbom: SbomFacts | string | undefined
  /** npm packages that the service's code imports, with what those import. */
  readonly imported: readonly string[]
  /** True for a service with a port: it has a health check. */
  readonly listens: boolean
}
