import { readFileSync } from 'node:fs'
import { isAlive, signal } from '../../../platform/process.ts'

const childrenOf = (pid: number): readonly number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** A process and all that come from it, parents first. Linux only. Those of a process that is gone are none. */
export const treeOf = (pid: number): readonly number[] =>
  isAlive(pid) ? [pid, ...childrenOf(pid).flatMap(treeOf)] : []

/** Resolves when none of them runs; throws naming those that still do after `patienceMs`. */
export const allGone = async (pids: readonly number[], patienceMs = 10_000): Promise<void> => {
  for (let waited = 0; ; waited += 5) {
    const left = pids.filter(isAlive)
    if (left.length === 0) return
    if (waited >= patienceMs) throw new Error(`processes that do not end: ${left.join(', ')}`)
    await Bun.sleep(5)
  }
}

/** SIGKILL for all of them, then waits until they are gone. */
export const killAll = async (pids: readonly number[]): Promise<void> => {
  for (const pid of pids) signal(pid, 'SIGKILL')
  await allGone(pids)
}
