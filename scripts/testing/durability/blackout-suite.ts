import { expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ok } from '#common/http/client'
import { entryFile } from '../../cli/entry.ts'
import { type Home, homeAt } from '../../platform/home.ts'
import { endAll, findLeftovers, homeMark } from '../../platform/leftovers.ts'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { processesWith, signal, waitForEnd } from '../../platform/process.ts'
import { requireRunning } from '../../platform/running.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { RECORDING } from '../../platform/source.ts'
import type { Ambient } from '../../platform/store-env.ts'
import { streamOf } from '../../session/input.ts'
import { defaultOwner } from '../../session/owner.ts'
import type { Clients } from '../../session/upload.ts'
import type { Killable, StoreKind, TestStore } from '../peers/stores.ts'
import { type Journal, openJournal } from './journal.ts'
import { recorders } from './recorders.ts'
import { judgeSessions } from './session-ends.ts'
import { paced, piecesOf } from './source.ts'
import { openSuite } from './suite.ts'
import { openVerdicts } from './verdict.ts'

/** Nothing here depends on how fast a machine is; a hang must end some day. */
const HANG = 5 * 60_000
const MIB = 1024 * 1024
const RATE = 10 * MIB
const size = 40 * MIB + 1

const command = (name: string, ...args: readonly string[]) => [process.execPath, entryFile(name), ...args]

/** `bun run record --input -` over a source at the pace of the test. */
const startRecord = (env: Ambient, source: { readonly seed: number; readonly size: number }) =>
  Bun.spawn(command('record', '--input', '-', '--json', '--wait', '300'), {
    env,
    stdin: streamOf(paced(piecesOf(source), { rate: RATE, pause: (ms) => Bun.sleep(ms) })),
    stdout: 'pipe',
    stderr: 'ignore',
  })

/** Waits until two recordings have something that is acknowledged, and notes what was promised to each. */
const awaitPromises = async (clients: Clients, journal: Journal, source: { seed: number; size: number }) => {
  const durable = async () =>
    (await ok(clients.recorder().recordings.get())).recordings.filter(({ acknowledged }) => acknowledged > 0)
  while ((await durable()).length < 2) await Bun.sleep(20)
  for (const { id, acknowledged } of await durable()) {
    journal.begin(id, 'stdin', source)
    journal.observe(id, acknowledged)
  }
}

/** SIGKILL to supervisor, services and database at once; nothing of them is left. */
const cutPower = async (home: Home, database: Killable | undefined): Promise<void> => {
  const { pid, services } = requireRunning(home)
  const pids = [pid, ...Object.values(services).map((service) => service.pid)]
  const databaseGone = database?.kill()
  for (const one of pids) signal(one, 'SIGKILL')
  await databaseGone
  expect(await waitForEnd(pids, HANG)).toEqual([])
}

/** The platform as an operator starts it, two clients that record, and the power cut in the middle of it. */
const recordAndCut = async ({ ambient, database }: TestStore, home: Home, journal: Journal) => {
  const env = { ...ambient, LUCID_HOME: home.root, RESUME_GRACE_MS: String(HANG) }
  const up = command('up', ...RECORDING, '--ports', 'free', '--detach')
  expect(await Bun.spawn(up, { env, stdio: ['ignore', 'ignore', 'ignore'] }).exited).toBe(0)
  const clients = operatorClients(home)
  const folder = join(home.root, '..', 'work')
  mkdirSync(folder)
  const source = { seed: 1, size }
  const recording = startRecord(env, source)
  const work = { clients, journal, owner: defaultOwner(home), folder, rate: RATE }
  const gaveUp = recorders.plain(work, { seed: 2, size }).then(
    () => 'sent all',
    () => 'gave up',
  )
  await awaitPromises(clients, journal, source)
  await cutPower(home, database)
  expect(await gaveUp).toBe('gave up')
  expect(processesWith(homeMark(home))).toEqual([])
  return recording
}

/** The promise that a power cut takes nothing back, the database's server included, on one kind of store. */
export const blackoutSuite = (kind: StoreKind): void => {
  const { root, onClose } = openSuite('blackout', { hangMs: HANG })
  const home = homeAt(join(root, 'home'))

  /** Fresh processes on the same state folder, on other ports. */
  const bringBack = async (ambient: Ambient, graceMs: number): Promise<Prepared> => {
    const env = { 'session-recorder': { RESUME_GRACE_MS: String(graceMs) } }
    const platform = await bringUp({ home, stacks: RECORDING, ports: 'free', env, ambient })
    onClose(platform.stop)
    return platform
  }

  test(
    `${kind.name}: after kill -9 of everything at once, a recording goes on or ends with a gap, and nothing acknowledged is lost`,
    async () => {
      const store = await kind.open(root)
      const { name, ambient, database } = store
      onClose(store.close)
      onClose(() => endAll(findLeftovers(home), 5_000))
      const journal = openJournal()
      const recording = await recordAndCut(store, home, journal)

      await database?.start()
      const second = await bringBack(ambient, HANG)
      const [out, code] = await Promise.all([new Response(recording.stdout).text(), recording.exited])
      const report = JSON.parse(out)
      expect({ code, ...report }).toMatchObject({ code: 0, state: 'anchored', complete: true, bytes: size })
      await second.stop()

      const third = await bringBack(ambient, 0)
      const context = await openVerdicts(third, operatorClients(home), join(root, 'bundles'))
      const verdicts = await judgeSessions(context, journal, HANG)
      expect(verdicts.flatMap(({ wrong }) => wrong)).toEqual([])
      const ends = Object.fromEntries(verdicts.map(({ id, end }) => [id, end]))
      const broken = journal.observations().find(({ id }) => id !== report.session_id)
      expect(ends).toEqual({ [report.session_id]: 'complete', [broken?.id ?? '']: 'gap' })
      const registered = (await context.chain.registered()).map((event) => event.session_id)
      expect(registered.toSorted()).toEqual(Object.keys(ends).toSorted())
      console.log(`blackout, ${name}: ${verdicts.map(({ id, end }) => `${id} ${end}`).join(', ')}`)
    },
    HANG,
  )
}
