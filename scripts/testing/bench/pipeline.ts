import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { randomFile, writeAndSync } from './input.ts'
import type { Peak } from './memory.ts'
import { type Ours, startOurs } from './ours.ts'
import { type BackupPaths, type Peer, peers, runTool } from './peer-commands.ts'

/** Milliseconds of each run. */
export type Series = {
  readonly name: string
  readonly store: readonly number[]
  readonly check: readonly number[]
}

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

export type PipelineOptions = {
  readonly folder: string
  readonly size: number
  readonly runs: number
  /** Sizes at which peak memory is measured. */
  readonly memorySizes: readonly number[]
  readonly say: (line: string) => void
}

const runPeer = async (peer: Peer, input: string, folder: string) => {
  const root = await mkdtemp(join(folder, 'peer-'))
  const paths: BackupPaths = {
    input,
    repo: join(root, 'repo'),
    identity: join(root, 'identity'),
    recipient: join(root, 'recipient'),
  }
  for (const argv of peer.prepare(paths)) await runTool(argv, peer.env)
  const store = await runTool(peer.store(paths), peer.env)
  const check = await runTool(peer.check(paths), peer.env)
  await rm(root, { recursive: true, force: true })
  return { store, check }
}

const runOurs = async (platform: Ours, input: string, folder: string) => {
  const { id, sealedMs } = await platform.record(input)
  const bundle = join(folder, 'bench.lucid.tar')
  await platform.export(id, bundle)
  const check = await platform.verify(bundle)
  await rm(bundle)
  return { store: sealedMs, check }
}

type Runs = Map<string, { readonly store: number[]; readonly check: number[] }>

const note = (
  runs: Runs,
  name: string,
  { store, check }: { readonly store: number; readonly check: number },
) => {
  const row = runs.get(name) ?? { store: [], check: [] }
  row.store.push(store)
  row.check.push(check)
  runs.set(name, row)
}

const timeAll = async (
  platform: Ours,
  installed: readonly Peer[],
  input: string,
  options: PipelineOptions,
) => {
  const { folder, runs: count, say } = options
  const runs: Runs = new Map()
  for (let run = 0; run <= count; run++) {
    const warmUp = run === 0
    say(warmUp ? 'warming up' : `run ${run} of ${count}`)
    const into: Runs = warmUp ? new Map() : runs
    note(into, 'lucid', await runOurs(platform, input, folder))
    for (const peer of installed) note(into, peer.name, await runPeer(peer, input, folder))
    const copy = join(folder, 'copy')
    note(into, 'write + fsync', { store: await writeAndSync(input, copy), check: Number.NaN })
    await rm(copy)
  }
  return [...runs].map(([name, { store, check }]) => ({ name, store, check }))
}

const measureMemory = async (
  platform: Ours,
  { folder, memorySizes, say }: PipelineOptions,
): Promise<MemoryRow[]> => {
  const rows: MemoryRow[] = []
  for (const size of memorySizes) {
    say(`peak memory at ${size / 1024 ** 2} MiB`)
    const input = join(folder, 'memory.bin')
    await randomFile(input, size)
    const { peaks } = await platform.memory(() => platform.record(input))
    rows.push({ size, peaks })
    await rm(input)
  }
  return rows
}

/** Runs everything in turn, so that a slow minute of the machine hits all alike. The first round does not count. */
export const benchPipeline = async (options: PipelineOptions): Promise<PipelineResult> => {
  const { size, runs, say } = options
  await mkdir(options.folder, { recursive: true })
  const folder = await mkdtemp(join(options.folder, 'bench-'))
  const installed = peers.filter(({ programs }) => programs.every((program) => Bun.which(program)))
  const absent = peers.filter((peer) => !installed.includes(peer)).map(({ name }) => name)
  try {
    say('bringing the platform up')
    const platform = await startOurs(folder)
    try {
      const input = join(folder, 'input.bin')
      await randomFile(input, size)
      const memory = await measureMemory(platform, { ...options, folder })
      const series = await timeAll(platform, installed, input, { ...options, folder })
      return { size, runs, up_ms: platform.upMs, idle_pss_mib: platform.idle, series, absent, memory }
    } finally {
      await platform.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
