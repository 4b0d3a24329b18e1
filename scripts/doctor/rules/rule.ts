import { type Container, isWell } from '../container.ts'
import type { Facts } from '../facts.ts'
import { type Finding, here, type Mend, onHost, recover } from '../finding.ts'
import type { WantedService } from '../wanted.ts'

/** What a rule says of one subject. */
export type Found = Omit<Finding, 'family' | 'kind'>

/** One form of a fault, looked for on its own. */
export type Rule = { readonly kind: string; readonly find: (facts: Facts) => readonly Found[] }

export type Pair = { readonly want: WantedService; readonly container: Container | undefined }

/** The wanted services, each with its container. One behind a profile is wanted where it was once started. */
export const pairs = (facts: Facts): readonly Pair[] =>
  Object.values(facts.wanted?.services ?? {}).flatMap((want) => {
    const container = facts.containers.find(({ name }) => name === want.container)
    return container === undefined && want.profiles.length > 0 ? [] : [{ want, container }]
  })

export type Held = { readonly want: WantedService; readonly container: Container }

/** Those whose container is there. */
export const held = (facts: Facts): readonly Held[] =>
  pairs(facts).flatMap(({ want, container }) => (container === undefined ? [] : [{ want, container }]))

/** Those that run. */
export const running = (facts: Facts): readonly Held[] =>
  held(facts).filter(({ container }) => container.status === 'running')

/** Whether there is nothing to say about a container's state. */
export const isFine = ({ want, container }: Pair): boolean =>
  container !== undefined &&
  (isWell(container) || (want.once && container.status === 'exited' && container.exitCode === 0))

/** The last line that a container said; its stack traces are in the lines before. */
export const lastWords = (facts: Facts, container: Container): string =>
  facts.logs[container.name]?.findLast((said) => said.trim() !== '')?.slice(0, 300) ?? ''

/** True when it is not what the release says it should be: somebody made or changed it by hand. */
export const isAltered = ({ want, container }: Held): boolean =>
  want.hash !== undefined && container.hash !== '' && want.hash !== container.hash

/** A lost file of the host, out of the newest backup: all of it is laid beside what is there, and the one file taken. */
export const fromBackup = ({ dir }: Facts, path: string): readonly Mend[] => [
  here(`bun run restore --identity "$LUCID_BACKUP_IDENTITY" --into ${dir}/restored`),
  onHost(
    `sudo cp -p ${dir}/restored/host/${path.slice(dir.length + 1)} ${path}; sudo rm -rf ${dir}/restored`,
  ),
  recover('secrets'),
]

/** The services that something is said of, by name: `a, b and 3 more`. */
export const named = (facts: Facts, which: (want: WantedService) => boolean): string => {
  const names = pairs(facts).flatMap(({ want }) => (which(want) ? [want.name] : []))
  return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
}

export const isSecret = (facts: Facts, path: string): boolean =>
  pairs(facts).some(({ want }) => want.files.some((one) => one.path === path && one.secret))
