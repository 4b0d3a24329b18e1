import { CliError } from '../../cli/fail.ts'
import { type Argv, live } from '../../cli/run.ts'

/** Where a peer keeps what it makes, and what it is given. Paths are absolute. */
export type BackupPaths = {
  readonly input: string
  readonly repo: string
  readonly recipient: string
  readonly identity: string
}

/** Runs a command of a tool. Answers its wall time, ms; throws CliError with what it said when it fails. */
export const runTool = async (argv: Argv, env: Readonly<Record<string, string>> = {}): Promise<number> => {
  const { code, out, err, ms } = await live(argv, { env })
  if (code !== 0) throw new CliError(`${argv.join(' ')} failed (${code}): ${err.trim() || out.trim()}`)
  return ms
}

/** A tool that does part of what the pipeline does, as commands. */
export type Peer = {
  readonly name: string
  /** Programs that must be installed. */
  readonly programs: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Before the clock starts. */
  readonly prepare: (paths: BackupPaths) => readonly Argv[]
  readonly store: (paths: BackupPaths) => Argv
  /** Reads all data back and checks it. */
  readonly check: (paths: BackupPaths) => Argv
}

const password = { RESTIC_PASSWORD: 'benchmark', BORG_PASSPHRASE: 'benchmark' }
const borg = { ...password, BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes', BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes' }

/** The peers of the pipeline benchmark: deduplicating backup tools, the same steps as a Unix pipeline, the bare disk. */
export const peers: readonly Peer[] = [
  {
    name: 'restic',
    programs: ['restic'],
    env: password,
    prepare: ({ repo }) => [['restic', 'init', '--quiet', '--repo', repo]],
    store: ({ input, repo }) => ['restic', 'backup', '--quiet', '--repo', repo, input],
    check: ({ repo }) => ['restic', 'check', '--quiet', '--read-data', '--repo', repo],
  },
  {
    name: 'borg',
    programs: ['borg'],
    env: borg,
    prepare: ({ repo }) => [['borg', 'init', '--encryption', 'repokey-blake2', repo]],
    store: ({ input, repo }) => ['borg', 'create', '--compression', 'zstd,3', `${repo}::a`, input],
    check: ({ repo }) => ['borg', 'check', '--verify-data', repo],
  },
  {
    name: 'zstd|age|b3sum',
    programs: ['zstd', 'age', 'age-keygen', 'b3sum', 'tee', 'sync'],
    env: {},
    prepare: ({ repo, identity, recipient }) => [
      ['mkdir', '-p', repo],
      ['sh', '-c', 'age-keygen -o "$1" 2>/dev/null && age-keygen -y "$1" > "$2"', 'sh', identity, recipient],
    ],
    store: ({ input, repo, recipient }) => [
      'sh',
      '-c',
      'zstd -q -3 -c "$1" | age -R "$3" | tee "$2/out" | b3sum --no-names > "$2/sum" && sync "$2/out" "$2/sum"',
      'sh',
      input,
      repo,
      recipient,
    ],
    check: ({ repo, identity }) => [
      'sh',
      '-c',
      'test "$(b3sum --no-names "$1/out")" = "$(cat "$1/sum")" && age -d -i "$2" "$1/out" | zstd -q -d -c > /dev/null',
      'sh',
      repo,
      identity,
    ],
  },
  {
    // The disk's own limit.
    name: 'write + fsync',
    programs: ['dd', 'cmp'],
    env: {},
    prepare: ({ repo }) => [['mkdir', '-p', repo]],
    store: ({ input, repo }) => ['dd', `if=${input}`, `of=${repo}/copy`, 'bs=8M', 'oflag=dsync', 'status=none'],
    check: ({ input, repo }) => ['cmp', input, `${repo}/copy`],
  },
]
