import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Argv, live } from '../../run.ts'
import { workFolder } from '../folder.ts'
import { archivesArgv, debianArchive, privateApt, sourceLine } from './private-apt.ts'

/** Debian's first suite with Compose 2.40; Debian 12's own is Compose 1.29, which is another program. */
const SUITE = 'sid'
const PACKAGE = 'docker-compose'
const PLUGIN = 'usr/libexec/docker/cli-plugins/docker-compose'

/** What stopped the set-up, in one line. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

const demand = async (argv: Argv, cwd: string): Promise<string | { readonly absent: string }> => {
  const { code, out, err } = await live(argv, { cwd })
  return code === 0 ? out : { absent: `${argv[0]} for Compose v2 failed: ${lastLine(err || out)}` }
}

const isAbsent = (answer: string | { readonly absent: string }): answer is { readonly absent: string } =>
  typeof answer !== 'string'

const fetchInto = async (folder: string): Promise<{ readonly absent: string } | undefined> => {
  const archives = await demand(archivesArgv, folder)
  if (isAbsent(archives)) return archives
  const archive = debianArchive(archives)
  if (archive === undefined) return { absent: 'apt knows no Debian archive to take Compose v2 from' }
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true })
  mkdirSync(join(folder, 'cache', 'archives', 'partial'), { recursive: true })
  writeFileSync(join(folder, 'sources.list'), sourceLine(archive, SUITE))
  for (const args of [['update'], ['download', PACKAGE]]) {
    const answer = await demand(privateApt(folder, args), folder)
    if (isAbsent(answer)) return answer
  }
  const deb = readdirSync(folder).find((name) => name.endsWith('.deb'))
  if (deb === undefined) return { absent: `apt downloaded no ${PACKAGE}` }
  const answer = await demand(['dpkg-deb', '-x', deb, 'root'], folder)
  if (isAbsent(answer)) return answer
  return existsSync(join(folder, 'root', PLUGIN))
    ? undefined
    : { absent: `${deb} has no ${PLUGIN}: the package has changed` }
}

/**
 * Path of the Compose v2 plugin, unpacked on first use and kept. Of several processes that unpack at once one
 * wins whole and the others use what it made.
 */
export const composePlugin = async (
  peers: string,
): Promise<{ readonly path: string } | { readonly absent: string }> => {
  const kept = join(peers, `compose-${SUITE}`)
  const path = join(kept, 'docker-compose')
  if (existsSync(path)) return { path }
  const work = workFolder(peers, 'compose')
  if ('absent' in work) return work
  const { folder } = work
  try {
    const absent = await fetchInto(folder)
    if (absent) return absent
    const made = join(folder, 'made')
    mkdirSync(made)
    renameSync(join(folder, 'root', PLUGIN), join(made, 'docker-compose'))
    try {
      renameSync(made, kept)
    } catch (error) {
      if (!existsSync(path)) throw error
    }
    return { path }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
