import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Stack, stacks } from '#catalog'
import { findProgram } from '#common/process/program'
import { probeHealth } from '../../platform/health-probe.ts'
import { homeAt } from '../../platform/home.ts'
import { freePorts } from '../../platform/ports.ts'
import { planStages, prepareUnits } from '../../platform/prepare.ts'
import { lucid } from '../../platform/source.ts'
import { withStore } from '../../platform/store-env.ts'
import { startProcess, stopProcess, type Unit } from '../../platform/unit.ts'
import { documentDbRoot, startDocumentDb } from '../peers/documentdb/documentdb.ts'

/**
 * A platform that starts before its database, as after a power cut: every order of the stacks, and every way in which
 * a database is not there yet. The services are real processes, all started at once as an engine starts containers.
 */

const HANG = 300_000
/** The name of the database that nobody resolves until a line of /etc/hosts says so. */
const NAME = 'database.invalid'

type Absence = 'refuses' | 'accepts and says nothing' | 'has a name that nobody resolves'
type Case = { readonly order: readonly Stack[]; readonly absence: Absence; readonly awaySeconds: number }

const permute = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  items.length === 0
    ? [[]]
    : items.flatMap((first) => permute(items.filter((item) => item !== first)).map((rest) => [first, ...rest]))

const orders = permute(stacks)
const absences = ['refuses', 'accepts and says nothing', 'has a name that nobody resolves'] as const
const everyCase: readonly Case[] = orders.map((order, nth) => ({
  order,
  absence: absences[nth % 3] as Absence,
  awaySeconds: [0, 5, 5, 60][nth % 4] as number,
}))
const fewCases: readonly Case[] = [
  { order: stacks, absence: 'refuses', awaySeconds: 5 },
  { order: stacks.toReversed(), absence: 'accepts and says nothing', awaySeconds: 0 },
  { order: orders[9] ?? stacks, absence: 'has a name that nobody resolves', awaySeconds: 0 },
]
const full = process.env['LUCID_FULL'] === '1'

const root = await documentDbRoot()
const isRoot = process.getuid?.() === 0
if ('absent' in root) console.log(`NOT RUN: a platform that starts before its database: ${root.absent}`)
if (!full) console.log('NOT RUN: only with --full (a database that comes late, in all 24 orders of the stacks)')
if (!isRoot) console.log('NOT RUN: a database whose name is not resolved yet: an own /etc/hosts needs root')

const closers: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
}, HANG)

/** Accepts connections on `port` and never says anything. */
const listenSilently = (port: number) => Bun.listen({ hostname: '127.0.0.1', port, socket: { data: () => {} } })

/** The unit in a mount namespace of its own, where `hosts` is /etc/hosts. */
const withHosts = (unit: Unit, hosts: string): Unit => ({
  ...unit,
  argv: ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, ...unit.argv],
})

const prepareAll = async (home: string, host: string, databasePort: number) => {
  const has = (program: string) => findProgram(program, process.env['PATH']) !== undefined
  const { stages } = planStages(lucid, [], has)
  const services = stages.flatMap((stage) => stage.services)
  const labels = Object.entries(lucid.catalogue).flatMap(([name, { ports = {} }]) => [
    name,
    ...Object.keys(ports).map((what) => `${name}/${what}`),
  ])
  const url = `mongodb://${host}:${databasePort}/lucid?replicaSet=rs0`
  const ambient = withStore(process.env, url)
  // Every search for a primary fails soon: how long one takes is not what is tested.
  const env = Object.fromEntries(services.map((name) => [name, { MONGO_TIMEOUT_MS: '1000' }]))
  return [
    ...(await prepareUnits(lucid, { home: homeAt(home), services, ports: freePorts(labels), env, ambient })).values(),
  ]
}

const until = async <T>(what: string, ask: () => Promise<T | undefined>): Promise<T> => {
  const end = performance.now() + HANG - 60_000
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`never: ${what}`)
    await Bun.sleep(100)
  }
}

const waitsForStore = ({ failing }: Awaited<ReturnType<typeof probeHealth>>) =>
  failing.some((line) => line.startsWith('store:'))

describe.skipIf('absent' in root)(
  'a platform that starts before its database (MongoDB driver against DocumentDB)',
  () => {
    for (const { order, absence, awaySeconds } of full ? everyCase : fewCases)
      test.skipIf(!isRoot && absence === 'has a name that nobody resolves')(
        `which ${absence}, in the order ${order.join(', ')}, becomes healthy ${awaySeconds} s later by itself`,
        async () => {
          const folder = mkdtempSync(join(tmpdir(), 'lucid-late-'))
          closers.push(() => rmSync(folder, { recursive: true, force: true }))
          const port = freePorts(['database'])['database'] as number
          const unresolved = absence === 'has a name that nobody resolves'
          const hosts = join(folder, 'hosts')
          writeFileSync(hosts, readFileSync('/etc/hosts'))
          const silent = absence === 'accepts and says nothing' ? listenSilently(port) : undefined
          closers.push(() => silent?.stop(true))

          const units = await prepareAll(join(folder, 'home'), unresolved ? NAME : '127.0.0.1', port)
          const inOrder = order.flatMap((stack) => units.filter((unit) => unit.stack === stack))
          expect(inOrder).toHaveLength(units.length)
          const started = inOrder.map((unit) => startProcess(unresolved ? withHosts(unit, hosts) : unit, Date.now))
          closers.push(() => Promise.all(started.map((one) => stopProcess(one, 10_000))))

          // All that keep documents have failed to find the database once, and say so.
          await until('the services say that they wait', async () => {
            const health = await Promise.all(units.map(({ url }) => probeHealth(url)))
            const names = units.filter((_, nth) => waitsForStore(health[nth] as never)).map(({ name }) => name)
            return names.length >= 8 && names.includes('session-orchestrator') ? names : undefined
          })
          await Bun.sleep(awaySeconds * 1_000)

          silent?.stop(true)
          const database = await startDocumentDb({ folder: join(folder, 'database'), port })
          closers.push(database.stop)
          if (unresolved) writeFileSync(hosts, `127.0.0.1 localhost ${NAME}\n`)
          await until('all are healthy', async () => {
            const health = await Promise.all(units.map(({ url }) => probeHealth(url)))
            return health.every(({ healthy }) => healthy) ? true : undefined
          })
          expect(
            started.filter(({ process: { exitCode, signalCode } }) => exitCode !== null || signalCode !== null),
          ).toEqual([])
        },
        HANG,
      )
  },
)
