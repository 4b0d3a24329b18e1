import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../../cli/fail.ts'
import type { Lease } from '../../host/lease.ts'
import type { Shell } from '../../host/shell.ts'
import type { Member } from '../../release/content/release.ts'
import type { ExpectedService } from '../../release/expected/service.ts'
import { askLogs, askProbes, askStates } from '../../release/host/observe.ts'
import { openWatch } from '../../release/run/gate.ts'
import type { Step } from './plan.ts'

const LIMIT_MS = 60_000
/** Longest time of a step, ms: a volume with very many files takes its time. */
const STEP_MS = 600_000

type Say = (text: string) => void

const makeMember = ({ name, container, image, probed, once, memory, check }: ExpectedService): Member => ({
  service: name,
  container,
  image,
  proof: probed ? { kind: 'healthy', command: check } : { kind: once ? 'ends' : 'runs' },
  memory,
  ports: [],
  volumes: [],
})

/** Waits until these are well. Throws Unhealthy, with the last lines of the one that is not. */
const waitUntilWell = async (shell: Shell, services: readonly ExpectedService[]): Promise<void> => {
  const watch = openWatch(
    {
      states: (members) => askStates(shell, members),
      probe: (members) => askProbes(shell, members),
      logs: (container) => askLogs(shell, container),
    },
    { now: () => performance.now(), pause: (ms) => sleep(ms), limitMs: LIMIT_MS, settleMs: 0 },
    () => {},
  )
  await watch.until(services.map(makeMember))
}

/** Does the steps of a plan under a lease. Throws CliError with what the host said when one fails; a plan may be done again. */
export const perform = async (lease: Lease, steps: readonly Step[], say: Say): Promise<void> => {
  for (const { say: what, script, until } of steps) {
    say(`${what}\n`)
    const { code, out, err } = await lease.run(script, { timeoutMs: STEP_MS })
    const said = `${err}\n${out}`.split('\n').filter((one) => one.trim() !== '')
    if (code !== 0) throw new CliError(`${what}: ${said.at(-1) ?? `exit code ${code}`}`, { details: said.slice(-5) })
    if (until.length === 0) continue
    await waitUntilWell(lease.shell, until)
    say(`  well: ${until.map(({ name }) => name).join(', ')}\n`)
  }
}

/** A plan as lines: what would be done, with the lines for the host. */
export const formatPlan = (steps: readonly Step[]): readonly string[] =>
  steps.flatMap(({ say, script, until }) => [
    say,
    ...script.split('\n').map((one) => `    ${one}`),
    ...(until.length === 0 ? [] : [`    wait until ${until.map(({ name }) => name).join(', ')} are well`]),
  ])
