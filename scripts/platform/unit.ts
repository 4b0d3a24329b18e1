import { closeSync, fstatSync } from 'node:fs'
import type { Subprocess } from 'bun'
import { openLog } from './log-file.ts'

/** All that is needed to start one service as a process. */
export type Unit = {
  readonly name: string
  readonly stack: string
  readonly port: number
  readonly url: string
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly log: string
}

/** A started process; `logStart` is where its part of the log begins. */
export type Started = {
  readonly process: Subprocess
  readonly pid: number
  readonly startedAt: number
  /** For how long it has run, ms, whoever set the clock. */
  readonly lived: () => number
  readonly logStart: number
}

/** Starts a unit: output to its log file, which outlives us, and a session of its own, which Ctrl-C does not reach. */
export const startProcess = (unit: Unit, now: () => number): Started => {
  const log = openLog(unit.log)
  try {
    const logStart = fstatSync(log).size
    const child = Bun.spawn([...unit.argv], {
      cwd: unit.cwd,
      env: { ...unit.env },
      stdin: 'ignore',
      stdout: log,
      stderr: log,
      detached: process.platform !== 'win32',
      windowsHide: true,
    })
    const began = performance.now()
    return {
      process: child,
      pid: child.pid,
      startedAt: now(),
      lived: () => Math.round(performance.now() - began),
      logStart,
    }
  } finally {
    closeSync(log)
  }
}

/** How a process ended, in words: `exit code 1`, `signal SIGKILL`. */
export const describeEnd = ({ exitCode, signalCode }: Pick<Subprocess, 'exitCode' | 'signalCode'>): string =>
  signalCode ? `signal ${signalCode}` : `exit code ${exitCode ?? 'unknown'}`

/** SIGTERM, and SIGKILL when it has not ended after `deadlineMs`. Resolves when the process is gone. */
export const stopProcess = async ({ process: child }: Started, deadlineMs: number): Promise<'ended' | 'killed'> => {
  if (child.exitCode !== null || child.signalCode !== null) return 'ended'
  child.kill('SIGTERM')
  const deadline = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => deadline.resolve('late'), deadlineMs)
  const outcome = await Promise.race([child.exited, deadline.promise])
  clearTimeout(timer)
  if (outcome !== 'late') return 'ended'
  child.kill('SIGKILL')
  await child.exited
  return 'killed'
}
