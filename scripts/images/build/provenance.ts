/** Where an image comes from: an in-toto statement with SLSA provenance v1. Pure; no time, no machine, no user. */

export type Origin = {
  readonly service: string
  readonly digest: string
  /** Commit of the work tree, and whether the tree differed from it. */
  readonly revision: string
  readonly dirty: boolean
  readonly bun: string
  readonly platforms: readonly string[]
  readonly inputs: string
  readonly locks: Readonly<Record<string, string>>
}

const bare = (digest: string): string => digest.replace(/^sha256:/, '')

export const provenance = ({ service, digest, revision, dirty, bun, platforms, inputs, locks }: Origin) => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: service, digest: { sha256: bare(digest) } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {
    buildDefinition: {
      buildType: 'urn:lucid:build-distroless:v1',
      externalParameters: { service, platforms },
      internalParameters: { bun, inputs, dirty },
      resolvedDependencies: [
        { uri: 'git:HEAD', digest: { gitCommit: revision } },
        ...Object.entries(locks).map(([path, sha256]) => ({ uri: `file:${path}`, digest: { sha256 } })),
      ],
    },
    runDetails: { builder: { id: 'urn:lucid:build-distroless' } },
  },
})
