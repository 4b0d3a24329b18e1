import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { ok } from '#common/http/client'
import { faultOf } from '#common/testing/faults'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { RECORDING } from '../../platform/source.ts'
import { defaultOwner } from '../../session/owner.ts'
import { sendRest } from './full-disk.ts'
import { awaitSessionEnds } from './session-ends.ts'
import { bytesOf } from './source.ts'
import { openSuite } from './suite.ts'
import { openVerdicts, reachVerdict } from './verdict.ts'

const HANG = 5 * 60_000
const MIB = 1024 * 1024
const source = { seed: 3, size: 30 * MIB }

const { root, onClose } = openSuite('full', { hangMs: HANG })
let platform: Prepared | undefined
onClose(async () => platform?.stop())

/** The platform on the same state folder, with that much free space to be kept. */
const upKeeping = async (free: number): Promise<Prepared> => {
  await platform?.stop()
  const up = await bringUp({
    home: join(root, 'home'),
    stacks: RECORDING,
    ports: 'free',
    env: {
      'session-encryptor': { FREE_BYTES_KEPT: String(free) },
      'session-recorder': { RESUME_GRACE_MS: String(HANG) },
    },
    ambient: process.env,
  })
  platform = up
  return up
}

test(
  'on a full disk recordings are refused with disk-full, nothing acknowledged is lost, and all goes on when there is room',
  async () => {
    const roomy = await upKeeping(0)
    const clients = operatorClients(roomy.home)
    const owner = defaultOwner(roomy.home)
    const { id } = await ok(clients.recorder().recordings.start.post({ owner }))
    const half = bytesOf(source, 0, 20 * MIB)
    await clients.raw('session-recorder', HANG)(`/recordings/${id}/stream?offset=0&end=false`, {
      method: 'PATCH',
      body: half,
    })

    await upKeeping(Number.MAX_SAFE_INTEGER)
    const { acknowledged } = await ok(clients.recorder().recordings({ id }).get())
    expect(await sendRest(clients, id, source)).toEqual({ stands: acknowledged, fault: 'unavailable disk-full' })
    expect(await faultOf(() => ok(clients.recorder().recordings.start.post({ owner })))).toMatchObject({
      kind: 'unavailable',
      code: 'disk-full',
      message: 'the disk is full; free space and the recording goes on',
    })

    const again = await upKeeping(0)
    expect((await ok(clients.recorder().recordings({ id }).get())).acknowledged).toBe(acknowledged)
    expect(await sendRest(clients, id, source)).toEqual({ stands: source.size, fault: undefined })
    const [session] = await awaitSessionEnds(clients, [id], HANG)
    if (session === undefined) throw new Error('the session is gone')
    const context = await openVerdicts(again, clients, join(root, 'bundles'))
    expect(await reachVerdict(context, session, undefined)).toEqual({
      id,
      end: 'complete',
      bytes: source.size,
      chunks: 4,
      wrong: [],
    })
  },
  HANG,
)
