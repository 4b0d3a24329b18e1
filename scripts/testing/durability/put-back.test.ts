import { expect, test } from 'bun:test'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ok } from '#common/http/client'
import { entryFile } from '../../cli/entry.ts'
import { readSealed } from '../../doctor/recover/chain.ts'
import { probeHealth } from '../../platform/health-probe.ts'
import { homeAt } from '../../platform/home.ts'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { RECORDING } from '../../platform/source.ts'
import { exportBundle } from '../../session/bundle-file.ts'
import { defaultOwner } from '../../session/owner.ts'
import { chainFacts } from './chain-facts.ts'
import { bytesOf } from './source.ts'
import { openSuite } from './suite.ts'

/** Nothing here depends on how fast a machine is; a hang must end some day. */
const HANG = 5 * 60_000
const CHAIN = ['blockchain-ledger', 'blockchain-vm', 'blockchain-sessions-data'] as const
const SIZE = 3000

const { root, onClose } = openSuite('put-back', { hangMs: HANG })
let home = homeAt(join(root, 'home'))
let platform: Prepared | undefined
onClose(async () => platform?.stop())

const putBack = (names: readonly string[]): void => {
  for (const name of names) {
    rmSync(home.data(name), { recursive: true })
    cpSync(join(home.root, 'copies', name), home.data(name), { recursive: true })
  }
}
const copy = (names: readonly string[]): void => {
  for (const name of names) cpSync(home.data(name), join(home.root, 'copies', name), { recursive: true })
}

/** What a person does on this state folder: start, record, export, type a command. */
const openDesk = async () => {
  platform = await bringUp({ home, stacks: RECORDING, ports: 'free', ambient: process.env })
  const clients = operatorClients(home)
  const stateOf = async (id: string) => (await ok(clients.orchestrator().sessions({ id }).get())).state
  return {
    clients,
    health: (service: string) => probeHealth(platform?.urls[service] ?? ''),
    head: async () => (await ok(clients.chain().chain.get())).head,
    trust: async () => (await ok(clients.chain().chain.get())).sealer_public_key,
    until: async (id: string, state: string) => {
      while ((await stateOf(id)) !== state) await Bun.sleep(100)
    },
    record: async (seed: number): Promise<string> => {
      const { id } = await ok(clients.recorder().recordings.start.post({ owner: defaultOwner(home) }))
      const body = bytesOf({ seed, size: SIZE }, 0, SIZE)
      const path = `/recordings/${id}/stream?offset=0&end=true`
      await clients.raw('session-recorder', HANG)(path, { method: 'PATCH', body })
      while ((await stateOf(id)) !== 'anchored') await Bun.sleep(100)
      return id
    },
    export: (id: string, name: string) => exportBundle(clients, id, { file: join(root, name), onProgress: () => {} }),
    stop: async () => platform?.stop(),
  }
}

