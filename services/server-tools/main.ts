import { catalog, clients, type Entry, stock, tools } from '#catalog'
import { streams } from '#common/cli/streams'
import { printer } from '#common/cli/text'
import { addressesOf } from '#common/http/name-server'
import { version } from '#common/http/service'
import { Secret, urlKey } from '#common/process/env'
import { machineRandom } from '#common/process/random'
import { dial } from './dial.ts'
import { lines } from './lines.ts'
import { run } from './run.ts'

const PATIENCE = 2000

/** The operator's, mounted for the commands that sign. */
const identity = async () =>
  new Secret((await Bun.file(Bun.env['IDENTITY_KEY_FILE'] || '/run/secrets/IDENTITY_KEY').text()).trim())

const out = printer(streams.out)
const err = printer(streams.err)

/** On the host's network, as `exercise`: the ports that it publishes. */
const asOperator = {
  urlOf: (name: string) =>
    Bun.env[urlKey(name)] || `http://127.0.0.1:${(catalog as Readonly<Record<string, Entry>>)[name]?.hostPort}`,
  ...{ identity, request: fetch, out, err },
}

process.exitCode = await run(process.argv.slice(2), {
  known: {
    services: catalog,
    stock,
    clients,
    networks: tools['server-tools'].networks,
    addresses: Object.fromEntries(Object.keys(catalog).map((name) => [name, Bun.env[urlKey(name)]])),
  },
  network: {
    resolve: (host) => addressesOf(host, { timeoutMs: PATIENCE / 2 }),
    dial: (address, port) => dial(address, port, { timeoutMs: PATIENCE }),
  },
  versions: {
    lucid: version,
    // Given by whoever builds the image.
    revision: Bun.env['LUCID_REVISION'] ?? 'unknown: this was not started from an image',
    bun: Bun.version,
    platform: `${process.platform}/${process.arch}`,
  },
  host: {
    input: () => Bun.stdin.text(),
    random: machineRandom,
    folder: '/lucid',
    volumes: '/volumes',
    lines: lines(() => Bun.stdin.stream()),
    backup: {
      source: '/source',
      repository: '/repository',
      key: '/key',
      cache: '/cache',
      target: '/target',
      operator: '/operator',
    },
  },
  own: {
    // Loaded only when asked for: cron and people ask for different things, and none shall wait for the other's code.
    watch: async (words) => {
      const { watchHost } = await import('./watch/watch-host.ts')
      return watchHost({
        listed: catalog,
        stock,
        argv: words,
        state: Bun.env['HEALTH_STATE'] || '/health',
        webhook: Bun.env['HEALTH_WEBHOOK'],
        stdin: () => Bun.stdin.text(),
        now: Date.now,
        out,
        err,
      })
    },
    exercise: async () => {
      const { runProbeCommand } = await import('./probe-command.ts')
      return runProbeCommand({
        stdin: () => Bun.stdin.text(),
        identity,
        request: fetch,
        random: machineRandom,
        uuid: () => crypto.randomUUID(),
        now: Date.now,
        pause: Bun.sleep,
        out,
        err,
      })
    },
    'admin-code': async (words) => (await import('./admin-code.ts')).runAdminCode(words, asOperator),
    ask: async (words) => (await import('./ask.ts')).runAsk(words, asOperator),
  },
  now: Date.now,
  out,
  err,
})
