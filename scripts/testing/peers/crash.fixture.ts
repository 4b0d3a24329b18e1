import { isAlive, waitForEnd } from '../../platform/process.ts'
import { startDocker } from './docker/engine.ts'
import { startDocumentDb } from './documentdb/documentdb.ts'
import { startPi } from './pi/pi.ts'
import { type Absent, treeOf } from './processes.ts'

/** What a test dependency leaves when the process that started it is killed. As a program it is that process. */

const require = <T>(started: T | Absent): T => {
  if (typeof started === 'object' && started !== null && 'absent' in started) throw new Error(started.absent)
  return started as T
}

const starters = {
  docker: async (folder: string) => {
    require(await startDocker({ folder }))
  },
  documentdb: async (folder: string) => {
    await startDocumentDb({ folder, dataBytes: 100 * 2 ** 20 })
  },
  pi: async (folder: string) => {
    const pi = require(await startPi({ folder }))
    const session = Bun.spawn(['ssh', '-F', pi.sshConfig, pi.host, 'echo in; sleep 600'], { stdout: 'pipe' })
    await session.stdout.getReader().read()
  },
} as const

/** Starts one in a process of its own and kills that. Answers the processes there were, and those that are left. */
export const killStarter = async (
  kind: keyof typeof starters,
  folder: string,
): Promise<{ readonly started: readonly number[]; readonly left: readonly number[] }> => {
  const starter = Bun.spawn([process.execPath, import.meta.path, kind, folder], { stdout: 'pipe', stderr: 'inherit' })
  const { value } = await starter.stdout.getReader().read()
  const started: readonly number[] = JSON.parse(new TextDecoder().decode(value)) // printed below
  const gone = started.filter((pid) => !isAlive(pid))
  if (gone.length > 0) throw new Error(`these ended before the kill: ${gone.join(', ')}`)
  starter.kill('SIGKILL')
  await starter.exited
  return { started, left: await waitForEnd(started, 20_000) }
}

if (import.meta.main) {
  const [, , kind, folder = ''] = Bun.argv
  await starters[kind as keyof typeof starters](folder) // given above
  console.log(JSON.stringify(treeOf(process.pid).slice(1)))
  await Bun.sleep(600_000)
}
