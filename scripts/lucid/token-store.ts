import { readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode } from '#common/process/error'
import { makePrivateFolder, replaceFile } from '../platform/files.ts'
import type { Config } from './config.ts'

/** Where sign-ins are kept, by name; a value is text that nobody else may read. */
export type TokenStore = {
  readonly place: string
  readonly read: (name: string) => Promise<string | undefined>
  readonly write: (name: string, value: string) => Promise<void>
  readonly remove: (name: string) => Promise<void>
}

/** Files of mode 0600. */
export const fileStore = (config: Config): TokenStore => ({
  place: 'a file that only you can read',
  read: async (name) => {
    try {
      return readFileSync(config.signIn(name), 'utf8')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw error
    }
  },
  write: async (name, value) => {
    makePrivateFolder(dirname(config.signIn(name)))
    replaceFile(config.signIn(name), value, { durable: true })
  },
  remove: async (name) => rmSync(config.signIn(name), { force: true }),
})

/** Keychain, libsecret or the Windows credential manager. */
const systemStore = ({ root }: Config): TokenStore => {
  const at = (name: string) => ({ service: `lucid ${root}`, name })
  return {
    place: "the system's secret store",
    read: async (name) => (await Bun.secrets.get(at(name))) ?? undefined,
    write: async (name, value) => Bun.secrets.set({ ...at(name), value }),
    remove: async (name) => void (await Bun.secrets.delete(at(name))),
  }
}

/** The system's store where there is one that answers; LUCID_TOKENS=file does without. */
export const openTokenStore = async (
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<TokenStore> => {
  const unattended = process.platform === 'linux' && env['DBUS_SESSION_BUS_ADDRESS'] === undefined
  if (env['LUCID_TOKENS'] === 'file' || unattended) return fileStore(config)
  const system = systemStore(config)
  return system.read('probe').then(
    () => system,
    () => fileStore(config),
  )
}
