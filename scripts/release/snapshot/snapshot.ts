import type { CopyReport } from '#common/backup/copy'
import { CliError } from '../../cli/fail.ts'
import { backupLayout, isVolume } from '../../host/backup-layout.ts'
import type { Lease } from '../../host/lease.ts'
import { commandLine, quote } from '../../host/quote.ts'
import { requireSuccess } from '../../host/shell.ts'
import { parseReport } from '../../host/tool-events.ts'
import type { Mount } from '../../host/tool-run.ts'
import { backupCommand, capabilities } from './backup-container.ts'
import { freezeFunctions } from './freeze-script.ts'

/** Plain copies of volumes, root's alone as they are: a rollback over a migration needs no key and no operator. */
export type SnapshotOptions = {
  readonly image: string
  /** What it is called: the id of the release that is left. */
  readonly id: string
  readonly volumes: readonly string[]
}

const LONG_MS = 6 * 3_600_000
/** Nothing is lost by a pause; only the watchdog of a script that was killed waits so long at most, s. */
const LIMIT_S = 3_600
const DONE = 'whole'

const requireNames = ({ id, volumes }: Pick<SnapshotOptions, 'id' | 'volumes'>): void => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id)) throw new CliError(`'${id}' is no name of a snapshot`)
  const strange = volumes.find((name) => !isVolume(name))
  if (strange !== undefined) throw new CliError(`there is no volume ${strange}`)
}

const mount = (type: Mount['type'], source: string, target: string, access: Mount['access']): Mount => ({
  type,
  source,
  target,
  access,
})

const orderFor = (volumes: readonly string[]): string =>
  JSON.stringify({ units: volumes.map((name) => `volumes/${name}`) })

const thereOf = async (lease: Lease, volumes: readonly string[]): Promise<readonly string[]> => {
  const tests = volumes.map((name) => `docker volume inspect ${name} >/dev/null 2>&1 && echo ${name}`)
  const out = await requireSuccess('looking at volumes', lease.run([...tests, ':'].join('\n')))
  return out.split('\n').filter(Boolean)
}

/**
 * Copies volumes to DIR/snapshots/<id>/ while all containers of the platform that run stand still. Idempotent: one that is
 * whole is left as it is. Volumes that are not there are left out. Throws CliError; then there is no whole snapshot.
 */
export const takeSnapshot = async (lease: Lease, options: SnapshotOptions): Promise<CopyReport | 'there'> => {
  requireNames(options)
  const { dir } = lease
  const at = `${backupLayout(dir).snapshots}/${options.id}`
  const whole = await lease.run(`[ -f ${quote(`${at}.${DONE}`)} ]`)
  if (whole.code === 0) return 'there'
  const volumes = await thereOf(lease, options.volumes)
  const run = backupCommand(options.image, 'copy', {
    mounts: [
      ...volumes.map((name) => mount('volume', name, `/source/volumes/${name}`, 'read')),
      mount('bind', at, '/target', 'write'),
    ],
    caps: capabilities.own,
  })
  const script = [
    commandLine('mkdir', '-p', at, backupLayout(dir).cache),
    freezeFunctions({ state: backupLayout(dir).cache, limitS: LIMIT_S }).trim(),
    'trap \'clean; docker rm --force lucid-backup >/dev/null 2>&1; rm -rf "$WORK"\' EXIT',
    "trap 'exit 1' HUP INT TERM",
    'docker rm --force lucid-backup >/dev/null 2>&1',
    'set -- --cidfile "$WORK/cid"',
    'freeze || exit 1',
    `${run} <<'ORDER'\n${orderFor(volumes)}\nORDER`,
    'code=$?',
    'thaw || exit 1',
    `[ $code = 0 ] && sync && printf '%s\\n' ${commandLine(...volumes)} > ${quote(`${at}.${DONE}.new`)} || exit 1`,
    `mv -f ${quote(`${at}.${DONE}.new`)} ${quote(`${at}.${DONE}`)} && sync && exit 0`,
    'exit 1',
  ].join('\n')
  const answer = await lease.run(script, { timeoutMs: LONG_MS })
  const report = parseReport<CopyReport>(`snapshot ${options.id}`, answer)
  if (answer.code !== 0)
    throw new CliError(`snapshot ${options.id}: it did not become whole`, {
      details: answer.err.split('\n').filter(Boolean),
    })
  return report
}

/** Puts volumes back that nothing uses; idempotent, cut anywhere. Throws CliError without a whole snapshot. */
export const restoreSnapshot = async (lease: Lease, options: SnapshotOptions): Promise<CopyReport> => {
  requireNames(options)
  const at = `${backupLayout(lease.dir).snapshots}/${options.id}`
  const mark = await lease.run(`cat ${quote(`${at}.${DONE}`)}`)
  if (mark.code !== 0) throw new CliError(`${lease.shell.name} has no whole snapshot ${options.id}`)
  // A volume that was made since has nothing to go back to.
  const volumes = mark.out.split('\n').filter((name) => isVolume(name) && options.volumes.includes(name))
  const used = await requireSuccess(
    'looking at containers',
    lease.run(
      volumes
        .map((name) => commandLine('docker', 'ps', '--filter', `volume=${name}`, '--format', '{{.Names}}'))
        .join('\n'),
    ),
  )
  if (used.trim() !== '')
    throw new CliError(
      `${lease.shell.name}: in use by ${[...new Set(used.trim().split(/\s+/))].join(', ')}: stop it first`,
    )
  const run = backupCommand(options.image, 'copy', {
    mounts: [
      mount('bind', at, '/source', 'read'),
      ...volumes.map((name) => mount('volume', name, `/target/volumes/${name}`, 'write')),
    ],
    caps: capabilities.own,
  })
  const answer = await lease.run(
    ['docker rm --force lucid-backup >/dev/null 2>&1', 'set --', `${run} <<'ORDER'\n${orderFor(volumes)}\nORDER`].join(
      '\n',
    ),
    { timeoutMs: LONG_MS },
  )
  return parseReport<CopyReport>(`snapshot ${options.id}`, answer)
}

/** Removes the snapshots that are not among these ids. */
export const dropSnapshots = async (
  lease: Lease,
  { image, keep }: { readonly image: string; readonly keep: readonly string[] },
): Promise<void> => {
  for (const id of keep) requireNames({ id, volumes: [] })
  const { snapshots } = backupLayout(lease.dir)
  const out = await requireSuccess(
    'looking at snapshots',
    lease.run(`cd ${quote(snapshots)} 2>/dev/null || exit 0; for f in *; do [ -e "$f" ] && echo "$f"; done; :`),
  )
  const gone = out
    .split('\n')
    .filter((name) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    .filter((name) => !keep.includes(name.replace(new RegExp(`\\.${DONE}$`), '')))
  if (gone.length === 0) return
  // Its mark first: what is half removed is no snapshot.
  const marks = gone.filter((name) => name.endsWith(`.${DONE}`)).map((name) => `${snapshots}/${name}`)
  if (marks.length > 0) await requireSuccess('removing snapshots', lease.run(commandLine('rm', '-f', ...marks)))
  const folders = gone.filter((name) => !name.endsWith(`.${DONE}`))
  if (folders.length === 0) return
  const run = backupCommand(image, 'copy', {
    mounts: [mount('bind', snapshots, '/target', 'write')],
    caps: capabilities.own,
  })
  const answer = await lease.run(
    ['set --', `${run} <<'ORDER'\n${JSON.stringify({ remove: folders })}\nORDER`].join('\n'),
    { timeoutMs: LONG_MS },
  )
  parseReport('removing snapshots', answer)
}
