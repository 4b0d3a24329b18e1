/** Where this machine gets its Debian packages from, read from apt's own configuration. Pure. */

type Stanza = Readonly<Record<string, string>>

const stanzasOf = (text: string): readonly Stanza[] =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/)
    .map((block) =>
      Object.fromEntries(
        block
          .replaceAll(/\n[ \t]+/g, ' ')
          .split('\n')
          .flatMap((line) => {
            const [, key, value] = /^([A-Za-z-]+):\s*(.*)$/.exec(line) ?? []
            return key === undefined || value === undefined ? [] : [[key.toLowerCase(), value.trim()] as const]
          }),
      ),
    )

const mirrorsOfSources = (text: string): readonly string[] =>
  stanzasOf(text)
    .filter(
      (stanza) => stanza['types']?.split(/\s+/).includes('deb') === true && stanza['enabled']?.toLowerCase() !== 'no',
    )
    .flatMap((stanza) => stanza['uris']?.split(/\s+/) ?? [])

const mirrorsOfList = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+\S+/.exec(line)?.[1] ?? [])

/** A file of apt's sources. Files of any other ending are none. */
export type SourcesFile = { readonly name: string; readonly text: string }

const mirrorsOf = (files: readonly SourcesFile[]): readonly string[] =>
  files.flatMap(({ name, text }) => {
    if (name.endsWith('.sources')) return mirrorsOfSources(text)
    return name.endsWith('.list') ? mirrorsOfList(text) : []
  })

/** The mirror of the main archive: the first whose path ends in `debian`; undefined when apt knows none. */
export const debianMirror = (files: readonly SourcesFile[]): string | undefined =>
  mirrorsOf(files).find((mirror) => /^(?:https?|mirror\+\S+|tor\+\S+|file|copy):.*\/debian\/?$/.test(mirror))

/** The mirror of Debian's security updates: its path ends in `debian-security`. Undefined when apt knows none. */
export const securityMirror = (files: readonly SourcesFile[]): string | undefined =>
  mirrorsOf(files).find((mirror) => /^(?:https?|file):.*\/debian-security\/?$/.test(mirror))

/** Settings of apt that decide how an archive is reached and believed; the rest is the machine's own business. */
const carried = /^Acquire::(?:https?::|Retries|ForceIPv[46]|Check-(?:Valid-Until|Date))/

/** The proxies, certificates and retries of `apt-config dump`, each ready to be an `--aptopt`. */
export const archiveSettings = (dump: string): readonly string[] =>
  dump
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => carried.test(line) && !/\s"";$/.test(line))
