import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Argv, live } from '../../../cli/run.ts'
import type { DockerEngine } from '../docker/engine.ts'
import { mounted } from '../documentdb/namespace.ts'
import { documentDbRoot } from '../documentdb/root.ts'
import { installMongosh, MONGOSH_SCRIPT } from '../mongosh/mongosh.ts'
import { type Absent, requireSuccess } from '../processes.ts'
import { MONGO_IMAGE_TITLE } from './title.ts'

/** What the image is called. */
export const MONGO_IMAGE = 'lucid/documentdb-in-the-place-of-mongo:7'

/** The user that the real image has for mongod, uid and gid. */
const USER = 999

/** What of the root a container does not need, or gets anew. */
const unneeded =
  'proc/* sys/* dev/* run/* tmp/* usr/share/doc usr/share/man usr/share/locale var/cache var/log/* var/tmp/* var/lib/apt var/lib/dpkg var/lib/ddb-* var/lib/postgresql/*'.split(
    ' ',
  )

/** What is laid over the root. An archive for import may name a path once only, so these stand there alone. */
const overlay =
  'usr/local/bin/bun usr/local/bin/mongod usr/local/bin/mongosh opt/documentdb opt/mongosh etc/passwd data ddb/data ddb/wal ddb/run'.split(
    ' ',
  )

const writeScript = (path: string, text: string): void => {
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

/** Everything that comes on top of the engine's root: Bun, front, shell, and a user as the real image has it. */
const makeOverlay = async (over: string, root: string, shell: string): Promise<void> => {
  for (const path of ['usr/local/bin', 'opt/documentdb', 'etc', 'data/db', 'data/configdb', 'ddb'])
    mkdirSync(join(over, path), { recursive: true })
  cpSync(process.execPath, join(over, 'usr/local/bin/bun'))
  cpSync(shell, join(over, 'opt/mongosh'), { recursive: true })
  const entry = join(import.meta.dir, 'mongod.ts')
  const outfile = `--outfile=${join(over, 'opt/documentdb/mongod.js')}`
  const bundling = live([process.execPath, 'build', entry, '--target=bun', outfile])
  await requireSuccess('the front cannot be bundled', bundling)
  const bun = '/usr/local/bin/bun'
  writeScript(join(over, 'usr/local/bin/mongod'), `exec ${bun} /opt/documentdb/mongod.js "$@"`)
  writeScript(join(over, 'usr/local/bin/mongosh'), `exec ${bun} --bun /opt/mongosh/${MONGOSH_SCRIPT} "$@"`)
  const users = await Bun.file(join(root, 'etc/passwd')).text()
  writeFileSync(join(over, 'etc/passwd'), `${users}mongodb:x:${USER}:${USER}::/data/db:/usr/sbin/nologin\n`)
  for (const name of mounted) symlinkSync(`/data/db/${name}`, join(over, 'ddb', name))
}

const tar = (archive: string, ...args: readonly string[]): Argv => [
  'tar',
  `--file=${archive}`,
  `--owner=${USER}`,
  `--group=${USER}`,
  '--numeric-owner',
  ...args,
]

/**
 * Imports the image into an engine: for tests, where the Compose file wants mongo:7 and no registry can be reached.
 * `absent` says why it cannot be had; throws when the making itself fails.
 */
export const importMongoImage = async (engine: DockerEngine, folder: string): Promise<Absent | undefined> => {
  const found = await documentDbRoot()
  if ('absent' in found) return found
  const shell = await installMongosh()
  if ('absent' in shell) return shell
  const over = mkdtempSync(join(folder, 'mongo-image-'))
  const archive = `${over}.tar`
  const excluded = [...unneeded, ...overlay].map((path) => `--exclude=./${path}`)
  const root = tar(archive, '--create', ...excluded, `--directory=${found.root}`, '.')
  const rest = tar(archive, '--append', '--mode=a+rX', `--directory=${over}`, ...overlay.map((path) => `./${path}`))
  const label = `LABEL org.opencontainers.image.title="${MONGO_IMAGE_TITLE}"`
  const path = 'ENV PATH=/usr/local/bin:/usr/bin:/bin'
  try {
    await makeOverlay(over, found.root, shell.folder)
    await requireSuccess('the root cannot be packed', live(root))
    await requireSuccess('the front cannot be packed', live(rest))
    await engine.answer(['import', '--change', label, '--change', path, archive, MONGO_IMAGE])
    return undefined
  } finally {
    rmSync(over, { recursive: true, force: true })
    rmSync(archive, { force: true })
  }
}
