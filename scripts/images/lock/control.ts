/** Debian's control files (deb822(5)): stanzas of `Key: value` with folded lines. Pure. */

export type Stanza = Readonly<Record<string, string>>

/** One stanza; later lines of a folded value keep their newline. Keys are as written. */
export const parseStanza = (text: string): Stanza => {
  const fields: Record<string, string> = {}
  let key = ''
  for (const line of text.split('\n')) {
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (key !== '') fields[key] += `\n${line}`
      continue
    }
    const colon = line.indexOf(':')
    if (colon <= 0 || line.startsWith('#')) continue
    key = line.slice(0, colon)
    fields[key] = line.slice(colon + 1).trim()
  }
  return fields
}

/** All stanzas of a file. */
export const parseStanzas = (text: string): readonly Stanza[] =>
  text
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== '')
    .map(parseStanza)

/** One alternative of a dependency: a package, perhaps with a bound on its version. */
export type Relation = { readonly name: string; readonly operator: string; readonly version: string }

const relation = (text: string): readonly Relation[] => {
  const [, name, operator = '', version = ''] =
    /^\s*([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^)\s]+)\s*\))?/.exec(text) ?? []
  return name === undefined ? [] : [{ name, operator, version }]
}

/** `Depends: a (>= 1), b | c` as a list of alternatives. */
export const parseRelations = (field: string | undefined): readonly (readonly Relation[])[] =>
  (field ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => part.split('|').flatMap(relation))
