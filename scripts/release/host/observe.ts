import { CliError } from '../../cli/fail.ts'
import { collectFacts } from '../../host/collect.ts'
import { ConnectionLost } from '../../host/connection.ts'
import { commandLine, quote } from '../../host/quote.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'
import { keptPath } from '../content/files-script.ts'
import { type Bundle, listMembers, type Member, type Release } from '../content/release.ts'
import { hashText, parseRelease } from '../content/release-json.ts'
import type { Drift } from '../drift/drift.ts'
import { findDrift } from '../drift/find-drift.ts'
import { expectRelease } from '../expected/expect-release.ts'
import { findDifference } from '../run/gate-rules.ts'
import { parseJournal } from '../run/journal.ts'
import type { HostReleases, ReleaseHost } from '../run/release-host.ts'
import { parseStates, stateScript } from './container-states.ts'

/** What a host knows of its releases; nothing is changed. A host without Lucid has none. */
export const observeHost = async (shell: Shell, dir: string): Promise<HostReleases> => {
  const out = await requireSuccess(
    `${shell.name}: ${dir}`,
    shell.run(
      [
        `cd ${quote(dir)} 2>/dev/null || exit 0`,
        'printf "%s\\n" "$(cat deploy/current 2>/dev/null)"',
        'printf "%s\\n" "$(for f in releases/r-*/release.json; do [ -f "$f" ] && printf "%s " "$f"; done)"',
        'cat deploy/journal 2>/dev/null || :',
      ].join('\n'),
    ),
  )
  const [current = '', releases = '', ...journal] = out.split('\n')
  return {
    current: current.trim() || undefined,
    releases: releases.split(' ').flatMap((path) => path.split('/')[1] ?? []),
    entries: parseJournal(journal.join('\n')),
  }
}

/** A release that is on the host; undefined when it is not. Throws CliError when its file was changed. */
export const readRelease = async (shell: Shell, dir: string, id: string): Promise<Release | undefined> => {
  const { code, out } = await shell.run(`cat ${quote(`${dir}/releases/${id}/release.json`)}`)
  return code === 0 ? parseRelease(out, `${shell.name}: release ${id}`) : undefined
}

/** A release with the texts of its files, or the copies of those changed by hand. Throws CliError for a lost one. */
export const readBundle = async (shell: Shell, dir: string, id: string): Promise<Bundle> => {
  const release = await readRelease(shell, dir, id)
  if (release === undefined) throw new CliError(`${shell.name} has no files of ${id}`)
  const read = async (path: string, hash: string): Promise<string> => {
    for (const place of [path, keptPath(path)]) {
      const { code, out } = await shell.run(`cat ${quote(`${dir}/${place}`)} 2>/dev/null`)
      if (code === 0 && hashText(out) === hash) return out
    }
    throw new CliError(`${shell.name}: ${path} was changed by hand: bun run deploy:pi puts a whole release there`)
  }
  const all = async (texts: Readonly<Record<string, string>>, folder: string) =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(texts).map(async ([name, hash]) => [name, await read(`${folder}${name}`, hash)] as const),
      ),
    )
  return { release, files: await all(release.files, `releases/${id}/`), support: await all(release.support, '') }
}

/** What of a host is not as a release says, `files` as they were made. Throws ConnectionLost, CliError (the engine). */
export const observeDrift = async (
  shell: Pick<Shell, 'name' | 'run'>,
  dir: string,
  { release, files }: Pick<Bundle, 'release' | 'files'>,
  healthy?: Parameters<typeof findDrift>[1],
): Promise<readonly Drift[]> => {
  const { id, secrets } = release
  const facts = await collectFacts(shell, dir, 'release', { release: id, secrets })
  if (facts.engine.is !== 'up' || !facts.allContainers || facts.networks === undefined)
    throw new CliError(
      `${shell.name}: its engine does not tell what runs${facts.engine.is === 'down' ? `: ${facts.engine.why}` : ''}`,
    )
  return findDrift({ facts, release, dir, expected: expectRelease({ release, files }) }, healthy)
}

/** What of a host is not as its committed release says. `bundle`: its texts are taken when it is that release. */
export const inspectDrift = async (
  shell: Shell,
  dir: string,
  { current, bundle }: { readonly current: Release | undefined; readonly bundle: Bundle | undefined },
): Promise<readonly Drift[]> => {
  if (current === undefined) return []
  const texts =
    bundle?.release.id === current.id
      ? bundle
      : await readBundle(shell, dir, current.id).catch((error: unknown) => {
          if (error instanceof ConnectionLost) throw error
          return { release: current, files: {} }
        })
  return observeDrift(shell, dir, texts)
}

/** The containers of a release as the engine sees them; those that do not exist are left out. */
export const askStates = async (
  shell: Pick<Shell, 'name' | 'run'>,
  members: Parameters<ReleaseHost['states']>[0],
): ReturnType<ReleaseHost['states']> => {
  if (members.length === 0) return []
  const names = members.map(({ container }) => container)
  return parseStates(await shell.run(stateScript(names)), shell.name)
}

/** Runs the health checks of containers now, at once; names of those whose check ended with 0. */
export const askProbes = async (
  shell: Pick<Shell, 'run'>,
  members: readonly Pick<Member, 'container' | 'proof'>[],
): Promise<readonly string[]> => {
  const asks = members.flatMap(({ container, proof }) =>
    proof.kind === 'healthy' && proof.command.length > 0
      ? [
          `( ${commandLine('docker', 'exec', container, ...proof.command)} >/dev/null 2>&1 </dev/null && echo ${quote(container)} ) &`,
        ]
      : [],
  )
  const { out } = await shell.run([...asks, 'wait'].join('\n'))
  return out.split('\n').filter(Boolean)
}

const LOG_LINES = 20

/** The end of a container's log. */
export const askLogs = async (shell: Pick<Shell, 'run'>, container: string): Promise<readonly string[]> => {
  const { out } = await shell.run(`docker logs --tail ${LOG_LINES} ${quote(container)} 2>&1`)
  return out.trimEnd().split('\n').slice(-LOG_LINES)
}

/** What is not as a release says, a sentence a container; empty when all of it runs and is well. */
export const differences = async (shell: Shell, release: Release): Promise<readonly string[]> => {
  const members = listMembers(release)
  const states = new Map((await askStates(shell, members)).map((state) => [state.name, state]))
  return members.flatMap((member) => findDifference(member, states.get(member.container)) ?? [])
}
