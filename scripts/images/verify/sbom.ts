import type { Root } from './root.ts'
import type { SbomFacts, Subject } from './subject.ts'

const npmUrl = (name: string): string => `pkg:npm/${name.replace('@', '%40')}`
const debUrl = (name: string): string => `pkg:deb/debian/${encodeURIComponent(name)}`

/** A package URL without its version, qualifiers and subpath (ECMA-427). */
export const bareUrl = (purl: string): string => {
  const path = purl.split(/[?#]/)[0] ?? ''
  const at = path.lastIndexOf('@')
  return at > path.lastIndexOf('/') ? path.slice(0, at) : path
}

/** Names of which so many are said; the rest is counted. */
const SHOWN = 8

const listed = (sentence: string, names: readonly string[]): readonly string[] =>
  names.length === 0
    ? []
    : [
        `${sentence}: ${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''}`,
      ]

/** Debian packages that the image itself says it holds: name to version. */
const recorded = (root: Root): ReadonlyMap<string, string> =>
  new Map(
    [...root.values()]
      .filter(({ path, text }) => /^var\/lib\/dpkg\/status(?:$|\.d\/[^/]+$)/.test(path) && text !== undefined)
      .flatMap(({ text = '' }) => text.split(/\n\s*\n/))
      .flatMap((stanza) => {
        const name = /^Package: *(\S+)/m.exec(stanza)?.[1]
        return name === undefined ? [] : [[name, /^Version: *(\S+)/m.exec(stanza)?.[1] ?? ''] as const]
      }),
  )

/** Whether an npm package for one platform is listed whose name begins like the file of an addon. */
const addonListed = (path: string, packages: SbomFacts['packages']): boolean => {
  const name = path.slice(path.lastIndexOf('/') + 1, -'.node'.length)
  return [...packages.keys()].some((url) =>
    url.replace('pkg:npm/%40', '').replaceAll('/', '-').startsWith(`${name}-linux-`),
  )
}

/** What an SBOM leaves out or says wrongly, as sentences. Pure. */
export const sbomGaps = ({ sbom, root, imported }: Subject): readonly string[] => {
  if (sbom === undefined) return ['there is no SBOM']
  if (typeof sbom === 'string') return [sbom]
  const { packages } = sbom
  const records = recorded(root)
  const bun = root.has('usr/local/bin/bun') && ![...packages.keys()].some((url) => /\/bun(?:-|$)/.test(url))
  return [
    ...listed(
      'Debian packages that it does not list in their version',
      [...records].filter(([name, version]) => packages.get(debUrl(name))?.version !== version).map(([name]) => name),
    ),
    ...listed(
      'Debian packages that it lists and the image does not record',
      [...packages.keys()].filter(
        (url) => url.startsWith('pkg:deb/') && ![...records.keys()].some((name) => debUrl(name) === url),
      ),
    ),
    ...listed(
      'npm packages that the code imports and it does not list',
      imported.filter((name) => !packages.has(npmUrl(name))),
    ),
    ...listed(
      'native addons of no listed package',
      [...root.keys()]
        .filter((path) => path.endsWith('.node') && !addonListed(path, packages))
        .map((path) => `/${path}`),
    ),
    ...(bun ? ['it does not list Bun'] : []),
    ...listed(
      'npm packages without a licence',
      [...packages].filter(([url, { licensed }]) => !licensed && url.startsWith('pkg:npm/')).map(([url]) => url),
    ),
  ]
}

/** Files that belong to no listed package, and listed ones that are not there; undefined when the SBOM names no files at all. */
export const ownerGaps = ({ sbom, root }: Subject): readonly string[] | undefined => {
  if (sbom === undefined || typeof sbom === 'string' || sbom.owners.size === 0) return undefined
  const { owners, packages } = sbom
  const files = [...root.values()].filter(({ type }) => type !== 'folder').map(({ path }) => path)
  return [
    ...listed(
      'files that belong to no listed package',
      files.filter((path) => !packages.has(owners.get(path) ?? '')).map((path) => `/${path}`),
    ),
    ...listed(
      'files that it lists and the image does not hold',
      [...owners.keys()].filter((path) => !root.has(path)).map((path) => `/${path}`),
    ),
  ]
}
