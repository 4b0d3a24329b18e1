import type { ImageConfig } from '../format/oci.ts'
import type { Fact } from './facts.ts'
import type { Root } from './root.ts'

/** A layer as it was read. `faults` say what its bytes are not. */
export type Layer = {
  readonly digest: string
  readonly mediaType: string
  readonly size: number
  /** Digest of the unpacked archive; undefined when it could not be unpacked. */
  readonly diffId: string | undefined
  readonly facts: readonly Fact[]
  readonly faults: readonly string[]
}

/** What an SBOM says, reduced to what is checked. */
export type SbomFacts = {
  /** By package URL without version and qualifiers: `pkg:deb/debian/libc6`, `pkg:npm/%40noble/hashes`. */
  readonly packages: ReadonlyMap<string, { readonly version: string; readonly licensed: boolean }>
  /** Path without a leading `/` to the package (as above) that it belongs to. */
  readonly owners: ReadonlyMap<string, string>
}

/** One image of one platform, as the rules see it. */
export type Subject = {
  readonly service: string
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
