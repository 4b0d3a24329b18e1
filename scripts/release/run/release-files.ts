import { CliError } from '../../cli/fail.ts'
import type { Lease } from '../../host/lease.ts'
import { quote } from '../../host/quote.ts'
import { filesScript, mendScript } from '../content/files-script.ts'
import { observeHost, readRelease } from '../host/observe.ts'
import { change } from './change.ts'
import type { ReleaseHost } from './release-host.ts'

/** On the disk: the file, where `sync` takes one, else everything. */
const synced = (path: string): string => `{ sync ${path} 2>/dev/null || sync; }`

type ReleaseFiles = Pick<
  ReleaseHost,
  'observe' | 'release' | 'journal' | 'putFiles' | 'requireFiles' | 'commit' | 'prune'
>

/** The files under DIR: releases, what containers mount, journal, and the pointer to the committed release. */
export const openReleaseFiles = (lease: Lease): ReleaseFiles => {
  const { shell, dir } = lease
  return {
    observe: () => observeHost(shell, dir),
    release: (id) => readRelease(shell, dir, id),
    journal: (entry) =>
      change(
        lease,
        'the journal cannot be written',
        [
          // A line that a power cut left half must not take this one with it.
          '[ -z "$(tail -c 1 journal 2>/dev/null)" ] || echo >> journal',
          // Through cat, which says why it cannot write; a shell's own printf does not.
          `printf '%s\\n' ${quote(JSON.stringify(entry))} | cat >> journal && ${synced('journal')}`,
        ].join('\n'),
      ),
    putFiles: (bundle) => change(lease, 'the files of the release cannot be written', filesScript(dir, bundle)),
    requireFiles: async (release) => {
      const { code, out } = await lease.run(mendScript(dir, release))
      if (code !== 0)
        throw new CliError(
          `${shell.name}: the files of ${release.id} were changed by hand or went bad: bun run deploy:pi from a checkout of ${release.revision.slice(0, 12)} puts them right`,
        )
      return out.split('\n').filter(Boolean)
    },
    commit: (id) =>
      change(
        lease,
        'the release cannot be committed',
        id === undefined
          ? 'rm -f current && sync'
          : `printf '%s\\n' ${id} | cat > current.new && ${synced('current.new')} && mv -f current.new current && sync`,
      ),
    prune: ({ releases }) => {
      const ids = new Set(releases.map(({ id }) => id))
      const support = new Set(releases.flatMap((release) => Object.keys(release.support)))
      return change(
        lease,
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
    },
  }
}
