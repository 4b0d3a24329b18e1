import { readFileSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { errorCode } from '#common/process/error'
import { makePrivateFolder, replaceFile } from '../platform/files.ts'
import type { Config } from './config.ts'
import { LOCAL } from './endpoint.ts'

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

/** Keeps the sign-in on the platform of this machine for one `home` of several; one kept before there were several is read. */
const storeOf = (home: string, store: TokenStore): TokenStore => {
  const own = (name: string) =>
    `${name}@${new Bun.CryptoHasher('sha256').update(resolve(home)).digest('hex').slice(0, 12)}`
  const isLocal = (value: string) => (JSON.parse(value) as { url?: unknown }).url === LOCAL
  const read = async (name: string) => (await store.read(own(name))) ?? store.read(name)
  return {
    place: store.place,
    read,
    write: async (name, value) => {
      if (isLocal(value)) return store.write(own(name), value)
      await store.write(name, value)
      await store.remove(own(name))
    },
    remove: async (name) => store.remove(isLocal((await read(name)) ?? '{}') ? own(name) : name),
  }
}

/** The system's store where there is one that answers; LUCID_TOKENS=file does without. With LUCID_HOME, of that platform. */
export const openTokenStore = async (
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<TokenStore> => {
  const store = await chooseStore(config, env)
  return env['LUCID_HOME'] ? storeOf(env['LUCID_HOME'], store) : store
}

const chooseStore = async (config: Config, env: Readonly<Record<string, string | undefined>>): Promise<TokenStore> => {
  const unattended = process.platform === 'linux' && env['DBUS_SESSION_BUS_ADDRESS'] === undefined
  if (env['LUCID_TOKENS'] === 'file' || unattended) return fileStore(config)
  const system = systemStore(config)
  return system.read('probe').then(
    () => system,
    () => fileStore(config),
  )
}
