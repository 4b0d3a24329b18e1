import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** What the command line keeps for the people of this machine; it goes with them, not with a platform. */
export type Config = {
  readonly root: string
  readonly keys: string
  /** The sealed key of that name. */
  readonly key: (name: string) => string
  /** The sign-in of that name, where the system has no secret store. */
  readonly signIn: (name: string) => string
  /** Taken while the sign-in of that name is changed. */
  readonly lock: (name: string) => string
}

/** Layout of the folder. */
export const configAt = (root: string): Config => {
  const base = resolve(root)
  return {
    root: base,
    keys: join(base, 'keys'),
    key: (name) => join(base, 'keys', `${name}.key`),
    signIn: (name) => join(base, 'sign-ins', `${name}.json`),
    lock: (name) => join(base, 'sign-ins', `${name}.lock`),
  }
}

/** LUCID_CONFIG, or `lucid` in the user's folder of configurations (XDG Base Directory). */
export const configFrom = (env: Readonly<Record<string, string | undefined>>): Config =>
  configAt(env['LUCID_CONFIG'] || join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'lucid'))
