import { CliError } from '../../cli/fail.ts'
import type { Lease } from '../../host/lease.ts'
import { commandLine, quote } from '../../host/quote.ts'
import type { ScriptResult } from '../../host/script.ts'
import { checkScript, filesScript } from '../content/files-script.ts'
import { findMigrations } from '../content/migrations.ts'
import { composeFile, type Release } from '../content/release.ts'
import { askLogs, askProbes, askStates, observeHost, readRelease } from '../host/observe.ts'
import type { ReleaseHost } from './release-host.ts'

/** Longest time of an engine's command that starts or ends containers, ms. */
const ENGINE_MS = 600_000

/** On the disk: the file, where `sync` takes one, else everything. */
const synced = (path: string): string => `{ sync ${path} 2>/dev/null || sync; }`

/** What other rooms do to a host, each under its lease. */
export type HostParts = Pick<ReleaseHost, 'bringImages' | 'prepare' | 'snapshot' | 'restore'> & {
  /** Removes images and blobs that none of these releases has, and snapshots that are not named. */
  readonly pruneRest: ReleaseHost['prune']
}

const lastWords = ({ err, out }: ScriptResult): readonly string[] =>
  (err.trim() || out.trim()).split('\n').filter(Boolean).slice(-8)

/** A host over a shell, under a lease. */
export const openShellHost = (lease: Lease, parts: HostParts): ReleaseHost => {
  const { shell, dir } = lease
  const change = async (what: string, script: string): Promise<void> => {
    const answer = await lease.run(script, { timeoutMs: ENGINE_MS })
    if (answer.code !== 0)
      throw new CliError(`${what}: ${lastWords(answer).at(-1) ?? `exit code ${answer.code}`}`, {
        details: lastWords(answer),
      })
  }
  const compose = (
    release: Release,
    stack: Parameters<ReleaseHost['up']>[1],
    ...words: readonly string[]
  ): string =>
    commandLine(
      'docker',
      'compose',
      '--file',
      `${dir}/releases/${release.id}/${composeFile(stack)}`,
      ...words,
    )

  return {
    name: shell.name,
    observe: () => observeHost(shell, dir),
    release: (id) => readRelease(shell, dir, id),
    journal: (entry) =>
      change(
        'the journal cannot be written',
        [
          // A line that a power cut left half must not take this one with it.
          '[ -z "$(tail -c 1 journal 2>/dev/null)" ] || echo >> journal',
          // Through cat, which says why it cannot write; a shell's own printf does not.
          `printf '%s\\n' ${quote(JSON.stringify(entry))} | cat >> journal && ${synced('journal')}`,
        ].join('\n'),
      ),
    putFiles: (bundle) => change('the files of the release cannot be written', filesScript(dir, bundle)),
    requireFiles: async (release) => {
      const { code } = await shell.run(checkScript(dir, release))
      if (code !== 0)
        throw new CliError(
          `${shell.name}: the files of ${release.id} were changed by hand or went bad: bun run deploy:pi brings a whole release`,
        )
    },
    up: (release, stack) =>
      change(
        `stack ${stack} cannot be started`,
        compose(release, stack, 'up', '--detach', '--no-build', '--remove-orphans'),
      ),
    stop: (release, stack) => change(`stack ${stack} cannot be stopped`, compose(release, stack, 'stop')),
    down: (release, stack) =>
      change(
        `stack ${stack} cannot be taken down`,
        // Its files are not there when they never came whole: then nothing of it was started, but for an older one's.
        `if [ -f ${quote(`${dir}/releases/${release.id}/${composeFile(stack)}`)} ]; then ${compose(release, stack, 'down', '--remove-orphans')}; else ${commandLine('docker', 'compose', '--project-name', `lucid-${stack}`, 'down', '--remove-orphans')}; fi`,
      ),
    states: (members) => askStates({ name: shell.name, run: lease.inspect }, members),
    probe: (members) => askProbes(shell, members),
    logs: (container) => askLogs(shell, container),
    commit: (id) =>
      change(
        'the release cannot be committed',
        id === undefined
          ? 'rm -f current && sync'
          : `printf '%s\\n' ${id} | cat > current.new && ${synced('current.new')} && mv -f current.new current && sync`,
      ),
    prune: async (keep) => {
      const ids = new Set(keep.releases.map(({ id }) => id))
      const support = new Set(keep.releases.flatMap((release) => Object.keys(release.support)))
      await change(
        'old releases cannot be removed',
        [
          `cd ${quote(dir)}`,
          'for d in releases/r-*; do [ -d "$d" ] || continue; case "$d" in',
          ...[...ids].map((id) => `releases/${id}) ;;`),
          '*) rm -rf "$d" ;; esac; done',
          'rm -rf releases/.*.part',
          'for f in files/*/*; do [ -f "$f" ] || continue; case "$f" in',
          ...[...support].map((path) => `${quote(path)}) ;;`),
          `*) rm -f "$f"; rmdir "\${f%/*}" 2>/dev/null || : ;; esac; done`,
        ].join('\n'),
      )
      await parts.pruneRest(keep)
    },
    bringImages: parts.bringImages,
    prepare: parts.prepare,
    snapshot: parts.snapshot,
    migrate: async ({ from, to }) => {
      for (const service of findMigrations(from, to)) {
        const [before = 0, after = 0] = [from, to].map(({ migrations }) => migrations[service]?.version)
        // The newer release knows the way, up and down.
        const newer = after > before ? to : from
        const stack = newer.stacks.find(({ members }) =>
          members.some((one) => one.service === service),
        )?.stack
        if (stack === undefined) continue
        await change(
          `the documents of ${service} cannot be brought from version ${before} to ${after}`,
          compose(
            newer,
            stack,
            'run',
            '--rm',
            '--no-deps',
            '--no-TTY',
            service,
            'migrate',
            after > before ? 'up' : 'down',
            `${after}`,
          ),
        )
      }
    },
    restore: parts.restore,
  }
}
