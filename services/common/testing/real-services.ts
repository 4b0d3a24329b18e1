import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CallerName, catalog, clients, type Entry, type ServiceName } from '#services/catalog'
import { derivePublicKey, type Peers, type Sign, signer } from '../http/identity.ts'
import { Secret, urlKey } from '../process/env.ts'

/** Own keys of services, beside the common ones. */
export type OwnEnv = { readonly [N in ServiceName]?: Readonly<Record<string, string>> }

export type RealServices = {
  /** Starts (or starts again, on the same port and data) and resolves once it listens. Needs come first. */
  readonly start: (name: ServiceName) => Promise<void>
  /** Ends the process and waits until it is gone. */
  readonly kill: (name: ServiceName, signal?: NodeJS.Signals) => Promise<void>
  readonly url: (name: ServiceName) => string
  readonly pid: (name: ServiceName) => number
  /** Signs tokens as anybody of the catalogue. */
  readonly as: (caller: CallerName) => Sign
  /** Kills what still runs. */
  readonly stop: () => Promise<void>
}

type Running = { readonly process: Bun.Subprocess<'ignore', 'pipe', 'pipe'> }

const ROOT = join(import.meta.dir, '..', '..', '..')
const KEPT_LINES = 50

const randomKey = () => crypto.getRandomValues(new Uint8Array(32)).toHex()

/** Follows a log until the line that tells the port, and drains it for ever after. */
const portOf = (stream: ReadableStream<Uint8Array>, said: string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const read = async () => {
      let rest = ''
      const decoder = new TextDecoder()
      for await (const bytes of stream) {
        const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          said.push(line)
          if (said.length > KEPT_LINES) said.shift()
          // While it waits for its database it listens too, and says why on /health.
          if (/"event":"(?:listening|waiting)"/.test(line)) resolve(Number(JSON.parse(line).port))
        }
      }
      reject(new Error(`ended before it listened:\n${said.join('\n')}`))
    }
    read().catch(reject)
  })

/** A fresh key for everybody in the catalogue, and the file of all public keys under `home`. */
const newIdentities = (home: string) => {
  const names = [...Object.keys(catalog), ...Object.keys(clients)] as CallerName[]
  const keys = new Map(names.map((name) => [name, new Secret(randomKey())]))
  const keyOf = (name: CallerName): Secret => keys.get(name) ?? new Secret(randomKey())
  const peers: Peers = Object.fromEntries(names.map((name) => [name, derivePublicKey(keyOf(name))]))
  const peersFile = join(home, 'identities.json')
  mkdirSync(home, { recursive: true })
  writeFileSync(peersFile, JSON.stringify(peers))
  return { keyOf, peersFile }
}

/**
 * The real services as processes on loopback, each with its own identity, for tests across services: nothing
 * of them is imported, so they can be killed like in life. `home` is an empty folder of the test's own.
 */
export const realServices = (home: string, own: OwnEnv = {}): RealServices => {
  const { keyOf, peersFile } = newIdentities(home)
  const running = new Map<ServiceName, Running>()
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
    PATH: String(Bun.env['PATH']),
    HOST: '127.0.0.1',
    PORT: String(ports.get(name) ?? 0),
    LUCID_ENV: 'development',
    LUCID_DATA: join(home, name),
    IDENTITY_KEY: keyOf(name).reveal(),
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

  const kill: RealServices['kill'] = async (name, signal = 'SIGKILL') => {
    const one = running.get(name)
    running.delete(name)
    one?.process.kill(signal)
    await one?.process.exited
  }

  return {
    url,
    kill,
    pid: (name) => running.get(name)?.process.pid ?? 0,
    as: (caller) => signer({ name: caller, key: keyOf(caller) }),
    start: async (name) => {
      const command = [process.execPath, join(ROOT, 'services', name, 'main.ts')]
      const child = Bun.spawn(command, {
        cwd: ROOT,
        env: environment(name),
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      })
      const said: string[] = []
      const one: Running = { process: child }
      running.set(name, one)
      // What a crash says goes to stderr: kept beside the log for the message of a failed start.
      portOf(child.stderr, said).catch(() => {})
      ports.set(name, await portOf(child.stdout, said))
    },
    stop: async () => {
      await Promise.all([...running.keys()].map((name) => kill(name)))
    },
  }
}
