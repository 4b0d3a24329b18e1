import { excludedPackages, findExclusion } from '../layers/exclusions.ts'
import { parseRelations, type Relation, type Stanza } from './control.ts'
import { compareVersions, satisfies } from './debian-version.ts'
import type { Archive } from './lock.ts'

/** Chooses packages out of an archive's lists, as apt would for an empty machine without recommendations. Pure. */

export type Candidate = { readonly archive: Archive; readonly stanza: Stanza }

export type Index = {
  readonly newest: ReadonlyMap<string, Candidate>
  readonly providers: ReadonlyMap<string, readonly string[]>
}

/** Name to what it needs. */
export type Resolved = ReadonlyMap<string, { readonly candidate: Candidate; readonly depends: readonly string[] }>

export class UnresolvedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UnresolvedError'
  }
}

const versionOf = ({ stanza }: Candidate): string => stanza['Version'] ?? ''

/** Puts lists of several suites together; of one name the newest version stays. */
export const buildIndex = (candidates: readonly Candidate[]): Index => {
  const newest = new Map<string, Candidate>()
  for (const candidate of candidates) {
    const name = candidate.stanza['Package'] ?? ''
    const current = newest.get(name)
    if (current === undefined || compareVersions(versionOf(candidate), versionOf(current)) > 0)
      newest.set(name, candidate)
  }
  const providers = new Map<string, string[]>()
  for (const [name, { stanza }] of newest)
    for (const provided of parseRelations(stanza['Provides']).flat()) {
      const list = providers.get(provided.name) ?? []
      list.push(name)
      providers.set(provided.name, list)
    }
  for (const list of providers.values()) list.sort()
  return { newest, providers }
}

/** A real package that fills a relation: its own name first, then the first who provides it. */
const fill = ({ newest, providers }: Index, { name, operator, version }: Relation): string | undefined => {
  const own = newest.get(name)
  if (own !== undefined && satisfies(versionOf(own), operator, version)) return name
  if (operator !== '') return undefined
  return providers.get(name)?.[0]
}

/** Which package a list of alternatives means: one that is in already, else the first that can be had. */
const choose = (index: Index, alternatives: readonly Relation[], chosen: ReadonlySet<string>): string | undefined => {
  const names = alternatives.flatMap((relation) => fill(index, relation) ?? [])
  return names.find((name) => chosen.has(name)) ?? names[0]
}

/**
 * The roots and all that they need to run. What is left out of images is neither chosen nor followed; of the
 * packages of the base only a list of files is taken, so what these need is not followed. Throws
 * UnresolvedError for a name or a version that no suite has.
 */
export const resolve = (index: Index, roots: readonly string[], base: readonly string[]): Resolved => {
  const chosen = new Set<string>()
  const resolved = new Map<string, { candidate: Candidate; depends: readonly string[] }>()
  const visit = (name: string): void => {
    if (chosen.has(name)) return
    const candidate = index.newest.get(name)
    if (candidate === undefined) throw new UnresolvedError(`no suite has the package ${name}`)
    chosen.add(name)
    const { stanza } = candidate
    const relations = base.includes(name)
      ? []
      : [...parseRelations(stanza['Pre-Depends']), ...parseRelations(stanza['Depends'])]
    const depends = relations.flatMap((alternatives) => {
      // One that is left out fills the relation too: nothing that runs here needs it.
      if (alternatives.some((one) => findExclusion(one.name, excludedPackages) !== undefined)) return []
      const need = choose(index, alternatives, chosen)
      if (need === undefined)
        throw new UnresolvedError(
          `${name} needs ${alternatives.map((one) => one.name).join(' or ')}, which no suite has`,
        )
      return findExclusion(need, excludedPackages) === undefined ? [need] : []
    })
    resolved.set(name, { candidate, depends: [...new Set(depends)].sort() })
    for (const need of depends) visit(need)
  }
  for (const root of [...base, ...roots]) visit(root)
  return resolved
}
