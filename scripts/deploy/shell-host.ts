import { CliError } from '../cli/fail.ts'
import type { Lease } from '../host/lease.ts'
import { line, quote } from '../host/quote.ts'
import type { Answer } from '../host/shell.ts'
import { composeFile, type Release } from '../plan/release/release.ts'
import { crossings } from '../plan/release/steps.ts'
import type { DeployHost } from './host.ts'
import { askStates, observeHost, readRelease } from './observe.ts'

/** Longest time of an engine's command that starts or ends containers, ms. */
const ENGINE_MS = 600_000
/** Lines of the culprit's log that are shown. */
const LOG_LINES = 20

/** On the disk: the file, where `sync` takes one, else everything. */
const synced = (path: string): string => `{ sync ${path} 2>/dev/null || sync; }`

/** What other rooms do to a host, each under its lease. */
export type HostParts = Pick<DeployHost, 'bringImages' | 'prepare' | 'snapshot' | 'restore'> & {
  /** Removes images and blobs that none of these releases has, and snapshots that are not named. */
  readonly pruneRest: DeployHost['prune']
}

/** A file of a script's own text: its mark is a line that no file holds. */
const hereDocument = (path: string, text: string): string => {
  const mark = `lucid-${crypto.randomUUID()}`
  const body = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return `cat > ${quote(path)} <<'${mark}'\n${body}${mark}`
}

/** Files of a release: complete under another name first, then renamed into place. */
export const filesScript = (
  dir: string,
  { release, files, support }: Parameters<DeployHost['putFiles']>[0],
): string => {
  const part = `${dir}/releases/.${release.id}.part`
  const whole = `${dir}/releases/${release.id}`
  return [
    'set -e',
    `mkdir -p ${quote(`${dir}/releases`)} ${quote(`${dir}/files`)}`,
    `chmod 755 ${quote(dir)} ${quote(`${dir}/files`)}`,
    ...Object.entries(support).flatMap(([path, text]) => {
      const at = `${dir}/${path}`
      const folder = at.slice(0, at.lastIndexOf('/'))
      return [
        `if [ ! -f ${quote(at)} ]; then`,
        `mkdir -p ${quote(folder)}; chmod 755 ${quote(folder)}`,
        hereDocument(`${at}.part`, text),
        `chmod 444 ${quote(`${at}.part`)}; mv -f ${quote(`${at}.part`)} ${quote(at)}`,
        'fi',
      ]
    }),
    hereDocument(`${dir}/deploy/signer.new`, release.signer),
    `mv -f ${quote(`${dir}/deploy/signer.new`)} ${quote(`${dir}/deploy/signer`)}`,
    `if [ ! -f ${quote(`${whole}/release.json`)} ]; then`,
    `rm -rf ${quote(part)} ${quote(whole)}; mkdir ${quote(part)}`,
    ...Object.entries(files).map(([name, text]) => hereDocument(`${part}/${name}`, text)),
    hereDocument(`${part}/release.json`, `${JSON.stringify(release)}\n`),
    'sync',
    `mv ${quote(part)} ${quote(whole)}`,
    'sync',
    'fi',
  ].join('\n')
}

const lastWords = ({ err, out }: Answer): readonly string[] =>
  (err.trim() || out.trim()).split('\n').filter(Boolean).slice(-8)

/** A host over a shell, under a lease. */
export const shellHost = (lease: Lease, parts: HostParts): DeployHost => {
  const { shell, dir } = lease
  const read = (script: string) => shell.run(script)
  const change = async (what: string, script: string): Promise<void> => {
    const answer = await lease.run(script, { timeoutMs: ENGINE_MS })
    if (answer.code !== 0)
      throw new CliError(`${what}: ${lastWords(answer).at(-1) ?? `exit code ${answer.code}`}`, {
        details: lastWords(answer),
      })
  }
  const compose = (
    release: Release,
    stack: Parameters<DeployHost['up']>[1],
    ...words: readonly string[]
  ): string =>
    line('docker', 'compose', '--file', `${dir}/releases/${release.id}/${composeFile(stack)}`, ...words)

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
        `if [ -f ${quote(`${dir}/releases/${release.id}/${composeFile(stack)}`)} ]; then ${compose(release, stack, 'down', '--remove-orphans')}; else ${line('docker', 'compose', '--project-name', `lucid-${stack}`, 'down', '--remove-orphans')}; fi`,
      ),
    states: (members) => askStates({ name: shell.name, run: lease.look }, members),
    probe: async (members) => {
      const asks = members.map(({ container, proof }) =>
        proof.kind === 'healthy'
          ? `( ${line('docker', 'exec', container, ...proof.command)} >/dev/null 2>&1 </dev/null && echo ${quote(container)} ) &`
          : ':',
      )
      const { out } = await read([...asks, 'wait'].join('\n'))
      return out.split('\n').filter(Boolean)
    },
    logs: async (container) => {
      const { out } = await read(`docker logs --tail ${LOG_LINES} ${quote(container)} 2>&1`)
      return out.trimEnd().split('\n').slice(-LOG_LINES)
    },
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
      for (const service of crossings(from, to)) {
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
