import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog, type Entry, type ServiceName } from '#services/catalog'
import { urlKey } from '../process/env.ts'
import { identities } from './identities.ts'
import { startMain } from './start-main.ts'

/** Own keys of services, beside the common ones. */
export type OwnEnv = { readonly [N in ServiceName]?: Readonly<Record<string, string>> }

const SERVICES = join(import.meta.dir, '..', '..')

/**
 * The real services as processes on loopback, each with its own identity, for tests across services: nothing
 * of them is imported, so they can be killed like in life. `home` is an empty folder of the test's own.
 */
export const realServices = (home: string, own: OwnEnv = {}) => {
  const who = identities()
  const peersFile = join(home, 'identities.json')
  mkdirSync(home, { recursive: true })
  writeFileSync(peersFile, JSON.stringify(who.peers))
  const running = new Map<ServiceName, Bun.Subprocess>()
  const ports = new Map<ServiceName, number>()

  const url = (name: ServiceName) => {
    const port = ports.get(name)
    if (port === undefined) throw new Error(`${name} was not started`)
    return `http://127.0.0.1:${port}`
  }

  const readsOf = (name: ServiceName): readonly string[] => (catalog[name] as Entry).reads ?? []
  const hostFilesOf = (name: ServiceName) => Object.keys((catalog[name] as Entry).hostFiles ?? {})
  /** What is only read or can be away need not have been started: then it is where nothing listens. */
  const addressOf = (name: string) => `http://127.0.0.1:${ports.get(name as ServiceName) ?? 1}`

  const environment = (name: ServiceName): Record<string, string> => ({
    PORT: String(ports.get(name) ?? 0),
    LUCID_DATA: join(home, name),
    IDENTITY_KEY: who.key(name).reveal(),
    IDENTITY_PEERS_FILE: peersFile,
    ...Object.fromEntries(
      catalog[name].needs.map((need) => [
        urlKey(need),
        (catalog[name].tolerates as readonly string[]).includes(need) ? addressOf(need) : url(need),
      ]),
    ),
    ...Object.fromEntries(readsOf(name).map((read) => [urlKey(read), addressOf(read)])),
    ...Object.fromEntries(hostFilesOf(name).map((key) => [key, 'ab'.repeat(16)])),
    ...own[name],
  })

  /** Ends the process and waits until it is gone. */
  const kill = async (name: ServiceName, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const one = running.get(name)
    running.delete(name)
    one?.kill(signal)
    await one?.exited
  }

  return {
    url,
    kill,
    pid: (name: ServiceName) => running.get(name)?.pid ?? 0,
    /** Signs tokens as anybody of the catalogue. */
    as: who.sign,
    /** Starts (or starts again, on the same port and data) and resolves once it listens. Needs come first. */
    start: async (name: ServiceName): Promise<void> => {
      const main = startMain(join(SERVICES, name), environment(name), { waiting: true })
      running.set(name, main.process)
      ports.set(name, await main.port)
    },
    /** Kills what still runs. */
    stop: async () => {
      await Promise.all([...running.keys()].map((name) => kill(name)))
    },
  }
}

export type RealServices = ReturnType<typeof realServices>
