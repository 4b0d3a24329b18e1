import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { errorMessage } from '#common/process/error'
import { type Argv, live } from '../../../cli/run.ts'
import { readAptSources } from '../../../platform/apt.ts'
import { archiveSettings, debianMirror } from '../../../platform/apt-sources.ts'
import { takeLock } from '../../../platform/lock.ts'
import { fillTemplate } from './engine.ts'
import { inside, namespaceProbe, template } from './namespace.ts'

/** A root folder with the engine in it, or why this machine cannot have one. */
export type Root = { readonly root: string } | { readonly absent: string }

/** Changes when what is in the root changes, so that an older one is not used for it. */
const version = 'documentdb-2'

/** Where peers are kept between runs: LUCID_PEERS, or `~/.cache/lucid-peers`. */
export const peersFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  env['LUCID_PEERS'] || join(homedir(), '.cache', 'lucid-peers')

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

const lastWords = (text: string): string =>
  text
    .trim()
    .split('\n')
    .filter((line) => /^E:|error|fail/i.test(line))
    .slice(-3)
    .join('; ') || text.trim().slice(-300)

/** Why nothing can be made or used here, whatever the network says; undefined when it can. */
const obstacle = async (): Promise<string | undefined> => {
  if (process.platform !== 'linux') return 'it needs Linux'
  if (process.getuid?.() !== 0) return 'it needs root, for a chroot'
  for (const tool of ['setpriv', 'unshare', 'chroot', 'mount'])
    if (Bun.which(tool) === null) return `${tool} is not installed (util-linux, coreutils)`
  const { code, err } = await live(namespaceProbe)
  return code === 0 ? undefined : `this machine allows no new namespaces: ${err.trim()}`
}

/** Builds beside and renames, so that a half-made root is never found. */
const build = async (root: string): Promise<Root> => {
  if (Bun.which('mmdebstrap') === null) return { absent: 'mmdebstrap is not installed' }
  const mirror = debianMirror(readAptSources())
  if (mirror === undefined) return { absent: 'apt knows no mirror of the Debian archive' }
  const settings = archiveSettings((await live(['apt-config', 'dump'])).out)
  const half = mkdtempSync(`${root}.half-`)
  try {
    const made = await live(bootstrap(half, mirror, settings))
    if (made.code !== 0) return { absent: `the archive at ${mirror} gave no root: ${lastWords(made.err)}` }
    for (const folder of [...Object.values(inside), template])
      mkdirSync(join(half, folder), { recursive: true })
    await fillTemplate(half)
    await live(['sync', '-f', half]) // a power cut must not leave a root with holes under the final name
    renameSync(half, root)
    return { root }
  } catch (error) {
    return { absent: `the engine could not be prepared: ${errorMessage(error)}` }
  } finally {
    rmSync(half, { recursive: true, force: true })
  }
}

/** Removes what earlier builds left half-made; only under the lock, when nobody builds. */
const sweep = (root: string): void => {
  const folder = dirname(root)
  for (const name of readdirSync(folder))
    if (join(folder, name).startsWith(`${root}.half-`))
      rmSync(join(folder, name), { recursive: true, force: true })
}

const found = (root: string): boolean => existsSync(root)

const findOrBuild = async (): Promise<Root> => {
  const obstacleHere = await obstacle()
  if (obstacleHere !== undefined) return { absent: obstacleHere }
  const root = join(peersFolder(process.env), version)
  while (!found(root)) {
    const lock = takeLock({ lock: `${root}.lock` })
    if (lock === undefined) {
      await Bun.sleep(200) // somebody builds it; then it is there, or it is ours to try
      continue
    }
    try {
      if (found(root)) break
      sweep(root)
      return await build(root)
    } finally {
      lock.release()
    }
  }
  return { root }
}

let asked: Promise<Root> | undefined

/**
 * A Debian sid root with PostgreSQL 18 and the DocumentDB extension, built at most once a machine (about
 * 40 s; a lock holds across processes) and found again after that. Asked at most once a process; never
 * throws for what the machine lacks.
 */
export const documentDbRoot = (): Promise<Root> => {
  asked ??= findOrBuild()
  return asked
}

/** Whether a root is there already, so that asking for it takes no time. */
export const isPrepared = (): boolean => found(join(peersFolder(process.env), version))
