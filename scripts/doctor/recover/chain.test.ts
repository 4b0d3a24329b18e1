import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sampleAnchor } from '#common/testing/sample-anchor'
import { noise, sampleBundle, sampleSession } from '#common/testing/sample-session'
import type { Shell } from '../../host/shell.ts'
import { hostLedger, type LedgerAccess, readSealed, recoverChain } from './chain.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-recover-chain-'))
afterAll(() => rmSync(folder, { recursive: true }))

const sample = await sampleSession(noise(10, 1))
const anchor = await sampleAnchor(sample)
const bundle = join(folder, 'anchored.tar')
await Bun.write(bundle, await sampleBundle(sample, { anchor }))

const WHY = 'the store ends at block 3'
/** A ledger that misses a block once it was shown one, and goes on when it is told to. */
const ledger = (misses: boolean) => {
  let missing = misses
  const orders: object[] = []
  const access: LedgerAccess = {
    status: async () => ({ dependencies: { history: missing ? WHY : 'ok' }, head: { number: 3 } }),
    order: async (order) => {
      orders.push(order)
      missing = order.go_on === undefined
    },
  }
  return { access, orders }
}
const decide = async (access: LedgerAccess, decision: Partial<Parameters<typeof recoverChain>[1]>) => {
  let out = ''
  const whole = { bundles: [], goOn: false, dryRun: false, ...decision }
  const code = await recoverChain(access, whole, {
    out: (text) => {
      out += text
    },
  })
  return { code, out }
}

test('a ledger that misses nothing is left alone, whatever is asked', async () => {
  for (const goOn of [false, true]) {
    const { access, orders } = ledger(false)
    expect(await decide(access, { goOn })).toEqual({
      code: 0,
      out: 'the ledger misses no block that it sealed; its newest is block 3\n',
    })
    expect(orders).toEqual([])
  }
})

test('without a decision it is said what is missing and what can be done, and nothing is changed', async () => {
  const { access, orders } = ledger(true)
  const { code, out } = await decide(access, {})
  expect([code, orders]).toEqual([1, []])
  expect(out).toStartWith(`${WHY}\n  put a newer copy of its store back`)
  expect(await decide(access, { goOn: true, dryRun: true })).toMatchObject({ code: 1 })
  expect(orders).toEqual([])
})

test('the decision goes on from the head that was shown', async () => {
  const { access, orders } = ledger(true)
  expect(await decide(access, { goOn: true })).toMatchObject({ code: 0 })
  expect(orders).toEqual([{ sealed: [], go_on: 3 }])
})

test('a bundle shows the ledger its block', async () => {
  const { access, orders } = ledger(false)
  expect(await decide(access, { bundles: [bundle] })).toMatchObject({ code: 1 })
  expect(orders).toEqual([{ sealed: [{ block: anchor.block, sealer: anchor.sealer }] }])
})

test('a bundle that proves no block says why', async () => {
  const pending = join(folder, 'pending.tar')
  await Bun.write(pending, await sampleBundle(sample, { anchor: { status: 'pending' } }))
  await expect(readSealed(pending)).rejects.toThrow('proves no block: its session is not anchored')
  await expect(readSealed(join(folder, 'none.tar'))).rejects.toThrow('cannot be read')
})

test('on a host the order is laid into the folder of the container, which needs nothing but its own Bun', async () => {
  const orders: unknown[] = []
  const path = join(folder, 'recover.json')
  const serve = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => Response.json({ dependencies: { history: 'ok' }, head: { number: 3 } }),
  })
  // In the ledger's place: takes the order.
  const taking = setInterval(() => {
    if (!existsSync(path)) return
    orders.push(JSON.parse(readFileSync(path, 'utf8')))
    unlinkSync(path)
  }, 5)
  const run = async (script: string) => {
    const docker = `docker() { [ "$1 $2 $3" = 'exec blockchain-ledger /usr/local/bin/bun' ] || exit 9; shift 3; '${process.execPath}' "$@"; }`
    const child = Bun.spawn(['sh', '-c', `${docker}\n${script}`], {
      cwd: folder,
      env: { PATH: String(process.env['PATH']), LUCID_DATA: folder, PORT: String(serve.port) },
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    return { code, out, err }
  }
  const access = hostLedger({ name: 'pi', run } as unknown as Shell)
  await access.order({ sealed: [], go_on: 3 })
  expect(orders).toEqual([{ sealed: [], go_on: 3 }])
  expect(await access.status()).toMatchObject({ dependencies: { history: 'ok' }, head: { number: 3 } })
  clearInterval(taking)
  await serve.stop(true)
})
