/**
 * Records more than a small disk holds, makes room, and goes on. Arguments: the state folder (whose
 * data/session-encryptor is that small disk), the ballast file on it, a folder for bundles. Prints what
 * happened as one JSON object.
 */
import { rmSync } from 'node:fs'
import { ok } from '#common/client'
import { bringUp } from '../platform/platform.ts'
import { operatorClients } from '../platform/session-client.ts'
import { defaultOwner } from '../session/owner.ts'
import { courtOf } from './court.ts'
import { sendRest } from './full-disk.ts'
import { judge } from './judge.ts'
import { settled } from './settled.ts'

const [home = '', ballast = '', bundles = ''] = process.argv.slice(2)
const MIB = 1024 * 1024
const source = { seed: 4, size: 40 * MIB }
const DEADLINE = 4 * 60_000

const env = {
  'session-encryptor': { FREE_BYTES_KEPT: '0' },
  'session-recorder': { RESUME_GRACE_MS: String(DEADLINE) },
}
const platform = await bringUp({ home, ports: 'free', env, ambient: process.env })
try {
  const clients = operatorClients(platform.home)
  const { id } = await ok(clients.recorder().recordings.start.post({ owner: defaultOwner(platform.home) }))
  const full = await sendRest(clients, id, source)
  await platform.kill('session-encryptor')
  await platform.healthy()
  const after = (await ok(clients.recorder().recordings({ id }).get())).acknowledged
  rmSync(ballast)
  const roomy = await sendRest(clients, id, source)
  const [session] = await settled(clients, [id], DEADLINE)
  if (session === undefined) throw new Error('the session is gone')
  const { end, bytes, wrong } = await judge(await courtOf(platform, clients, bundles), session, undefined)
  console.log(JSON.stringify({ full, after, roomy, end, bytes, wrong }))
} finally {
  await platform.stop()
}
