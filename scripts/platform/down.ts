import type { Command } from '#common/cli/args'
import { plural } from '#common/cli/format'
import { removeRunFolder } from '#common/process/run-folder'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { type Home, homeFrom } from './home.ts'
import { endAll, findLeftovers } from './leftovers.ts'
import { isLocked } from './lock.ts'
import { signal } from './process.ts'
import { readRecord, removeRecord } from './record.ts'

export const command = {
  name: 'down',
  about: 'stops the platform of this state folder, and whatever a crash left of it',
  flags: { json: { type: 'boolean', about: 'print the outcome as one JSON object on stdout' } },
  examples: ['bun run down'],
} as const satisfies Command

const PATIENCE_MS = 60_000

const untilFree = async (home: Home, withinMs: number): Promise<boolean> => {
  const until = performance.now() + withinMs
  while (isLocked(home)) {
    if (performance.now() > until) return false
    await Bun.sleep(50)
  }
  return true
}

/** A supervisor records itself right after it took the folder; until then its number is not known. */
const supervisorOf = async (home: Home): Promise<number | undefined> => {
  const until = performance.now() + 2_000
  while (isLocked(home)) {
    const pid = readRecord(home)?.pid
    if (pid !== undefined) return pid
    if (performance.now() > until)
      throw new CliError(`a supervisor holds ${home.lock} and has recorded nothing: end that process, then try again`)
    await Bun.sleep(20)
  }
  return undefined
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const home = homeFrom(process.env)
  const names = Object.keys(readRecord(home)?.services ?? {})
  const services = names.length
  const pid = await supervisorOf(home)
  if (pid !== undefined) {
    signal(pid, 'SIGTERM')
    if (!(await untilFree(home, PATIENCE_MS))) {
      signal(pid, 'SIGKILL')
      await untilFree(home, 5_000)
    }
  }
  const left = await endAll(findLeftovers(home), 10_000)
  for (const name of names) removeRunFolder(home.data(name))
  removeRecord(home)
  const outcome = pid !== undefined ? 'stopped' : left > 0 ? 'cleaned' : 'nothing'
  if (flags.json) terminal.out(`${JSON.stringify({ outcome, services, left_behind: left })}\n`)
  else if (outcome === 'nothing') terminal.out(`nothing was running in ${home.root}\n`)
  else {
    const crashed = left > 0 ? `; ended ${plural(left, 'process').replace('processs', 'processes')} left behind` : ''
    terminal.out(
      `${outcome === 'stopped' ? `stopped ${plural(services, 'service')}` : 'cleaned up after a crash'}${crashed}\n`,
    )
  }
  return 0
})
