import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { backup } from '#common/backup/backup'
import { jobFor, partsOf } from '#common/backup/fixture'
import { openRepository } from '#common/backup/repository'
import { restore } from '#common/backup/restore'
import { folderTarget } from '#common/backup/target'
import { CliError } from '../../cli/fail.ts'
import { inFolder, type Setting } from './folder.ts'
import { peers, runTool } from './peer-commands.ts'
import { medianRatio } from './stats.ts'

const MIB = 1024 * 1024
/** How long a file must lie before its look is trusted, ms. */
const SETTLE_MS = 3_000

type Times = { readonly first: number; readonly second: number; readonly restore: number }
type Pair = { readonly ours: Times; readonly restic: Times }
export type BackupBench = {
  readonly bytes: number
  readonly runs: readonly Pair[]
  /** Median over the runs of restic's time divided by ours: above 1 we are faster. */
  readonly ratio: Times
}

/** What a host has: encrypted recordings of 8 MiB, databases whose pages compress, and small files. */
const fillSource = async (folder: string, bytes: number): Promise<void> => {
  mkdirSync(folder, { recursive: true })
  const page = Buffer.from(randomBytes(512).toHex().repeat(32))
  for (let written = 0, i = 0; written < bytes; i++) {
    const content =
      i % 4 === 3
        ? Buffer.concat(Array.from({ length: 256 }, (_, n) => page.fill(n & 255, 0, 4096)))
        : randomBytes(8 * MIB)
    await writeFile(join(folder, `big-${i}`), content)
    written += content.length
  }
  for (let i = 0; i < 500; i++) await writeFile(join(folder, `small-${i}`), randomBytes(2_000 + i))
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return performance.now() - began
}

const ours = async (folder: string): Promise<Times> => {
  const identity = await generateX25519Identity()
  const job = jobFor(await identityToRecipient(identity))
  const repository = () => openRepository(join(folder, 'ours'))
  const take = () => backup(job, partsOf(join(folder, 'source'), repository(), join(folder, 'cache')))
  const into = join(folder, 'ours-restored')
  mkdirSync(into)
  const all = { identities: [identity], snapshot: 'newest', units: [], replace: false }
  return {
    first: await timed(take),
    second: await timed(take),
    restore: await timed(() => restore(all, { repository: repository(), target: folderTarget(into) })),
  }
}

const restic = async (folder: string): Promise<Times> => {
  const peer = peers.find(({ name }) => name === 'restic')
  if (peer === undefined || Bun.which('restic') === null)
    throw new CliError('restic is not installed: apt-get install restic')
  const paths = { input: join(folder, 'source'), repo: join(folder, 'restic'), recipient: '', identity: '' }
  const env = { ...peer.env, RESTIC_CACHE_DIR: join(folder, 'restic-cache') }
  for (const argv of peer.prepare(paths)) await runTool(argv, env)
  const store = () => runTool(peer.store(paths), env)
  const into = join(folder, 'restic-restored')
  return {
    first: await timed(store),
    second: await timed(store),
    restore: await timed(() =>
      runTool(['restic', 'restore', 'latest', '--quiet', '--repo', paths.repo, '--target', into], env),
    ),
  }
}

/** Both on the same new tree. Who goes first changes from run to run. */
const runPair = (parent: string, bytes: number, run: number): Promise<Pair> =>
  inFolder(parent, 'lucid-bench-backup-', async (folder) => {
    await fillSource(join(folder, 'source', 'volumes', 'a'), bytes)
    await runTool(['sync'])
    await Bun.sleep(SETTLE_MS)
    const before = run % 2 === 0 ? undefined : await restic(folder)
    const times = await ours(folder)
    return { ours: times, restic: before ?? (await restic(folder)) }
  })

/** Backs the same tree up with ours and with restic, in turn, and restores it. Throws CliError without restic. */
export const benchBackup = async ({
  folder,
  bytes,
  runs: count,
  say,
}: Setting & { readonly bytes: number; readonly runs: number }): Promise<BackupBench> => {
  const runs: Pair[] = []
  for (let run = 0; run < count; run++) {
    const pair = await runPair(folder, bytes, run)
    runs.push(pair)
    const [mine, theirs] = [Math.round(pair.ours.first), Math.round(pair.restic.first)]
    say(`run ${run + 1} of ${count}: first ${mine} ms, restic ${theirs} ms`)
  }
  const ratio = (kind: keyof Times) =>
    medianRatio(
      runs.map((pair) => pair.ours[kind]),
      runs.map((pair) => pair.restic[kind]),
    )
  return { bytes, runs, ratio: { first: ratio('first'), second: ratio('second'), restore: ratio('restore') } }
}
