/** Starts a stand-in in the folder it is given, opens a session, prints the ids of all its processes, and waits to be killed. */
import { readFileSync } from 'node:fs'
import { startPi } from '../pi.ts'

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

const treeOf = (pid: number): readonly number[] =>
  childrenOf(pid).flatMap((child) => [child, ...treeOf(child)])

const pi = await startPi({ folder: Bun.argv[2] ?? '' })
if ('absent' in pi) throw new Error(pi.absent)
const session = Bun.spawn(['ssh', '-F', pi.sshConfig, pi.host, 'echo in; sleep 600'], { stdout: 'pipe' })
await session.stdout.getReader().read()
console.log(JSON.stringify(treeOf(process.pid)))
await Bun.sleep(600_000)
