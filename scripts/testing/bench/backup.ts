import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { backup } from '#common/backup/backup'
import { cacheFile } from '#common/backup/cache-file'
import { KEEP } from '#common/backup/prune'
import { openRepository } from '#common/backup/repository'
import { restore } from '#common/backup/restore'
import { folderTarget } from '#common/backup/target'
import { folderTree } from '#common/backup/tree'
import { CliError } from '../../cli/fail.ts'
import { peers, runTool } from './peer-commands.ts'
import { median } from './stats.ts'

const MIB = 1024 * 1024
/** How long a file must lie before its look is trusted, ms. */
const SETTLE_MS = 3_000

type Times = { readonly first: number; readonly second: number; readonly restore: number }
export type BackupBench = {
  readonly bytes: number
  readonly runs: readonly { readonly ours: Times; readonly restic: Times }[]
  /** Median over the runs of restic's time divided by ours: above 1 we are faster. */
  readonly ratio: Times
}

type Options = {
  readonly folder: string
  readonly bytes: number
  readonly runs: number
  readonly say: (line: string) => void
}

const random = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 65_536)
    crypto.getRandomValues(bytes.subarray(at, Math.min(length, at + 65_536)))
  return bytes
}

/** What a host has: encrypted recordings of 8 MiB, databases whose pages compress, and small files. */
const fillSource = async (folder: string, bytes: number): Promise<void> => {
  mkdirSync(folder, { recursive: true })
  const page = Buffer.from(random(512).toHex().repeat(32))
  for (let written = 0, i = 0; written < bytes; i++) {
    const content =
      i % 4 === 3
        ? Buffer.concat(Array.from({ length: 256 }, (_, n) => page.fill(n & 255, 0, 4096)))
        : random(8 * MIB)
    await writeFile(join(folder, `big-${i}`), content)
    written += content.length
  }
  for (let i = 0; i < 500; i++) await writeFile(join(folder, `small-${i}`), random(2_000 + i))
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return performance.now() - began
}

const ours = async (folder: string): Promise<Times> => {
  const identity = await generateX25519Identity()
  const recipients = [await identityToRecipient(identity)]
  const repository = () => openRepository(join(folder, 'ours'))
  const take = () =>
    backup(
      { recipients, chunkKey: '5a'.repeat(32), host: 'bench', tag: null, keep: KEEP, forget: [] },
      {
        tree: folderTree(join(folder, 'source')),
        repository: repository(),
        cache: cacheFile(join(folder, 'cache')),
        freeze: async () => {},
        thaw: async () => 0,
        now: Date.now,
        random,
      },
    )
  const into = join(folder, 'ours-restored')
  mkdirSync(into)
  const job = { identities: [identity], snapshot: 'newest', units: [], replace: false }
  return {
    first: await timed(take),
    second: await timed(take),
    restore: await timed(() => restore(job, { repository: repository(), target: folderTarget(into) })),
  }
}

const restic = async (folder: string): Promise<Times> => {
  const peer = peers.find(({ name }) => name === 'restic')
  if (peer === undefined || Bun.which('restic') === null)
    throw new CliError('restic is not installed: apt-get install restic')
  const paths = {
    input: join(folder, 'source'),
    repo: join(folder, 'restic'),
    recipient: '',
    identity: '',
  }
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

const kinds = ['first', 'second', 'restore'] as const

/** Backs the same tree up with ours and with restic, in turn, and restores it. Throws CliError without restic. */
export const benchBackup = async ({ folder, bytes, runs, say }: Options): Promise<BackupBench> => {
  const all: { ours: Times; restic: Times }[] = []
  for (let run = 0; run < runs; run++) {
    const place = mkdtempSync(join(folder, 'lucid-bench-backup-'))
    try {
      await fillSource(join(place, 'source', 'volumes', 'a'), bytes)
      await runTool(['sync'])
      await Bun.sleep(SETTLE_MS)
      const order = run % 2 === 0 ? [ours, restic] : [restic, ours]
      const times = new Map<unknown, Times>()
      for (const contender of order) times.set(contender, await contender(place))
      const pair = { ours: times.get(ours), restic: times.get(restic) }
      if (pair.ours === undefined || pair.restic === undefined) continue
      all.push({ ours: pair.ours, restic: pair.restic })
      say(
        `run ${run + 1} of ${runs}: first ${Math.round(pair.ours.first)} ms, restic ${Math.round(pair.restic.first)} ms`,
      )
    } finally {
      if (existsSync(place)) rmSync(place, { recursive: true, force: true })
    }
  }
  const ratio = (kind: keyof Times) => median(all.map((pair) => pair.restic[kind] / pair.ours[kind]))
  return {
    bytes,
    runs: all,
    ratio: Object.fromEntries(kinds.map((kind) => [kind, ratio(kind)])) as Times, // of the same keys
  }
}
