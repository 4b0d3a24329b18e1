/**
 * The whole platform on a small volume of its own that is filled to the last byte, emptied again, and filled again:
 * `unshare --mount bun full-volume.fixture.ts FOLDER`. In each round short recordings are begun, the volume is filled
 * while they are on their way to the chain, and some services are killed and must start on the full volume. Prints
 * a line of JSON a round: what became of the recordings that were acknowledged.
 */
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ok } from '#common/http/client'
import { faultOf } from '#common/testing/faults'
import { bringUp } from '../../platform/platform.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { RECORDING } from '../../platform/source.ts'
import { defaultOwner } from '../../session/owner.ts'
import { bytesOf } from './source.ts'

const SIZE_MB = 64
const PIECE = new Uint8Array(256 * 1024)
const SIZE = 3000
const AT_ONCE = 6

/** Bytes that each round leaves free, and who is killed on the full volume. */
const rounds = [
  { free: 0, killed: ['blockchain-ledger', 'session-orchestrator'] },
  { free: 20_000, killed: ['blockchain-vm', 'on-system-chain-client'] },
  { free: 40_000, killed: ['blockchain-sessions-data', 'merkle-builder'] },
] as const

const [root = ''] = process.argv.slice(2)
const mounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'tmpfs', root])
if (mounted.exitCode !== 0) throw new Error(mounted.stderr.toString())

const platform = await bringUp({
  home: join(root, 'home'),
  stacks: RECORDING,
  ports: 'free',
  env: { 'session-encryptor': { FREE_BYTES_KEPT: '0' } },
  ambient: process.env,
})
const clients = operatorClients(platform.home)
const owner = defaultOwner(platform.home)
const filler = join(root, 'filler')

const fill = (free: number): void => {
  const file = openSync(filler, 'a')
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(root)
      const size = Math.min(bavail * bsize - free, PIECE.length)
      if (size <= 0 || writeSync(file, PIECE, 0, size) === 0) return
    }
  } catch {
    // The last page went to somebody else: it is full.
  } finally {
    closeSync(file)
  }
}

const record = async (seed: number): Promise<string | undefined> => {
  const started = await ok(clients.recorder().recordings.start.post({ owner })).catch(() => undefined)
  if (started === undefined) return undefined
  const path = `/recordings/${started.id}/stream?offset=0&end=true`
  const body = bytesOf({ seed, size: SIZE }, 0, SIZE)
  const fault = await faultOf(() => clients.raw('session-recorder')(path, { method: 'PATCH', body }))
  return fault === 'no fault' ? started.id : undefined
}

const stateOf = async (id: string): Promise<string> => {
  const session = await ok(clients.orchestrator().sessions({ id }).get()).catch(() => undefined)
  return session?.state ?? 'unknown'
}

for (const [round, { free, killed }] of rounds.entries()) {
  // Before it is full some are acknowledged for certain; of the others some are.
  const early = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => record(100 * round + i)))
  fill(free)
  const filling = setInterval(() => fill(free), 100)
  const late = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => record(100 * round + 50 + i)))
  for (const name of killed) await platform.kill(name)
  await Bun.sleep(2_000) // some tries to start on the full volume
  clearInterval(filling)
  rmSync(filler)
  const acknowledged = [...early, ...late].filter((id) => id !== undefined)
  const open = new Set(acknowledged)
  while (open.size > 0) {
    for (const id of open) if (['anchored', 'failed'].includes(await stateOf(id))) open.delete(id)
    await Bun.sleep(200)
  }
  await platform.healthy(10 * 60_000)
  const states = await Promise.all(acknowledged.map(stateOf))
  process.stdout.write(`${JSON.stringify({ round, early: early.length, states })}\n`)
}
await platform.stop()
process.exit(0)
