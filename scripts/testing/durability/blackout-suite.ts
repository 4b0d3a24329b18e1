import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ok } from '#common/http/client'
import { entryFile } from '../../cli/entry.ts'
import { homeAt } from '../../platform/home.ts'
import { endAll, findLeftovers, homeMark } from '../../platform/leftovers.ts'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { processesWith, signal, waitForEnd } from '../../platform/process.ts'
import { requireRunning } from '../../platform/running.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { RECORDING } from '../../platform/source.ts'
import type { Ambient } from '../../platform/store-env.ts'
import { defaultOwner } from '../../session/owner.ts'
import type { Place, PlaceKind } from '../peers/place.ts'
import { courtOf } from './court.ts'
import { journal } from './journal.ts'
import { judge } from './judge.ts'
import { recorders } from './recorders.ts'
import { settled } from './settled.ts'
import { bodyFrom, paced, piecesOf } from './source.ts'

/** Nothing here depends on how fast a machine is; a hang must end some day. */
const HANG = 5 * 60_000
const MIB = 1024 * 1024
const RATE = 10 * MIB
const size = 40 * MIB + 1

const command = (name: string, ...args: readonly string[]) => [process.execPath, entryFile(name), ...args]

/** The promise that a power cut takes nothing back, the database's server included, on one kind of store. */
export const blackoutSuite = (kind: PlaceKind): void => {
  const root = mkdtempSync(join(tmpdir(), 'lucid-blackout-'))
  const home = homeAt(join(root, 'home'))
  let place: Place | undefined
  let platform: Prepared | undefined
  afterAll(async () => {
    await platform?.stop()
    await endAll(findLeftovers(home), 5_000)
    await place?.giveBack()
    rmSync(root, { recursive: true, force: true })
  }, HANG)

  /** Fresh processes on the same state folder, on other ports. */
  const again = async (ambient: Ambient, graceMs: number): Promise<Prepared> => {
    const up = await bringUp({
      home,
      stacks: RECORDING,
      ports: 'free',
      env: { 'session-recorder': { RESUME_GRACE_MS: String(graceMs) } },
      ambient,
    })
    platform = up
    return up
  }

  test(
    `${kind.name}: after kill -9 of everything at once, a recording goes on or ends with a gap, and nothing acknowledged is lost`,
    async () => {
      place = await kind.open(root)
      const { ambient, database } = place
      const environment = { ...ambient, LUCID_HOME: home.root, RESUME_GRACE_MS: String(HANG) }
      const first = Bun.spawn(command('up', ...RECORDING, '--ports', 'free', '--detach'), {
        env: environment,
        stdout: 'ignore',
        stderr: 'ignore',
      })
      expect(await first.exited).toBe(0)
      const clients = operatorClients(home)
      const seen = journal()
      mkdirSync(join(root, 'work'))

      const cli = { seed: 1, size }
      const recording = Bun.spawn(command('record', '--input', '-', '--json', '--wait', '300'), {
        env: environment,
        stdin: bodyFrom(paced(piecesOf(cli), { rate: RATE, pause: (ms) => Bun.sleep(ms) })),
        stdout: 'pipe',
        stderr: 'ignore',
      })
      const plain = { seed: 2, size }
      const work = {
        clients,
        journal: seen,
        owner: defaultOwner(home),
        folder: join(root, 'work'),
        rate: RATE,
      }
      const gaveUp = recorders.plain(work, plain).then(
        () => 'sent all',
        () => 'gave up',
      )
      const standing = async () => (await ok(clients.recorder().recordings.get())).recordings
      const durable = async () => (await standing()).filter(({ acknowledged }) => acknowledged > 0)
      while ((await durable()).length < 2) await Bun.sleep(20)
      for (const { id, acknowledged } of await durable()) {
        seen.begin(id, 'stdin', cli)
        seen.look(id, acknowledged)
      }

      const { pid, services } = requireRunning(home)
      const pids = [pid, ...Object.values(services).map((service) => service.pid)]
      const databaseGone = database?.kill()
      for (const one of pids) signal(one, 'SIGKILL')
      await databaseGone
      expect(await waitForEnd(pids, HANG)).toEqual([])
      expect(await gaveUp).toBe('gave up')
      expect(processesWith(homeMark(home))).toEqual([])

      await database?.start()
      const second = await again(ambient, HANG)
      const [said, code] = await Promise.all([new Response(recording.stdout).text(), recording.exited])
      expect({ code, ...JSON.parse(said) }).toMatchObject({
        code: 0,
        state: 'anchored',
        complete: true,
        bytes: size,
      })
      const { session_id } = JSON.parse(said)
      await second.stop()

      const third = await again(ambient, 0)
      const all = seen.seen()
      const sessions = await settled(
        clients,
        all.map(({ id }) => id),
        HANG,
      )
      const court = await courtOf(third, clients, join(root, 'bundles'))
      const judged = await Promise.all(
        sessions.map((session) =>
          judge(
            court,
            session,
            all.find(({ id }) => id === session.id),
          ),
        ),
      )
      expect(judged.flatMap(({ wrong }) => wrong)).toEqual([])
      const ends = Object.fromEntries(judged.map(({ id, end }) => [id, end]))
      const broken = all.find(({ id }) => id !== session_id)
      expect(ends).toEqual({ [session_id]: 'complete', [broken?.id ?? '']: 'gap' })
      const registered = (await court.chain.registered()).map((event) => event.session_id)
      expect(registered.toSorted()).toEqual(Object.keys(ends).toSorted())
      console.log(`blackout, ${place.name}: ${judged.map(({ id, end }) => `${id} ${end}`).join(', ')}`)
    },
    HANG,
  )
}
