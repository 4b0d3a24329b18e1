import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Task } from './deployer.ts'

/** A deployer in a process of its own, as a test sees it. */
export type Deployer = {
  readonly pid: number
  /** Resolves when it waits at its line of the journal, or with its exit code when it ended before. */
  readonly held: Promise<'held' | number>
  readonly go: () => void
  readonly kill: (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => void
  /** Its exit code; 137 when it was killed. */
  readonly ended: Promise<number>
  /** All lines that it has printed so far. */
  readonly lines: () => readonly string[]
  /** Resolves when it prints a line that begins so; rejects when it ends without. */
  readonly says: (start: string) => Promise<string>
}

const started = { count: 0 }

/** Starts one; `folder` is for its task. */
export const startDeployer = (folder: string, task: Task): Deployer => {
  started.count += 1
  const file = join(folder, `task-${started.count}.json`)
  writeFileSync(file, JSON.stringify(task))
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'deployer.ts'), file], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  let over = false
  const reading = (async () => {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const piece of child.stdout) {
      const parts = `${rest}${decoder.decode(piece, { stream: true })}`.split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
      for (const look of waiting) look()
    }
    over = true
    for (const look of waiting) look()
  })()
  const says = (start: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const line = lines.find((one) => one.startsWith(start))
        if (line === undefined && !over) return
        waiting.delete(look)
        if (line === undefined) reject(new Error(`the deployer never said '${start}': ${lines.at(-1) ?? ''}`))
        else resolve(line)
      }
      waiting.add(look)
      look()
    })
  const ended = (async () => {
    await reading
    await child.exited
    return child.exitCode ?? 137
  })()
  return {
    pid: child.pid,
    held:
      task.holdAt === undefined
        ? ended
        : Promise.race([
            says(`point ${task.holdAt}`).then(
              () => 'held' as const,
              () => ended,
            ),
            ended,
          ]),
    go: () => {
      child.stdin.write('go\n')
      void child.stdin.flush()
    },
    kill: (signal) => child.kill(signal),
    ended,
    lines: () => lines,
    says,
  }
}
