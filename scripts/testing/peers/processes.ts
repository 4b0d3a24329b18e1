import { existsSync, readFileSync } from 'node:fs'
import type { Ran } from '../../cli/run.ts'
import { isAlive, signal, waitForEnd } from '../../platform/process.ts'

/** What the test dependencies share about processes: which are missing, when they answer, how they end. */

/** Why this machine cannot have a test dependency, in one line: the report says NOT RUN and that. */
export type Absent = { readonly absent: string }

/** The last line of a program's output: mostly the one that says what was wrong. */
export const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

/** The last line of a log, empty when there is none. */
export const lastLineOf = (path: string): string => (existsSync(path) ? lastLine(readFileSync(path, 'utf8')) : '')

/** What a command printed, trimmed. Throws Error with the end of what it said when it failed. */
export const requireSuccess = async (what: string, running: Ran | Promise<Ran>): Promise<string> => {
  const { code, out, err } = await running
  if (code !== 0) throw new Error(`${what}: ${(err || out).trim().slice(-500)}`)
  return out.trim()
}

/** Resolves true as soon as `isReady`, and false when the process ended or the time is over before that. */
export const becomesReady = async (
  child: Pick<Bun.Subprocess, 'exitCode' | 'signalCode'>,
  isReady: () => boolean | Promise<boolean>,
  { deadlineMs, everyMs }: { readonly deadlineMs: number; readonly everyMs: number },
): Promise<boolean> => {
  const until = performance.now() + deadlineMs
  while (!(await isReady())) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > until) return false
    await Bun.sleep(everyMs)
  }
  return true
}

/** The host's ids of a process's children. Linux only; a process that is gone has none. */
export const childrenOf = (pid: number): readonly number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** A process and all that come from it, parents first. A process that is gone has none. */
export const treeOf = (pid: number): readonly number[] =>
  isAlive(pid) ? [pid, ...childrenOf(pid).flatMap(treeOf)] : []

/** True while a process computes, waits for a processor or for a disk: its state in /proc/PID/stat is R or D. */
const isAtWork = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return /^\) [RD]/.test(stat.slice(stat.lastIndexOf(')')))
  } catch {
    return false // it has ended
  }
}

/** Resolves when a process and all that come from it wait for something else for a while, or after `deadlineMs`. */
export const awaitCalm = async (
  pid: number,
  { calmMs, deadlineMs }: { readonly calmMs: number; readonly deadlineMs: number },
): Promise<void> => {
  const until = performance.now() + deadlineMs
  for (let since = performance.now(); performance.now() - since < calmMs && performance.now() < until; ) {
    await Bun.sleep(10)
    if (treeOf(pid).some(isAtWork)) since = performance.now()
  }
}

/** Resolves when none of them runs; throws naming those that still do after `patienceMs`. */
export const allGone = async (pids: readonly number[], patienceMs = 10_000): Promise<void> => {
  const left = await waitForEnd(pids, patienceMs)
  if (left.length > 0) throw new Error(`processes that do not end: ${left.join(', ')}`)
}

/** SIGKILL for all of them, then waits until they are gone. */
export const killAll = async (pids: readonly number[]): Promise<void> => {
  for (const pid of pids) signal(pid, 'SIGKILL')
  await allGone(pids)
}
