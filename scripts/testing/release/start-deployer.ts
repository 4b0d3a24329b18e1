import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Task } from './deployer.ts'

/** The lines of a stream as they come; `over` resolves at its end. */
const readLines = (stream: ReadableStream<Uint8Array>) => {
  const lines: string[] = []
  const listeners = new Set<() => void>()
  let isOver = false
  const notify = () => {
    for (const listener of listeners) listener()
  }
  const over = (async () => {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const piece of stream) {
      const parts = `${rest}${decoder.decode(piece, { stream: true })}`.split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
      notify()
    }
    isOver = true
    notify()
  })()
  const says = (start: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const check = () => {
        const line = lines.find((one) => one.startsWith(start))
        if (line === undefined && !isOver) return
        listeners.delete(check)
        if (line === undefined) reject(new Error(`the deployer never said '${start}': ${lines.at(-1) ?? ''}`))
        else resolve(line)
      }
      listeners.add(check)
      check()
    })
  return { lines, over, says }
}

let count = 0

/** A deployer in a process of its own, as a test sees it; `folder` is for its task. */
export const startDeployer = (folder: string, task: Task) => {
  const file = join(folder, `task-${++count}.json`)
  writeFileSync(file, JSON.stringify(task))
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'deployer.ts'), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const { lines, over, says } = readLines(child.stdout)
  const ended = over.then(async () => {
    await child.exited
    return child.exitCode ?? 137
  })
  const waits = says(`point ${task.holdAt}`).then(
    () => 'waits' as const,
    () => ended,
  )
  return {
    /** Resolves when it waits at its line of the journal, or with its exit code when it ended before. */
    waits: task.holdAt === undefined ? ended : Promise.race([waits, ended]),
    go: () => {
      child.stdin.write('go\n')
      void child.stdin.flush()
    },
    kill: (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => child.kill(signal),
    /** Its exit code; 137 when it was killed. */
    ended,
    lines: (): readonly string[] => lines,
    /** Resolves when it prints a line that begins so; rejects when it ends without. */
    says,
  }
}

export type Deployer = ReturnType<typeof startDeployer>
