import type { Home } from './home.ts'
import { hasArgument, isAlive, processesWith, signal, waitForEnd } from './process.ts'
import { readRecord } from './record.ts'

/** The word on the command line of every service process that says whose it is. */
export const homeMark = (home: Home): string => `--lucid-home=${home.root}`

/** Processes of this state folder that outlived their supervisor: those of its record; on Linux all with the mark. */
export const findLeftovers = (home: Home): readonly number[] => {
  const recorded = Object.values(readRecord(home)?.services ?? {}).map(({ pid }) => pid)
  const ours = recorded.filter((pid) => isAlive(pid) && hasArgument(pid, homeMark(home)))
  return [...new Set([...ours, ...processesWith(homeMark(home))])]
}

/** Ends processes: SIGTERM, and SIGKILL for those that are left after the deadline. Returns how many there were. */
export const endAll = async (pids: readonly number[], deadlineMs: number): Promise<number> => {
  for (const pid of pids) signal(pid, 'SIGTERM')
  const stubborn = await waitForEnd(pids, deadlineMs)
  for (const pid of stubborn) signal(pid, 'SIGKILL')
  await waitForEnd(stubborn, 5_000)
  return pids.length
}
