import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Argv, live } from '../../../cli/run.ts'
import { workFolder } from '../folder.ts'
import { archivesArgv, debianArchive, privateApt, sourceLine } from './private-apt.ts'

/** Debian's first suite with an engine and a Compose newer than those of Debian 12. */
export const NEWER_SUITE = 'sid'

/** Programs of a newer suite that are kept apart from the machine's own. */
export type Kept = {
  /** Name of the folder that they are kept in. */
  readonly name: string
  readonly packages: readonly string[]
  /** Paths in the packages; each is kept by its last part. */
  readonly files: readonly string[]
}

type Missing = { readonly absent: string }

/** What stopped the set-up, in one line. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

const demand = async (argv: Argv, cwd: string, what: string): Promise<string | Missing> => {
  const { code, out, err } = await live(argv, { cwd })
  return code === 0 ? out : { absent: `${argv[0]} for ${what} failed: ${lastLine(err || out)}` }
}

const isMissing = (answer: string | Missing): answer is Missing => typeof answer !== 'string'

const fetchInto = async (folder: string, { packages, files }: Kept): Promise<Missing | undefined> => {
  const what = packages.join(', ')
  const archives = await demand(archivesArgv, folder, what)
  if (isMissing(archives)) return archives
  const archive = debianArchive(archives)
  if (archive === undefined) return { absent: `apt knows no Debian archive to take ${what} from` }
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true })
  mkdirSync(join(folder, 'cache', 'archives', 'partial'), { recursive: true })
  writeFileSync(join(folder, 'sources.list'), sourceLine(archive, NEWER_SUITE))
  for (const args of [['update'], ['download', ...packages]]) {
    const answer = await demand(privateApt(folder, args), folder, what)
    if (isMissing(answer)) return answer
  }
  for (const deb of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    const answer = await demand(['dpkg-deb', '-x', deb, 'root'], folder, what)
    if (isMissing(answer)) return answer
  }
  const gap = files.find((file) => !existsSync(join(folder, 'root', file)))
  return gap === undefined ? undefined : { absent: `no ${gap} in ${what}: the packages have changed` }
}

/**
 * Folder with the kept programs, unpacked on first use. Of several processes that unpack at once one wins
 * whole and the others use what it made.
 */
export const keptPackages = async (
  peers: string,
  kept: Kept,
): Promise<{ readonly folder: string } | Missing> => {
  const target = join(peers, kept.name)
  if (existsSync(target)) return { folder: target }
  const work = workFolder(peers, kept.name)
  if ('absent' in work) return work
  const { folder } = work
  try {
    const absent = await fetchInto(folder, kept)
    if (absent) return absent
    const made = join(folder, 'made')
    mkdirSync(made)
    for (const file of kept.files) renameSync(join(folder, 'root', file), join(made, basename(file)))
    try {
      renameSync(made, target)
    } catch (error) {
      if (!existsSync(target)) throw error
    }
    return { folder: target }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
