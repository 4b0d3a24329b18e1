import { join, resolve } from 'node:path'

/** The state folder: everything that `bun run up` keeps on this machine. All paths are absolute. */
export type Home = {
  readonly root: string
  readonly secrets: string
  readonly secret: (owner: string, key: string) => string
  readonly identities: string
  readonly data: (service: string) => string
  readonly log: (service: string) => string
  readonly run: string
  readonly record: string
  readonly lock: string
}

/** Layout of the state folder. `root` may be relative to the working directory. */
export const homeAt = (root: string): Home => {
  const base = resolve(root)
  return {
    root: base,
    secrets: join(base, 'secrets'),
    secret: (owner, key) => join(base, 'secrets', owner, key),
    identities: join(base, 'identities.json'),
    data: (service) => join(base, 'data', service),
    log: (service) => join(base, 'logs', `${service}.log`),
    run: join(base, 'run'),
    record: join(base, 'run', 'platform.json'),
    lock: join(base, 'run', 'lock'),
  }
}

/** The root of the repository. */
export const repository = resolve(import.meta.dir, '..', '..')

/** The state folder of this machine: LUCID_HOME, or `.lucid/` in the repository. */
export const homeFrom = (env: Readonly<Record<string, string | undefined>>): Home =>
  homeAt(env['LUCID_HOME'] || join(repository, '.lucid'))
