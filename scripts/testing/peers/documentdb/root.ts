import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Argv, live } from '../../../cli/run.ts'
import { readAptSources } from '../../../platform/apt.ts'
import { archiveSettings, debianMirror } from '../../../platform/apt-sources.ts'
import { makeOnce, peersFolder } from '../cache.ts'
import type { Absent } from '../processes.ts'
import { fillTemplate } from './engine.ts'
import { inside, namespaceProbe, template } from './namespace.ts'

/** A root folder with the engine in it, or why this machine cannot have one. */
export type Root = { readonly root: string } | Absent

/** Changes when what is in the root changes, so that an older one is not used for it. */
const version = 'documentdb-2'

/** mmdebstrap's command for a root with the engine and no more than it needs. */
const bootstrap = (root: string, mirror: string, settings: readonly string[]): Argv => [
  'mmdebstrap',
  '--variant=apt',
  '--include=postgresql-18-documentdb',
  '--aptopt=Acquire::Check-Valid-Until "false"',
  '--aptopt=APT::Install-Recommends "false"',
  ...settings.map((setting) => `--aptopt=${setting}`),
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/doc/*',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
  'sid',
  root,
  mirror,
]

/** The lines of mmdebstrap's output that say what was wrong. */
const lastWords = (text: string): string =>
  text
    .trim()
    .split('\n')
    .filter((line) => /^E:|error|fail/i.test(line))
    .slice(-3)
    .join('; ') || text.trim().slice(-300)

/** Why nothing can be made or used here, whatever the network says. */
const findObstacle = async (): Promise<Absent | undefined> => {
  if (process.platform !== 'linux') return { absent: 'it needs Linux' }
  if (process.getuid?.() !== 0) return { absent: 'it needs root, for a chroot' }
  for (const tool of ['setpriv', 'unshare', 'chroot', 'mount'])
    if (Bun.which(tool) === null) return { absent: `${tool} is not installed (util-linux, coreutils)` }
  const { code, err } = await live(namespaceProbe)
  return code === 0 ? undefined : { absent: `this machine allows no new namespaces: ${err.trim()}` }
}

const make = async (root: string): Promise<Absent | undefined> => {
  if (Bun.which('mmdebstrap') === null) return { absent: 'mmdebstrap is not installed' }
  const mirror = debianMirror(readAptSources())
  if (mirror === undefined) return { absent: 'apt knows no mirror of the Debian archive' }
  const settings = archiveSettings((await live(['apt-config', 'dump'])).out)
  const { code, err } = await live(bootstrap(root, mirror, settings))
  if (code !== 0) return { absent: `the archive at ${mirror} gave no root: ${lastWords(err)}` }
  for (const folder of [...Object.values(inside), template]) mkdirSync(join(root, folder), { recursive: true })
  await fillTemplate(root)
  return undefined
}

const findOrMake = async (): Promise<Root> => {
  const obstacle = await findObstacle()
  if (obstacle !== undefined) return obstacle
  const found = await makeOnce(version, make)
  return 'absent' in found ? found : { root: found.folder }
}

let asked: Promise<Root> | undefined

/**
 * A Debian sid root with PostgreSQL 18 and the DocumentDB extension, built at most once a machine (about 40 s) and
 * found again after that. Asked at most once a process; never throws for what the machine lacks.
 */
export const documentDbRoot = (): Promise<Root> => {
  asked ??= findOrMake()
  return asked
}

/** Whether a root is there already, so that asking for it takes no time. */
export const isPrepared = (): boolean => existsSync(join(peersFolder(process.env), version))
