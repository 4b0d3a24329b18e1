import { CliError } from '../../cli/fail.ts'
import { commandLine, quote } from '../../host/quote.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'
import { type Bundle, listMembers, type Member, type Release } from '../content/release.ts'
import { hashText, parseRelease } from '../content/release-json.ts'
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

/** A release with the texts of its files, each as its hash in release.json says. Throws CliError when one is gone or changed. */
export const readBundle = async (shell: Shell, dir: string, id: string): Promise<Bundle> => {
  const release = await readRelease(shell, dir, id)
  if (release === undefined) throw new CliError(`${shell.name} has no files of ${id}`)
  const read = async (path: string, hash: string): Promise<string> => {
    const text = await requireSuccess(`${shell.name}: ${path}`, shell.run(`cat ${quote(`${dir}/${path}`)}`))
    if (hashText(text) !== hash)
      throw new CliError(
        `${shell.name}: ${path} was changed by hand: bun run deploy:pi puts a whole release there`,
      )
    return text
  }
  const all = async (texts: Readonly<Record<string, string>>, folder: string) => {
    const entries: (readonly [string, string])[] = []
    for (const [name, hash] of Object.entries(texts))
      entries.push([name, await read(`${folder}${name}`, hash)])
    return Object.fromEntries(entries)
  }
  return {
    release,
    files: await all(release.files, `releases/${id}/`),
    support: await all(release.support, ''),
  }
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

/** Lines of a container's log that are shown. */
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
