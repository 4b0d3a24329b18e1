import { expect, test } from 'bun:test'
import { provenance } from './provenance.ts'
import { cycloneDx, purl } from './sbom.ts'

const deb = {
  kind: 'deb',
  name: 'libssl3',
  version: '1:3.0.1-1+deb12u2',
  architecture: 'amd64',
  source: 'openssl',
  licences: ['Apache-2.0'],
  sha256: 'ab',
  files: ['usr/lib/libssl.so.3', 'usr/lib/libcrypto.so.3'],
} as const
const npm = {
  kind: 'npm',
  name: '@noble/hashes',
  version: '2.4.0',
  architecture: 'any',
  licences: ['(MIT OR Apache-2.0)'],
  files: [],
} as const
const bun = {
  kind: 'npm',
  name: '@oven/bun-linux-aarch64',
  version: '1.4.5',
  architecture: 'arm64',
  licences: ['MIT'],
  integrity: 'sha512-AAE=',
  files: ['usr/local/bin/bun'],
} as const

test('package URLs escape what they must', () => {
  expect(purl(deb)).toBe('pkg:deb/debian/libssl3@1%3A3.0.1-1%2Bdeb12u2?arch=amd64&distro=debian-12&upstream=openssl')
  expect(purl(npm)).toBe('pkg:npm/%40noble/hashes@2.4.0')
})

test('a bill of materials names each part once, sorted, with sums, licences and the files it brought', () => {
  const { components, dependencies, metadata } = cycloneDx({
    service: 'web',
    version: '0.1.0',
    platform: 'linux/arm64',
    parts: [npm, bun, deb, npm],
    program: ['app/main.js', 'app/bunfig.toml'],
    written: ['etc/passwd', 'bin'],
  })
  expect(components.slice(1)).toEqual([
    {
      type: 'library',
      'bom-ref': purl(deb),
      name: 'libssl3',
      version: '1:3.0.1-1+deb12u2',
      purl: purl(deb),
      licenses: [{ license: { name: 'Apache-2.0' } }],
      hashes: [{ alg: 'SHA-256', content: 'ab' }],
      properties: [{ name: 'debian:source', value: 'openssl' }],
      evidence: { occurrences: [{ location: '/usr/lib/libcrypto.so.3' }, { location: '/usr/lib/libssl.so.3' }] },
    },
    {
      type: 'file',
      'bom-ref': 'pkg:generic/lucid/image-files@0.1.0',
      name: 'image-files',
      version: '0.1.0',
      purl: 'pkg:generic/lucid/image-files@0.1.0',
      evidence: { occurrences: [{ location: '/bin' }, { location: '/etc/passwd' }] },
    },
    {
      type: 'application',
      'bom-ref': 'pkg:generic/lucid/web@0.1.0',
      name: 'web',
      version: '0.1.0',
      purl: 'pkg:generic/lucid/web@0.1.0',
      evidence: { occurrences: [{ location: '/app/bunfig.toml' }, { location: '/app/main.js' }] },
    },
    {
      type: 'library',
      'bom-ref': purl(npm),
      name: '@noble/hashes',
      version: '2.4.0',
      purl: purl(npm),
      licenses: [{ expression: 'MIT OR Apache-2.0' }],
    },
    {
      type: 'application',
      'bom-ref': purl(bun),
      name: '@oven/bun-linux-aarch64',
      version: '1.4.5',
      purl: purl(bun),
      licenses: [{ expression: 'MIT' }],
      hashes: [{ alg: 'SHA-512', content: '0001' }],
      evidence: { occurrences: [{ location: '/usr/local/bin/bun' }] },
    },
  ])
  expect(dependencies).toEqual([
    {
      ref: metadata.component['bom-ref'],
      dependsOn: [
        'os:debian-12',
        purl(deb),
        'pkg:generic/lucid/image-files@0.1.0',
        'pkg:generic/lucid/web@0.1.0',
        purl(npm),
        purl(bun),
      ],
    },
    { ref: 'pkg:generic/lucid/web@0.1.0', dependsOn: [purl(npm)] },
  ])
})

test('provenance says what went in and from which commit, and no time', () => {
  const origin = {
    service: 'web',
    digest: 'sha256:aa',
    revision: 'c0ffee',
    dirty: true,
    bun: '1.4.5',
    platforms: ['linux/amd64'],
    inputs: 'ff',
    locks: { 'bun.lock': 'bb' },
  }
  expect(provenance(origin)).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'web', digest: { sha256: 'aa' } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:lucid:build-distroless:v1',
        externalParameters: { service: 'web', platforms: ['linux/amd64'] },
        internalParameters: { bun: '1.4.5', inputs: 'ff', dirty: true },
        resolvedDependencies: [
          { uri: 'git:HEAD', digest: { gitCommit: 'c0ffee' } },
          { uri: 'file:bun.lock', digest: { sha256: 'bb' } },
        ],
      },
      runDetails: { builder: { id: 'urn:lucid:build-distroless' } },
    },
  })
})
