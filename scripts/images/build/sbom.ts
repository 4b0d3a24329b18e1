import { type Platform, platforms } from '../format/platform.ts'
import type { Component } from '../layers/layer.ts'

/** The bill of materials of an image: CycloneDX 1.6 (ECMA-424). Pure; it names no time and no machine. */

/** `lucid` is what we wrote ourselves. */
type Part = Omit<Component, 'kind'> & { readonly kind: Component['kind'] | 'lucid' }

/** What every image holds that is of no package: accounts, links, mount points, joined authorities. */
const WRITTEN = 'image-files'

/** Package URL (ECMA-427). */
export const purl = ({ kind, name, version, architecture, source }: Part): string => {
  const at = encodeURIComponent(version)
  if (kind === 'npm') return `pkg:npm/${name.startsWith('@') ? `%40${name.slice(1)}` : name}@${at}`
  if (kind === 'lucid') return `pkg:generic/lucid/${name}@${at}`
  const qualifiers = [
    `arch=${architecture}`,
    'distro=debian-12',
    ...(source && source !== name ? [`upstream=${source}`] : []),
  ]
  return `pkg:deb/debian/${encodeURIComponent(name)}@${at}?${qualifiers.join('&')}`
}

/** An SPDX expression where it is one, else the name as the package wrote it. */
const formatLicences = (names: readonly string[], kind: Part['kind']) => {
  const [only] = names
  if (kind === 'npm' && names.length === 1 && only !== undefined && /^[\w.+()\- ]+$/.test(only) && !/^SEE /i.test(only))
    return [{ expression: only.replace(/^\((.*)\)$/, '$1') }]
  return names.map((name) => ({ license: { name } }))
}

const hashes = ({ sha256, integrity }: Part) => [
  ...(sha256 === undefined ? [] : [{ alg: 'SHA-256', content: sha256 }]),
  ...(integrity === undefined
    ? []
    : [{ alg: 'SHA-512', content: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex') }]),
]

const typeOf = ({ kind, name }: Part): 'application' | 'file' | 'library' => {
  if (kind === 'lucid') return name === WRITTEN ? 'file' : 'application'
  return kind === 'npm' && name.startsWith('@oven/bun-') ? 'application' : 'library'
}

const evidence = ({ files }: Part) => ({
  occurrences: [...new Set(files)].sort().map((path) => ({ location: `/${path}` })),
})

const component = (part: Part) => ({
  type: typeOf(part),
  'bom-ref': purl(part),
  name: part.name,
  version: part.version,
  purl: purl(part),
  ...(part.licences.length > 0 && { licenses: formatLicences(part.licences, part.kind) }),
  ...(hashes(part).length > 0 && { hashes: hashes(part) }),
  ...(part.source !== undefined && { properties: [{ name: 'debian:source', value: part.source }] }),
  ...(part.files.length > 0 && { evidence: evidence(part) }),
})

export type BillOfMaterials = {
  readonly service: string
  readonly version: string
  readonly platform: Platform
  readonly parts: readonly Part[]
  /** Paths of the program itself, which has the npm packages without files of their own inside it. */
  readonly program: readonly string[]
  readonly written: readonly string[]
}

const own = (name: string, version: string, files: readonly string[]): Part => ({
  kind: 'lucid',
  name,
  version,
  architecture: 'any',
  licences: [],
  files,
})

const byPurl = (a: Part, b: Part): number => (purl(a) < purl(b) ? -1 : 1)

/** The document as an object; parts are sorted and each is named once. */
export const cycloneDx = ({ service, version, platform, parts, program, written }: BillOfMaterials) => {
  const { architecture } = platforms[platform]
  const ref = `pkg:oci/${service}?arch=${architecture}`
  const self = own(service, version, program)
  const all = [...parts, self, own(WRITTEN, version, written)]
  const once = [...new Map(all.toSorted(byPurl).map((part) => [purl(part), part])).values()]
  const bundled = once.filter(({ kind, files }) => kind === 'npm' && files.length === 0)
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: { type: 'container', 'bom-ref': ref, name: service, version, purl: ref },
      tools: { components: [{ type: 'application', name: 'lucid build-distroless', version }] },
    },
    components: [
      {
        type: 'operating-system',
        'bom-ref': 'os:debian-12',
        name: 'debian',
        version: '12',
        description: 'Debian GNU/Linux 12 (bookworm), of which only the listed packages are there',
      },
      ...once.map(component),
    ],
    dependencies: [
      { ref, dependsOn: ['os:debian-12', ...once.map(purl)] },
      { ref: purl(self), dependsOn: bundled.map(purl) },
    ],
  }
}
