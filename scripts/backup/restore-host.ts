import { chooseSnapshot } from '#common/backup/format'
import type { Proof } from '#common/backup/proofs'
import type { RestoreReport } from '#common/backup/restore'
import { errorMessage } from '#common/process/error'
import { isFault } from '#common/process/fault'
import { utf8 } from '#common/stream/bytes'
import { CliError } from '../cli/fail.ts'
import { backupLayout, VOLUMES } from '../host/backup-layout.ts'
import type { Lease } from '../host/lease.ts'
import { requireSuccess } from '../host/shell.ts'
import { openEventReader, parseReport } from '../host/tool-events.ts'
import { adoptVolumes } from '../release/host/volume-marks.ts'
import { writeHealth } from './health-file.ts'
import { type MongoProof, proveMongo } from './mongo-proof.ts'
import {
  DRILL_ROOM,
  drillCleanScript,
  drillScript,
  drillVolume,
  IN_USE,
  restoreScript,
  volumeOf,
} from './restore-script.ts'
import { type Listed, listSnapshots } from './snapshots.ts'

export type Restored = RestoreReport & { readonly proofs: readonly Proof[] }

export type RestoreOptions = {
  /** Image of server-tools on the host. */
  readonly image: string
  /** The text of an identity file. It goes to the program over its standard input and is kept nowhere. */
  readonly identity: string
  readonly snapshot: string
  readonly repository?: string | undefined
  /** Only these volumes; everything when empty. */
  readonly volumes: readonly string[]
  readonly existing: 'refuse' | 'replace'
  readonly into?: string | undefined
  readonly onProgress?: (files: number, of: number, bytes: number) => void
}

const LONG_MS = 24 * 3_600_000

const HOST_UNITS = ['host/secrets']

/** The backup that is meant, and what of it. Throws CliError. */
export const planRestore = async (
  lease: Pick<Lease, 'shell' | 'dir'>,
  { image, snapshot, repository, volumes }: RestoreOptions,
): Promise<{ readonly listed: Listed; readonly units: readonly string[]; readonly repository: string }> => {
  const at = repository ?? backupLayout(lease.dir).repository
  const all = await listSnapshots(lease.shell, { image, repository: at })
  const name = (() => {
    try {
      return chooseSnapshot(
        all.map((one) => one.name),
        snapshot,
      )
    } catch (error) {
      throw isFault(error) ? new CliError(`${lease.shell.name}: ${at}: ${error.message}`) : error
    }
  })()
  const listed = all.find((one) => one.name === name) ?? { name, at: 0, tag: null, index: false }
  const units = listed.units ?? [...HOST_UNITS, ...VOLUMES.map((volume) => `volumes/${volume}`)]
  const strange = volumes.find((volume) => !units.includes(`volumes/${volume}`))
  if (strange !== undefined)
    throw new CliError(
      `${name} has no volume ${strange}; it has ${units.flatMap((unit) => volumeOf(unit) ?? []).join(', ')}`,
    )
  const chosen = volumes.length === 0 ? units : volumes.map((volume) => `volumes/${volume}`)
  return { listed, units: chosen, repository: at }
}

const orderOf = (
  options: RestoreOptions,
  snapshot: string,
  units: readonly string[],
  purpose: 'use' | 'drill',
): readonly Uint8Array[] => [
  utf8(
    `${JSON.stringify({
      identity: options.identity,
      snapshot,
      units,
      replace: options.existing === 'replace',
      prove: purpose === 'drill',
    })}\n`,
  ),
]

const progressOf = ({ onProgress }: RestoreOptions) =>
  openEventReader(({ event, files, of, bytes }) => {
    if (event === 'progress') onProgress?.(Number(files), Number(of), Number(bytes))
  })

/**
 * Restores a host, or volumes of it. Refuses while a container uses what would be restored, and what is not empty unless
 * it is to be replaced; what was there is put back when the restore fails. Throws CliError.
 */
export const restoreHost = async (lease: Lease, options: RestoreOptions): Promise<Restored> => {
  const { shell, dir } = lease
  const { listed, units, repository } = await planRestore(lease, options)
  const script = restoreScript({ dir, image: options.image, repository, units, into: options.into })
  const answer = await lease.send(script, orderOf(options, listed.name, units, 'use'), {
    timeoutMs: LONG_MS,
    onOut: progressOf(options),
  })
  if (answer.code === IN_USE)
    throw new CliError(
      `${shell.name}: in use by ${answer.out.trim().split(/\s+/).join(', ')}: stop it first (docker stop), then restore`,
    )
  const report = parseReport<Restored>(`restore of ${shell.name}`, answer)
  // What came from a backup of another host, or from before there were marks, was meant to come.
  if (report.ok && options.into === undefined)
    await adoptVolumes(lease, { images: [options.image], volumes: units.flatMap((unit) => volumeOf(unit) ?? []) })
  return report
}

export type Drilled = Restored & { readonly mongo: MongoProof }

/**
 * Restores a backup into throw-away volumes and proves that it can be used: every chunk, every file, every database.
 * Nothing of the host's own is touched; what the drill made is removed whatever happens. Throws CliError.
 */
export const drillHost = async (lease: Lease, options: RestoreOptions): Promise<Drilled> => {
  const { shell } = lease
  const clean = () => lease.run(drillCleanScript)
  try {
    const { listed, units, repository } = await planRestore(lease, options)
    const script = drillScript({ image: options.image, repository, units, bytes: listed.bytes ?? 0 })
    const answer = await lease.send(script, orderOf(options, listed.name, units, 'drill'), {
      timeoutMs: LONG_MS,
      onOut: progressOf(options),
    })
    if (answer.code === DRILL_ROOM)
      throw new CliError(
        `${shell.name}: no room for a drill of ${listed.name}: ${listed.bytes} bytes are needed, ${Number(answer.out.trim()) * 1024} are free`,
      )
    const restored = parseReport<Restored>(`drill of ${shell.name}`, answer)
    const mongoUnit = units.find((unit) => volumeOf(unit) === 'lucid_core_mongo_data')
    const mongo: MongoProof =
      mongoUnit === undefined || !restored.ok
        ? { kind: 'not-run', reason: 'the backup has no sound volume of the database' }
        : await proveMongo(lease, drillVolume(mongoUnit))
    const ok = restored.ok && mongo.kind !== 'failed'
    await writeHealth(lease, 'drill', {
      ok,
      ...(ok && { at: Date.now() }),
      id: restored.name,
      files: restored.files,
      bytes: restored.bytes,
      mongo: mongo.kind,
    })
    return { ...restored, ok, mongo }
  } catch (error) {
    await writeHealth(lease, 'drill', { ok: false, message: errorMessage(error) }).catch(() => {})
    throw error
  } finally {
    await requireSuccess(`${shell.name}: removing what the drill made`, clean())
  }
}
