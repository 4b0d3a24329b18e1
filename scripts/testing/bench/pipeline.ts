import { randomBytes } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { inFolder, type Setting, withPlatform } from './folder.ts'
import type { Peak } from './memory.ts'
import { type Ours, openOurs } from './ours.ts'
import { type Peer, peers, runTool } from './peer-commands.ts'

/** Milliseconds of each run. */
export type Series = { readonly name: string; readonly store: readonly number[]; readonly check: readonly number[] }

export type MemoryRow = { readonly size: number; readonly peaks: Readonly<Record<string, Peak>> }

export type PipelineResult = {
  readonly size: number
  readonly runs: number
  readonly up_ms: number
  readonly idle_pss_mib: number
  readonly series: readonly Series[]
  readonly absent: readonly string[]
  readonly memory: readonly MemoryRow[]
}

type PipelineOptions = Setting & {
  readonly size: number
  readonly runs: number
  /** Sizes at which peak memory is measured. */
  readonly memorySizes: readonly number[]
}

/** Milliseconds of one run. */
type Times = { readonly store: number; readonly check: number }

/** Who takes part; each begins with nothing and leaves nothing. */
type Contender = { readonly name: string; readonly run: () => Promise<Times> }

const BLOCK = 8 * 1024 * 1024

/** Writes `size` random, so incompressible, bytes to a file, durably. */
const randomFile = async (path: string, size: number): Promise<void> => {
  const file = await open(path, 'w')
  for (let at = 0; at < size; at += BLOCK) await file.write(randomBytes(Math.min(BLOCK, size - at)))
  await file.sync()
  await file.close()
}

const runPeer = (peer: Peer, input: string, folder: string): Promise<Times> =>
  inFolder(folder, 'peer-', async (root) => {
    const at = (name: string) => join(root, name)
    const paths = { input, repo: at('repo'), identity: at('identity'), recipient: at('recipient') }
    for (const argv of peer.prepare(paths)) await runTool(argv, peer.env)
    const store = await runTool(peer.store(paths), peer.env)
    return { store, check: await runTool(peer.check(paths), peer.env) }
  })

const runOurs = async (ours: Ours, input: string, folder: string): Promise<Times> => {
  const { id, sealedMs } = await ours.record(input)
  const bundle = join(folder, 'bench.lucid.tar')
  const check = await ours.verify(id, bundle)
  await rm(bundle)
  return { store: sealedMs, check }
}

/** Runs all in turn, so that a slow minute of the machine hits all alike. The first round does not count. */
const takeTurns = async (
  contenders: readonly Contender[],
  { runs, say }: PipelineOptions,
): Promise<readonly Series[]> => {
  const rounds: Times[][] = []
  for (let run = 0; run <= runs; run++) {
    say(run === 0 ? 'warming up' : `run ${run} of ${runs}`)
    const round: Times[] = []
    for (const contender of contenders) round.push(await contender.run())
    if (run > 0) rounds.push(round)
  }
  return contenders.map(({ name }, at) => {
    const times = rounds.flatMap((round) => round[at] ?? [])
    return { name, store: times.map(({ store }) => store), check: times.map(({ check }) => check) }
  })
}

const measureMemory = async (
  ours: Ours,
  folder: string,
  { memorySizes, say }: PipelineOptions,
): Promise<readonly MemoryRow[]> => {
  const rows: MemoryRow[] = []
  for (const size of memorySizes) {
    say(`peak memory at ${size / 1024 ** 2} MiB`)
    const input = join(folder, 'memory.bin')
    await randomFile(input, size)
    rows.push({ size, peaks: await ours.peaks(input) })
    await rm(input)
  }
  return rows
}

/** Records, seals and verifies the same random bytes with ours and with each tool that is installed. */
export const benchPipeline = async (options: PipelineOptions): Promise<PipelineResult> => {
  const { size, runs, say } = options
  await mkdir(options.folder, { recursive: true })
  const installed = peers.filter(({ programs }) => programs.every((program) => Bun.which(program)))
  const absent = peers.filter((peer) => !installed.includes(peer)).map(({ name }) => name)
  return inFolder(options.folder, 'bench-', (folder) => {
    say('bringing the platform up')
    return withPlatform(folder, process.env, async (platform, upMs) => {
      const ours = await openOurs(platform)
      const input = join(folder, 'input.bin')
      await randomFile(input, size)
      const memory = await measureMemory(ours, folder, options)
      const series = await takeTurns(
        [
          { name: 'lucid', run: () => runOurs(ours, input, folder) },
          ...installed.map((peer) => ({ name: peer.name, run: () => runPeer(peer, input, folder) })),
        ],
        options,
      )
      return { size, runs, up_ms: upMs, idle_pss_mib: ours.idle, series, absent, memory }
    })
  })
}
