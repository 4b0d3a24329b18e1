import type { Sections } from './sections.ts'
import { readText } from './values.ts'

/** What lies on a host of one release, and when what containers mount was last changed: read at the level `release` and above. */
export type Deployed = {
  /** Id of the release that was asked for; empty where none was and none is committed. */
  readonly release: string
  /** Path under DIR to the sha256 of what lies there: Compose files of the release, and all files that containers may mount. */
  readonly sums: Readonly<Record<string, string>>
  /** Stack to service to Compose's own hash of all that the file on the host says about it. */
  readonly hashes: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Path under DIR to when the text of what containers mount was changed or replaced, epoch ms; of secrets those that were asked for. */
  readonly fileTimes: Readonly<Record<string, number>>
}

/** Compose's `config --hash '*'`: a service and its hash a line. */
export const parseHashes = (lines: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, hash] = /^(\S+) ([0-9a-f]{64})$/.exec(line.trim()) ?? []
      return name === undefined || hash === undefined ? [] : [[name, hash] as const]
    }),
  )

/** Reads the sections of release.sh; undefined when they are not there, or not to their end. */
export const parseDeployed = (sections: Sections): Deployed | undefined => {
  if (!sections.has('end-release')) return undefined
  const rows = (name: string, pattern: RegExp) =>
    (sections.get(name) ?? []).flatMap((line) => {
      const [, value = '', key] = pattern.exec(line.trim()) ?? []
      return key === undefined ? [] : [[key, value] as const]
    })
  const times = rows('file-times', /^(\d+(?:\.\d+)? \d+(?:\.\d+)?) (\S+)$/)
  return {
    release: readText(sections.get('deployed')?.[0]),
    sums: Object.fromEntries(rows('file-sums', /^([0-9a-f]{64}) [ *](\S+)$/)),
    hashes: Object.fromEntries(
      [...sections].flatMap(([key, lines]) =>
        key.startsWith('hashes ') ? [[key.slice('hashes '.length), parseHashes(lines)] as const] : [],
      ),
    ),
    fileTimes: Object.fromEntries(times.map(([name, both]) => [name, Math.max(...both.split(' ').map(Number)) * 1000])),
  }
}
