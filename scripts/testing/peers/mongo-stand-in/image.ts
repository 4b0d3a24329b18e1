import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Argv, live } from '../../../cli/run.ts'
import type { DockerEngine } from '../docker/engine.ts'
import { documentDbRoot } from '../documentdb/chroot.ts'
import { MONGOSH_SCRIPT, mongosh } from '../mongosh/mongosh.ts'

/** What the image is called and what it says of itself, so that nobody takes it for MongoDB. */
export const STAND_IN = 'DocumentDB stand-in for mongo:7'
export const STAND_IN_IMAGE = 'lucid/documentdb-stand-in-for-mongo:7'

/** The user that the real image has for mongod, uid and gid. */
const USER = 999

/** Folders of the root that a container does not need, or gets anew. */
const left = [
  'proc/*',
  'sys/*',
  'dev/*',
  'run/*',
  'tmp/*',
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'var/cache',
  'var/log/*',
  'var/tmp/*',
  'var/lib/apt',
  'var/lib/dpkg',
  'var/lib/ddb-*',
  'var/lib/postgresql/*',
]

/** What is laid over the root. An archive for import may name a path once only, so these stand there alone. */
const laid = [
  'usr/local/bin/bun',
  'usr/local/bin/mongod',
  'usr/local/bin/mongosh',
  'opt/documentdb',
  'opt/mongosh',
  'etc/passwd',
  'data',
  'ddb/data',
  'ddb/wal',
  'ddb/run',
]

const script = (path: string, text: string): void => {
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

const demand = async (what: string, argv: Argv): Promise<void> => {
  const { code, err } = await live(argv)
  if (code !== 0) throw new Error(`${what}: ${err.trim().slice(-500)}`)
}

/** Everything that comes on top of the engine's root: Bun, front, shell, and a user as the real image has it. */
const layOver = async (over: string, root: string, shell: string): Promise<void> => {
  for (const path of ['usr/local/bin', 'opt/documentdb', 'etc', 'data/db', 'data/configdb', 'ddb'])
    mkdirSync(join(over, path), { recursive: true })
  cpSync(process.execPath, join(over, 'usr/local/bin/bun'))
  cpSync(shell, join(over, 'opt/mongosh'), { recursive: true })
  const front = join(over, 'opt/documentdb/mongod.js')
  await demand('the front cannot be bundled', [
    process.execPath,
    'build',
    join(import.meta.dir, 'mongod.ts'),
    '--target=bun',
    `--outfile=${front}`,
  ])
  script(join(over, 'usr/local/bin/mongod'), 'exec /usr/local/bin/bun /opt/documentdb/mongod.js "$@"')
  script(
    join(over, 'usr/local/bin/mongosh'),
    `exec /usr/local/bin/bun --bun /opt/mongosh/${MONGOSH_SCRIPT} "$@"`,
  )
  const users = await Bun.file(join(root, 'etc/passwd')).text()
  writeFileSync(join(over, 'etc/passwd'), `${users}mongodb:x:${USER}:${USER}::/data/db:/usr/sbin/nologin\n`)
  for (const name of ['data', 'wal', 'run']) symlinkSync(`/data/db/${name}`, join(over, 'ddb', name))
}

/**
 * Imports the stand-in into an engine: for tests, where the Compose file wants mongo:7 and no registry can be
 * reached. `absent` says why it cannot be had; throws when the making itself fails.
 */
export const importStandIn = async (
  engine: DockerEngine,
  folder: string,
): Promise<{ readonly absent: string } | undefined> => {
  const found = await documentDbRoot()
  if ('absent' in found) return found
  const shell = await mongosh()
  if ('absent' in shell) return shell
  const over = mkdtempSync(join(folder, 'stand-in-'))
  const archive = `${over}.tar`
  const owner = [`--owner=${USER}`, `--group=${USER}`, '--numeric-owner']
  try {
    await layOver(over, found.root, shell.folder)
    await demand('the root cannot be packed', [
      'tar',
      '--create',
      `--file=${archive}`,
      ...owner,
      ...[...left, ...laid].map((path) => `--exclude=./${path}`),
      `--directory=${found.root}`,
      '.',
    ])
    await demand('the front cannot be packed', [
      'tar',
      '--append',
      '--mode=a+rX',
      `--file=${archive}`,
      ...owner,
      `--directory=${over}`,
      ...laid.map((path) => `./${path}`),
    ])
    const imported = await engine.run([
      'import',
      '--change',
      `LABEL org.opencontainers.image.title="${STAND_IN}"`,
      '--change',
      'ENV PATH=/usr/local/bin:/usr/bin:/bin',
      archive,
      STAND_IN_IMAGE,
    ])
    if (imported.code !== 0) throw new Error(`the image cannot be imported: ${imported.err.trim()}`)
    return undefined
  } finally {
    rmSync(over, { recursive: true, force: true })
    rmSync(archive, { force: true })
  }
}