const type = async (name: string, ...args: readonly string[]) => {
  const child = Bun.spawn([process.execPath, entryFile(name), ...args], {
    env: { ...process.env, LUCID_HOME: home.root },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, code] = await Promise.all([new Response(child.stdout).text(), child.exited])
  return { out, code }
}
const verify = async (name: string, trust: string) => (await type('verify', join(root, name), '--trust', trust)).code

test(
  'a chain that is put back to older data stops, says so, and after a decision every lost anchor is made again under a new key',
  async () => {
    const first = await openDesk()
    const kept = await first.record(1)
    const founding = await first.trust()
    await first.stop()
    copy(CHAIN)

    const second = await openDesk()
    const lost = [await second.record(2), await second.record(3)]
    for (const [i, id] of lost.entries()) await second.export(id, `before-${i}.tar`)
    const { number: highest } = await second.head()
    await second.stop()
    // The whole volume goes back: the ledger's mark and the index with it. Only the client of the chain is younger.
    putBack(CHAIN)

    const third = await openDesk()
    for (const id of lost) await third.until(id, 'anchoring')
    const stopped = `history: the store ends at block 1, but this ledger sealed block ${highest}: it seals nothing until bun run recover chain decides`
    while (!(await third.health('blockchain-ledger')).failing.includes(stopped)) await Bun.sleep(100)
    for (const name of ['session-orchestrator', 'on-system-chain-client'])
      expect(await third.health(name)).toMatchObject({
        status: 'degraded',
        failing: [expect.stringContaining('the chain went back to older data')],
      })
    expect(await third.export(lost[0] ?? '', 'meanwhile.tar')).toMatchObject({ anchored: false })
    expect(await third.export(kept, 'kept.tar')).toMatchObject({ anchored: true })
    expect(await type('recover', 'chain')).toMatchObject({
      code: 1,
      out: expect.stringContaining('recover chain --go-on'),
    })
    expect((await third.head()).number).toBe(1)
    expect([await verify('before-0.tar', founding), await verify('kept.tar', founding)]).toEqual([0, 0])

    expect(await type('recover', 'chain', '--go-on')).toMatchObject({ code: 0 })
    for (const id of lost) await third.until(id, 'anchored')
    const trust = await third.trust()
    expect(trust).not.toBe(founding)
    for (const [i, id] of lost.entries()) await third.export(id, `after-${i}.tar`)
    expect([await verify('after-0.tar', trust), await verify('before-0.tar', founding)]).toEqual([0, 0])
    expect(await verify('after-0.tar', founding)).toBe(1)
    const blocks = await Promise.all(
      ['kept.tar', 'before-0.tar', 'before-1.tar', 'after-0.tar', 'after-1.tar'].map((name) =>
        readSealed(join(root, name)),
      ),
    )
    const hashes = new Map<string, string>()
    for (const { block, sealer } of blocks) {
      const place = `${sealer.public_key} ${block.number}`
      expect(hashes.get(place) ?? block.hash).toBe(block.hash)
      hashes.set(place, block.hash)
    }
    const names = ['blockchain-ledger', 'session-orchestrator', 'on-system-chain-client']
    for (const name of names) while (!(await third.health(name)).healthy) await Bun.sleep(100)
    expect((await type('recover', 'chain', '--bundle', join(root, 'before-1.tar'))).code).toBe(0)
    await third.record(4)
  },
  HANG,
)

test(
  'any other store that is put back alone costs no anchor, raises no incident, and registers nothing twice',
  async () => {
    home = homeAt(join(root, 'others'))
    const others = ['blockchain-vm', 'blockchain-sessions-data', 'on-system-chain-client', 'merkle-builder'] as const
    const first = await openDesk()
    const ids = [await first.record(11)]
    await first.stop()
    copy(others)
    const second = await openDesk()
    ids.push(await second.record(12), await second.record(13))
    const anchorsOf = async ({ clients }: Pick<typeof second, 'clients'>) =>
      Promise.all(ids.map(async (id) => (await ok(clients.orchestrator().sessions({ id }).get())).anchor))
    const before = await anchorsOf(second)
    await second.stop()
    for (const [i, name] of others.entries()) {
      putBack([name])
      const desk = await openDesk()
      // The newest session is asked about at the start; what is anchored now went through everything again.
      ids.push(await desk.record(20 + i))
      before.push((await anchorsOf(desk)).at(-1))
      for (const service of ['blockchain-ledger', 'session-orchestrator', 'on-system-chain-client'])
        while (!(await desk.health(service)).healthy) await Bun.sleep(100)
      expect({ name, anchors: await anchorsOf(desk) }).toEqual({ name, anchors: before })
      const chain = chainFacts(platform?.urls['blockchain-api'] ?? '')
      const registered = (await chain.registered()).map(({ session_id }) => session_id)
      expect({ name, registered: registered.toSorted() }).toEqual({ name, registered: ids.toSorted() })
      await desk.stop()
    }
  },
  HANG,
)
