import { type Container, judgeContainer } from '#common/host/facts/container'
import type { ExpectedService } from '../../release/expected/service.ts'
import type { DiagnosedHost, Facts } from '../facts.ts'
import { type Fault, here, onHost, type RepairLine, recover } from '../finding.ts'

/** One form of a fault, looked for on its own. */
export type Rule = { readonly kind: string; readonly find: (facts: Facts) => readonly Fault[] }

export type Pair = { readonly expected: ExpectedService; readonly container: Container | undefined }

/** The expected services, each with its container. One behind a profile is expected where it was once started. */
export const matchContainers = (facts: Facts): readonly Pair[] =>
  Object.values(facts.expected?.services ?? {}).flatMap((expected) => {
    const container = facts.containers.find(({ name }) => name === expected.container)
    return container === undefined && expected.profiles.length > 0 ? [] : [{ expected, container }]
  })

export type PresentPair = { readonly expected: ExpectedService; readonly container: Container }

/** Those whose container is there. */
export const selectPresent = (facts: Facts): readonly PresentPair[] =>
  matchContainers(facts).flatMap(({ expected, container }) =>
    container === undefined ? [] : [{ expected, container }],
  )

/** Those that run. */
export const selectRunning = (facts: Facts): readonly PresentPair[] =>
  selectPresent(facts).filter(({ container }) => container.status === 'running')

/** What is said of a service, whose remedy is to make it anew unless another is given. */
export type Said = Omit<Fault, 'subject' | 'repair'> & Partial<Pick<Fault, 'repair'>>

export const aboutService = ({ expected: { name } }: PresentPair, said: Said): Fault => ({
  subject: name,
  repair: [recover('service', name)],
  ...said,
})

const ofEach =
  (select: (facts: Facts) => readonly PresentPair[]) =>
  (judge: (pair: PresentPair, facts: Facts) => Said | undefined): Rule['find'] =>
  (facts) =>
    select(facts).flatMap((pair) => {
      const said = judge(pair, facts)
      return said === undefined ? [] : aboutService(pair, said)
    })
/** Judges each service that has a container, or one that runs. */
export const ofPresent = ofEach(selectPresent)
export const ofRunning = ofEach(selectRunning)

/** Judges the host itself. */
export const ofHost =
  (judge: (facts: Facts) => Omit<Fault, 'subject'> | undefined): Rule['find'] =>
  (facts) => {
    const said = judge(facts)
    return said === undefined ? [] : [{ subject: 'host', ...said }]
  }

/** Whether there is nothing to say about a container's state. One that was just paused for a backup is not sick. */
export const isFine = ({ expected, container }: Pair): boolean =>
  container !== undefined &&
  ['healthy', 'resumed', 'done'].includes(judgeContainer(container, { runsOnce: expected.once }))

/** Whether the kernel limits the memory of containers. */
export const limitsMemory = ({ engine }: Pick<DiagnosedHost, 'engine'>): boolean =>
  engine.is === 'up' && engine.limitsMemory

export const percent = (share: number): string => `${Math.round(share * 100)} %`

/** The last line that a container said; its stack traces are in the lines before. */
export const lastWords = (facts: Facts, container: Container): string =>
  facts.logs[container.name]?.findLast((said) => said.trim() !== '')?.slice(0, 300) ?? ''

/** True when it is not what the release says it should be: somebody made or changed it by hand. */
export const isAltered = ({ expected, container }: PresentPair): boolean =>
  expected.hash !== undefined && container.configHash !== '' && expected.hash !== container.configHash

/** A lost file of the host, out of the newest backup: all of it is laid beside what is there, and the one file taken. */
export const fromBackup = ({ dir }: Facts, path: string): readonly RepairLine[] => [
  here(`bun run restore --identity "$LUCID_BACKUP_IDENTITY" --into ${dir}/restored`),
  onHost(`sudo cp -p ${dir}/restored/host/${path.slice(dir.length + 1)} ${path}; sudo rm -rf ${dir}/restored`),
  recover('secrets'),
]

/** The services that something is said of, by name: `a, b and 3 more`. */
export const nameServices = (facts: Facts, which: (expected: ExpectedService) => boolean): string => {
  const names = matchContainers(facts).flatMap(({ expected }) => (which(expected) ? [expected.name] : []))
  return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
}

export const isSecret = (facts: Facts, path: string): boolean =>
  matchContainers(facts).some(({ expected }) => expected.files.some((one) => one.path === path && one.secret))
