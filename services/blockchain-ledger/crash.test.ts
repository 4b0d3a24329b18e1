import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { anchorTx } from '#services/blockchain-vm/fixture'
import { machine } from '#services/blockchain-vm/machine'
import { nodeStore } from '#services/blockchain-vm/store'
import { identity, ledgerOn, localVm, vmOf } from './fixture.ts'
import { recover } from './recovery.ts'
import { collections } from './store.ts'

/** Where the process kills itself; at `none` the test does, after some answers and some time. */
const points = ['accepted', 'executed', 'committing', 'committed', 'none', 'none'] as const
const ROUNDS = 18
const SENT = 8

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lucid-ledger-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const storePath = () => join(folder, 'ledger.sqlite')
const nodesPath = () => join(folder, 'vm.sqlite')

/** Sends transactions from `nonce` on until the process is dead; returns what it had answered by then. */
const untilKilled = async (nonce: number, point: string, delay: number): Promise<readonly string[]> => {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'crash.fixture.ts'), storePath(), nodesPath(), point],
    { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' },
  )
  for (let n = nonce; n < nonce + SENT; n++) child.stdin.write(`${anchorTx(n, n).raw}\n`)
  await child.stdin.flush()
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let timer: Timer | undefined
  const killIn = (ms: number) => setTimeout(() => child.kill('SIGKILL'), ms)
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true })
    // A point that is not reached, because all was mined before, must not hold up the test.
    timer ??= killIn(point === 'none' ? delay : 5000)
  }
  clearTimeout(timer)
  await child.exited
  expect(child.signalCode).toBe('SIGKILL')
  return text.split('\n').slice(0, -1)
}

/** Everything the store says, against what was promised. Answers how many blocks there are. */
const audit = async (store: Store, acknowledged: ReadonlySet<string>): Promise<number> => {
  const blocks = await collections(store).blocks.find({ sort: [['number', 'asc']] })
  const mined = blocks.flatMap(({ tx_hashes }) => tx_hashes)
  expect(new Set(mined).size).toBe(mined.length)
  expect([...acknowledged].filter((hash) => !mined.includes(hash))).toEqual([])
  expect(await collections(store).receipts.count()).toBe(mined.length)
  expect(await collections(store).transactions.count({ state: 'mined' })).toBe(mined.length)
  expect(blocks.map(({ number }) => number)).toEqual(blocks.map((_, at) => at))
  return blocks.length
}

describe('a ledger that is killed again and again', () => {
  test('loses no acknowledged transaction, mines none twice, and comes to the same state elsewhere', async () => {
    const acknowledged = new Set<string>()
    let nonce = 0
    for (let n = 0; n < ROUNDS; n++) {
      const answers = await untilKilled(nonce, points[n % points.length] ?? 'none', (n * 53) % 300)
      expect(answers.filter((one) => one.startsWith('refused'))).toEqual([])
      for (const hash of answers) acknowledged.add(hash)
      // What was sent but not acknowledged may be kept or not: the same bytes are sent again.
      while (acknowledged.has(anchorTx(nonce, nonce).hash)) nonce += 1
    }
    const [store, nodes] = [sqliteStore({ path: storePath() }), sqliteStore({ path: nodesPath() })]
    const ledger = await ledgerOn(store, vmOf(machine(nodeStore(nodes))))
    await ledger.recoverHead()
    while (await ledger.sealNext());
    expect(await audit(store, acknowledged)).toBeGreaterThan(3)
    expect(acknowledged.size).toBeGreaterThan(ROUNDS)
    const second = localVm().vm
    const parts = { store, vm: second, chainId: identity.chainId, registrar: identity.registrar }
    await recover({ ...parts, forks: ledger.meta.forks, sealers: [ledger.sealerKey] }, ledger.head())
    expect(await second.hasState(ledger.head().state_root)).toBe(true)
    await store.close()
    await nodes.close()
  }, 180_000)
})
