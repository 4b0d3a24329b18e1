import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog } from '#catalog'
import { type ContainerState, parseContainerState } from '#common/host/facts/container'
import { STATE_FORMAT } from '#common/host/facts/inspect-format'
import { entryFile } from '../../../cli/entry.ts'
import { type Argv, live } from '../../../cli/run.ts'
import { homeAt, repository } from '../../../platform/home.ts'
import { takeLock } from '../../../platform/lock.ts'
import { writeRecord } from '../../../platform/record.ts'
import type { Release } from '../../../release/content/release.ts'
import { type Entry, groupRuns } from '../../../release/run/journal.ts'
import type { PlatformPi } from './platform-pi.ts'

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Everything that a person types and looks at, with one emulated Pi as the host. */
export const openOperator = ({ pi, env }: PlatformPi, folder: string) => {
  const home = homeAt(join(folder, 'home'))
  const ours = { ...env, LUCID_HOME: home.root }
  const argv = (name: string, words: readonly string[]): Argv => [process.execPath, entryFile(name), ...words]
  const host = (path: string) => pi.outside(`${pi.dir}/${path}`)
  return {
    /** `bun run NAME WORDS`, as typed. */
    type: (name: string, ...words: readonly string[]) => live(argv(name, words), { cwd: repository, env: ours }),
    /** The same inside the emulated Pi's network, where its published ports are. */
    typeInside: (name: string, ...words: readonly string[]) =>
      live(pi.engine.inside(argv(name, words)), { cwd: repository, env: ours }),
    containers: async (): Promise<Readonly<Record<string, ContainerState>>> => {
      const { out: ids } = await pi.engine.run(['ps', '--all', '--quiet'])
      const names = ids.split('\n').filter(Boolean)
      if (names.length === 0) return {}
      const { out } = await pi.engine.run(['inspect', '--format', STATE_FORMAT, ...names])
      return Object.fromEntries(
        out.split('\n').flatMap((line) => {
          const state = parseContainerState(line)
          return state === undefined ? [] : [[state.name, state] as const]
        }),
      )
    },
    /** The id of the committed release; undefined on an empty host. */
    current: () => read(host('deploy/current'))?.trim(),
    release: (id: string) => JSON.parse(read(host(`releases/${id}/release.json`)) ?? '') as Release, // written by the deployer
    /** Of the last run: ms from the line that says what failed to the line that says how it ended. */
    backAfter: () => {
      const entries = (read(host('deploy/journal')) ?? '')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Entry) // written by the deployer
      const last = groupRuns(entries).at(-1)
      const failed = last?.steps.find(({ phase }) => phase === 'failed')
      return (last?.end?.at ?? Number.NaN) - (failed?.at ?? Number.NaN)
    },
  }
}

export type Operator = ReturnType<typeof openOperator>

/**
 * Makes this operator the operator of the emulated Pi's platform: its keys, and a record that says where the published
 * ports are, as `bun run up` would leave it on the machine where the platform runs. Answers how to end it.
 */
export const operate = ({ pi }: PlatformPi, folder: string): (() => void) => {
  const home = homeAt(join(folder, 'home'))
  mkdirSync(join(home.secrets, 'operator'), { recursive: true, mode: 0o700 })
  for (const key of ['IDENTITY_KEY', 'OWNER_KEY'])
    cpSync(pi.outside(`${pi.dir}/secrets/operator/${key}`), home.secret('operator', key))
  const lock = takeLock(home)
  if (lock === undefined) throw new Error('the state folder of the test is taken')
  writeRecord(home, {
    pid: process.pid,
    started_at: 0,
    absent: {},
    services: Object.fromEntries(
      Object.entries(catalog).map(([name, { hostPort, stack }]) => [
        name,
        { pid: process.pid, port: hostPort, url: `http://127.0.0.1:${hostPort}`, stack, started_at: 0, restarts: 0 },
      ]),
    ),
  })
  return lock.release
}
