/** Starts an engine in the folder it is given, prints the ids of all its processes, and waits to be killed. */
import { readFileSync } from 'node:fs'
import { startDocker } from '../engine.ts'

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

const treeOf = (pid: number): readonly number[] =>
  childrenOf(pid).flatMap((child) => [child, ...treeOf(child)])

const engine = await startDocker({ folder: Bun.argv[2] ?? '' })
if ('absent' in engine) throw new Error(engine.absent)
console.log(JSON.stringify(treeOf(process.pid)))
await Bun.sleep(600_000)
