import { catalog, type Entry } from '#catalog'
import type { Random } from '#common/backup/age'
import { backup } from '#common/backup/backup'
import { cacheFile } from '#common/backup/cache-file'
import { chunkKeyIn, operatorSeedIn } from '#common/backup/chunk-key'
import { copy } from '#common/backup/copy'
import { timeOf } from '#common/backup/format'
import { backupOrder, copyOrder, restoreOrder } from '#common/backup/job'
import { openSnapshot } from '#common/backup/open-snapshot'
import { unitOf } from '#common/backup/path-bytes'
import { proofFolder } from '#common/backup/proof-folder'
import { prove } from '#common/backup/proofs'
import { openRepository, problemOf } from '#common/backup/repository'
import { restore } from '#common/backup/restore'
import type { Telling } from '#common/backup/restore-mark'
import type { Progress } from '#common/backup/scan'
import { folderTarget } from '#common/backup/target'
import { folderTree } from '#common/backup/tree'
import type { Print } from '#common/cli/text'
import { Fault } from '#common/process/fault'

/** Where things are mounted in the container. */
export type BackupMounts = {
  readonly source: string
  readonly repository: string
  readonly key: string
  readonly cache: string
  readonly target: string
  /** Folder of the operator's identity key, where the host has one that is not restored. */
  readonly operator: string
}

export type BackupTools = {
  readonly mounts: BackupMounts
  readonly nextLine: () => Promise<string | undefined>
  readonly random: Random
  readonly now: () => number
  readonly out: Print
}

const PROGRESS_MS = 500

const readOrder = async ({ nextLine }: BackupTools): Promise<string> => {
  const line = await nextLine()
  if (line === undefined)
    throw new Fault('invalid', 'no-readOrder', 'no readOrder came on standard input: bun run backup gives it')
  return line
}

const say = ({ out }: BackupTools, event: string, value: object): void =>
  out(`${JSON.stringify({ event, ...value })}\n`)

const throttledProgress = (tools: BackupTools) => {
  let next = 0
  return (progress: object): void => {
    const now = tools.now()
    if (now < next) return
    next = now + PROGRESS_MS
    say(tools, 'progress', progress)
  }
}

type Command = (tools: BackupTools) => Promise<boolean>

/** Says what went wrong as an event, so that whoever reads the events needs nothing else. */
const reportingFailure =
  (work: Command): Command =>
  async (tools) => {
    try {
      return await work(tools)
    } catch (error) {
      const code = error instanceof Fault ? error.code : 'unexpected'
      say(tools, 'failed', { code, message: problemOf(error) })
      return false
    }
  }

/** Takes a backup of /source into /repository: `freeze`/`frozen`, `thaw`/`thawed MS`; any other line: no snapshot. */
export const backupCommand: Command = reportingFailure(async (tools) => {
  const { mounts, random, now, out, nextLine } = tools
  const job = backupOrder(await readOrder(tools))
  const ask = async (word: string, answer: RegExp): Promise<string> => {
    out(`${word}\n`)
    const line = await nextLine()
    const [, value] = answer.exec(line ?? '') ?? []
    if (value === undefined)
      throw new Fault(
        'unavailable',
        'not-frozen',
        line?.startsWith('late') === true
          ? 'the time that the services may stand still was over before everything was read; nothing was kept'
          : 'the services could not be made to stand still; nothing was kept',
      )
    return value
  }
  const report = await backup(
    { ...job, chunkKey: chunkKeyIn(mounts.key, random) },
    {
      tree: folderTree(mounts.source),
      repository: openRepository(mounts.repository),
      cache: cacheFile(`${mounts.cache}/files`),
      freeze: async () => void (await ask('freeze', /^(frozen)$/)),
      thaw: async () => Number(await ask('thaw', /^thawed (\d+)$/)),
      now,
      random,
      say: throttledProgress(tools) satisfies (progress: Progress) => void,
    },
  )
  say(tools, 'done', { report })
  return true
})

const storing = Object.entries<Entry>(catalog).flatMap(([name, { store }]) => (store ? [name] : []))

/** Whom a restore or a copy back concerns; it is said by the operator's key, the restored one first. */
const telling = ({ mounts: { target, operator }, now }: BackupTools): Telling => ({
  services: storing,
  now,
  seed: () => operatorSeedIn([`${target}/host/secrets/operator`, operator]),
})

/** Restores from /repository into /target; with `prove` shows that what it restored can be used. */
export const restoreCommand: Command = reportingFailure(async (tools) => {
  const { mounts } = tools
  const job = restoreOrder(await readOrder(tools))
  const repository = openRepository(mounts.repository)
  const report = await restore(job, {
    repository,
    target: folderTarget(mounts.target),
    telling: telling(tools),
    say: throttledProgress(tools),
  })
  const proofs =
    job.prove && report.ok
      ? prove(
          (await openSnapshot(repository, report.name, job.identities)).entries.filter(
            ({ path }) => unitOf(path, report.units) !== undefined,
          ),
          proofFolder(mounts.target),
        )
      : []
  const ok = report.ok && proofs.every((proof) => proof.ok)
  say(tools, 'done', { report: { ...report, ok, proofs } })
  return ok
})

/** Lists the snapshots of /repository from what is there in clear. */
export const backupsCommand: Command = reportingFailure(async (tools) => {
  const repository = openRepository(tools.mounts.repository)
  const snapshots = repository.names().map((name) => {
    const index = repository.index(name)
    if (index === undefined) return { name, at: timeOf(name), tag: null, index: false }
    const { chunks, ...rest } = index
    const stored = chunks.reduce((sum, id) => sum + repository.sizeOf(id), 0)
    return {
      ...rest,
      index: true,
      chunks: chunks.length,
      stored_bytes: stored,
      missing: chunks.filter((id) => !repository.has(id)).length,
    }
  })
  say(tools, 'done', { report: { snapshots } })
  return true
})

/** Copies units from /source to /target as they are, and removes old copies there. */
export const copyCommand: Command = reportingFailure(async (tools) => {
  const { units, remove } = copyOrder(await readOrder(tools))
  const target = folderTarget(tools.mounts.target)
  for (const name of remove) target.remove(name)
  const report = await copy(units, { tree: folderTree(tools.mounts.source), target })
  say(tools, 'done', { report })
  return true
})
