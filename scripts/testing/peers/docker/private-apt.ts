import type { Argv } from '../../../cli/run.ts'

/** Asks apt, in its own configuration, for the archives it has: `origin|label|address`, one a line. */
export const archivesArgv: Argv = [
  'apt-get',
  'indextargets',
  '--format',
  '$(ORIGIN)|$(LABEL)|$(REPO_URI)',
  'Identifier: Packages',
]

/** Address of Debian's own archive among what `archivesArgv` printed; undefined when this machine has none. */
export const debianArchive = (lines: string): string | undefined =>
  lines
    .split('\n')
    .map((line) => line.split('|'))
    .find(([origin, label]) => origin === 'Debian' && label === 'Debian')?.[2]

/** A source of one suite. apt checks its signature with the keys it already trusts. */
export const sourceLine = (archive: string, suite: string): string => `deb ${archive} ${suite} main\n`

/** apt-get with sources, lists and cache of its own: the machine's packages are neither read nor changed. */
export const privateApt = (folder: string, args: readonly string[]): Argv => [
  'apt-get',
  '-qq',
  '-o',
  `Dir::Etc::SourceList=${folder}/sources.list`,
  '-o',
  'Dir::Etc::SourceParts=-',
  '-o',
  'Dir::Etc::Preferences=-',
  '-o',
  'Dir::Etc::PreferencesParts=-',
  '-o',
  `Dir::State::Lists=${folder}/lists`,
  '-o',
  'Dir::State::Status=/dev/null',
  '-o',
  `Dir::Cache=${folder}/cache`,
  '-o',
  'APT::Sandbox::User=root',
  ...args,
]
