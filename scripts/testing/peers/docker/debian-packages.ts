import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Argv, live } from '../../../cli/run.ts'
import { readAptSources } from '../../../platform/apt.ts'
import { debianMirror } from '../../../platform/apt-sources.ts'
import { makeOnce } from '../cache.ts'
import { type Absent, lastLine } from '../processes.ts'

/** Debian's first suite with an engine and a Compose newer than those of Debian 12. */
export const NEWER_SUITE = 'sid'

/** Programs of a newer suite that are kept apart from the machine's own. */
export type DebianPrograms = {
  /** Name of the folder that they are kept in. */
  readonly name: string
  readonly packages: readonly string[]
  /** Paths in the packages; each is kept by its last part. */
  readonly files: readonly string[]
}

/** apt-get with sources, lists and cache of its own: the machine's packages are neither read nor changed. */
export const privateApt = (folder: string, args: readonly string[]): Argv => [
  'apt-get',
  '-qq',
  ...[
    `Dir::Etc::SourceList=${folder}/sources.list`,
    'Dir::Etc::SourceParts=-',
    'Dir::Etc::Preferences=-',
    'Dir::Etc::PreferencesParts=-',
    `Dir::State::Lists=${folder}/lists`,
    'Dir::State::Status=/dev/null',
    `Dir::Cache=${folder}/cache`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]),
  ...args,
]

const fetchInto = async (folder: string, { packages, files }: DebianPrograms): Promise<Absent | undefined> => {
  const what = packages.join(', ')
  const archive = debianMirror(readAptSources())
  if (archive === undefined) return { absent: `apt knows no Debian archive to take ${what} from` }
  const run = async (argv: Argv): Promise<Absent | undefined> => {
    const { code, out, err } = await live(argv, { cwd: folder })
    return code === 0 ? undefined : { absent: `${argv[0]} for ${what} failed: ${lastLine(err || out)}` }
  }
  for (const path of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, path), { recursive: true })
  // apt checks its signature with the keys it already trusts.
  writeFileSync(join(folder, 'sources.list'), `deb ${archive} ${NEWER_SUITE} main\n`)
  for (const args of [['update'], ['download', ...packages]]) {
    const absent = await run(privateApt(folder, args))
    if (absent) return absent
  }
  for (const deb of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    const absent = await run(['dpkg-deb', '-x', deb, 'root'])
    if (absent) return absent
  }
  const gap = files.find((file) => !existsSync(join(folder, 'root', file)))
  return gap === undefined ? undefined : { absent: `no ${gap} in ${what}: the packages have changed` }
}

/** Folder with the programs, unpacked on first use. */
export const debianPrograms = (programs: DebianPrograms): Promise<{ readonly folder: string } | Absent> =>
  makeOnce(programs.name, async (folder) => {
    const work = join(folder, '.work')
    mkdirSync(work)
    const absent = await fetchInto(work, programs)
    if (absent) return absent
    for (const file of programs.files) renameSync(join(work, 'root', file), join(folder, basename(file)))
    rmSync(work, { recursive: true })
    return undefined
  })
