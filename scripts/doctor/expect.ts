import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog, type Stack, stacks } from '#catalog'
import { networks } from '../derive/network.ts'
import { interpolated } from '../release/content/interpolate.ts'
import { at, fields, parsed } from './read.ts'
import { type Composed, hashesOf, type Wanted, wantedOf } from './wanted.ts'

/** What should be on a host, and where that was read. */
export type Expected = {
  readonly files: readonly Composed[]
  readonly wanted: Wanted | undefined
  readonly gaps: readonly string[]
}

type Sections = ReadonlyMap<string, string>

const COMPOSE = join(import.meta.dir, '..', '..', 'compose')

/** The committed Compose file of a stack, with the host's folder in it. */
const committed = (stack: Stack, dir: string): Composed => {
  const text = readFileSync(join(COMPOSE, `docker-compose.${stack}.yaml`), 'utf8')
  return { stack, file: interpolated(Bun.YAML.parse(text), { LUCID_MOUNT_PATH: dir }), hashes: {} }
}

const isStack = (name: string): name is Stack => (stacks as readonly string[]).includes(name) // widened for the comparison

/**
 * Expectations from a first look: the release that the host has, through its own Compose; where that cannot be read, the
 * checkout's files for the stacks that have containers there. Nothing at all where nothing is deployed.
 */
export const expectedOf = (
  first: Sections,
  { dir, projects }: { readonly dir: string; readonly projects: readonly string[] },
): Expected => {
  const release = (first.get('current') ?? '').trim()
  const read = stacks.map((stack) => ({ stack, said: first.get(`compose ${stack}`) }))
  const files = read.flatMap(({ stack, said }): readonly Composed[] => {
    const file = parsed(said ?? '')
    return at(file, 'services') === undefined
      ? []
      : [{ stack, file, hashes: hashesOf(first.get(`hashes ${stack}`) ?? '') }]
  })
  const gaps = read.flatMap(({ stack, said }) =>
    said === undefined || files.some((one) => one.stack === stack)
      ? []
      : [`the release’s file of stack ${stack}: ${said.split('\n').at(-1) ?? 'empty'}`],
  )
  if (files.length > 0)
    return { files, gaps, wanted: wantedOf(files, { needs: catalog, planned: networks, release }) }
  const present = stacks.filter((stack) => projects.includes(`lucid-${stack}`))
  if (present.length === 0)
    return {
      files: [],
      wanted: undefined,
      gaps: release === '' ? gaps : [...gaps, `release ${release}: its files are not on the host`],
    }
  const fallback = present.map((stack) => committed(stack, dir))
  return {
    files: fallback,
    gaps: [...gaps, 'a release: the host has none, so this checkout’s own files say what should be there'],
    wanted: wantedOf(fallback, { needs: catalog, planned: networks }),
  }
}

/** Names of stacks whose containers a host has. */
export const projectsOf = (containers: readonly { readonly project: string }[]): readonly string[] => [
  ...new Set(
    containers.map(({ project }) => project).filter((project) => isStack(project.replace(/^lucid-/, ''))),
  ),
]

/** The holder of the lease, where somebody is at work on the host. */
export const atWork = (first: Sections): string | undefined => {
  const [, expiry = '0', ...words] = (first.get('lease') ?? '').split(' ')
  if (Number(expiry) <= Number(first.get('date') ?? 0)) return undefined
  const holder = fields(parsed(words.join(' ')))
  return `${String(holder['by'] ?? 'somebody')} (${String(holder['what'] ?? 'unknown command')})`
}
