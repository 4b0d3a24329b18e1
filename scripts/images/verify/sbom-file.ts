import { existsSync, readFileSync } from 'node:fs'
import { Type } from '@sinclair/typebox'
import { CliError } from '../../cli/fail.ts'
import { parseDocument } from '../format/oci.ts'
import { bareUrl } from './sbom.ts'
import type { SbomFacts } from './subject.ts'

const Component = Type.Object({
  purl: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
  licenses: Type.Optional(Type.Array(Type.Unknown())),
  evidence: Type.Optional(
    Type.Object({ occurrences: Type.Optional(Type.Array(Type.Object({ location: Type.String() }))) }),
  ),
})

const Sbom = Type.Object({
  bomFormat: Type.Literal('CycloneDX'),
  metadata: Type.Optional(Type.Object({ component: Type.Optional(Component) })),
  components: Type.Array(Component),
})

/** Reads an SBOM: its facts, a text that says why it cannot be read, or undefined when there is none. */
export const readSbom = (path: string): SbomFacts | string | undefined => {
  if (!existsSync(path)) return undefined
  try {
    const { metadata, components } = parseDocument(Sbom, readFileSync(path), path)
    const all = [...components, ...(metadata?.component === undefined ? [] : [metadata.component])]
    const named = all.flatMap((one) => (one.purl === undefined ? [] : [{ ...one, purl: one.purl }]))
    return {
      packages: new Map(
        named.map(({ purl, version = '', licenses = [] }) => [
          bareUrl(purl),
          { version, licensed: licenses.length > 0 },
        ]),
      ),
      owners: new Map(
        named.flatMap(({ purl, evidence }) =>
          (evidence?.occurrences ?? []).map(({ location }) => [location.replace(/^\//, ''), bareUrl(purl)] as const),
        ),
      ),
    }
  } catch (error) {
    return error instanceof CliError ? error.message : String(error)
  }
}
