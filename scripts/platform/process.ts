import { readdirSync, readFileSync } from 'node:fs'
import { errorCode } from '#common/process/error'

/** What the operating system says about other processes. Where it says nothing the answer is undefined. */

const procText = (pid: number, file: string): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}

/** The state letter in /proc/PID/stat: it follows the program's name, which may hold any character but is in brackets. */
const isZombie = (stat: string): boolean => /^\) [ZX]/.test(stat.slice(stat.lastIndexOf(')')))

/** True while a process of that id runs (ours or not). One that ended and waits to be collected does not. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
  const stat = process.platform === 'linux' ? procText(pid, 'stat') : undefined
  return stat === undefined || !isZombie(stat)
}

/** Sends a signal; a process that is gone already is no error. */
export const signal = (pid: number, name: 'SIGTERM' | 'SIGKILL'): void => {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}

/** argv of the programs that ask the system for a command line where there is no /proc. */
export const commandLineQuery = (pid: number, platform: NodeJS.Platform): readonly string[] =>
  platform === 'win32'
    ? ['powershell', '-NoProfile', '-Command', `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").CommandLine`]
    : ['ps', '-ww', '-o', 'command=', '-p', String(pid)]

const readArguments = (pid: number): readonly string[] => procText(pid, 'cmdline')?.split('\0') ?? []

/** True when the last word of a command line, as `commandLineQuery` gives it, is that word, quoted or not. */
export const endsWithWord = (line: string, word: string): boolean =>
  [` ${word}`, ` "${word}"`].some((end) => line.trim().endsWith(end))

/** True when the process was started with that word as its last argument. */
export const hasArgument = (pid: number, word: string): boolean => {
  const { platform } = process
  if (platform === 'linux') return readArguments(pid).includes(word)
  const answer = Bun.spawnSync([...commandLineQuery(pid, platform)], { stderr: 'ignore' })
  return endsWithWord(answer.stdout.toString(), word)
}

/** Ids of the processes whose command line holds the word. Linux only; elsewhere the list is empty. */
export const processesWith = (word: string): readonly number[] => {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readArguments(pid).includes(word))
}

const kib = (text: string | undefined, field: string): number | undefined => {
  const figure = text?.match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'))?.[1]
  return figure === undefined ? undefined : Number(figure) * 1024
}

/** Bytes of memory, shared pages by their share (Linux, smaps_rollup); undefined where the system does not say. */
export const proportionalMemory = (pid: number): number | undefined => kib(procText(pid, 'smaps_rollup'), 'Pss')

/** Waits until every process is gone; those that are left after `deadlineMs` are returned. */
export const waitForEnd = async (pids: readonly number[], deadlineMs: number): Promise<readonly number[]> => {
  const until = performance.now() + deadlineMs
  let left = pids.filter(isAlive)
  while (left.length > 0 && performance.now() < until) {
    await Bun.sleep(20)
    left = left.filter(isAlive)
  }
  return left
}
