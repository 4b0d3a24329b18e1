import { describe, expect, test } from 'bun:test'
import { blake3 } from '#common/engines/blake3'
import { leafHash } from '#common/evidence/merkle'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import { appOfAll, ask, closedGuard, everyRouteRefusesStrangers, guardAs } from '#common/testing/app'
import vectors from '../common/evidence/vectors/merkle.json'
import type { Proof } from './model.ts'
import { routes } from './routes.ts'
import { trees } from './trees.ts'

const sessionId = (n: number) => `a1b2c3d4-e5f6-4789-8abc-${n.toString(16).padStart(12, '0')}`
/** Leaf i of SPEC section 4: leafInput_i = BLAKE3(byte i), and so on past a byte. */
const leaf = (i: number) => leafHash(blake3(Uint8Array.of(i & 255, ...(i > 255 ? [i >> 8] : [])))).toHex()
const leaves = (count: number) => Array.from({ length: count }, (_, i) => leaf(i))

const opened = () => {
  const store = sqliteStore({ path: ':memory:' })
  const appFor = (name: string) => routes({ trees: trees(store), parts: { guard: guardAs(name), log: silentLog } })
  const app = appOfAll((guard) => routes({ trees: trees(store), parts: { guard, log: silentLog } }))
  return { store, appFor, app }
}
const build = (app: ReturnType<typeof opened>['app'], n: number, of: readonly string[]) =>
  ask(app, 'POST', '/build', { session: sessionId(n), leaves: of })

describe('merkle-builder', () => {
  test('refuses strangers on every route of its own', async () => {
    const app = routes({ trees: trees(opened().store), parts: { guard: closedGuard, log: silentLog } })
    expect(await everyRouteRefusesStrangers(app)).toBe(4)
  })

  test('builds for session-orchestrator only', async () => {
    const app = opened().appFor('operator')
    expect(await build(app, 1, leaves(1))).toMatchObject({ status: 403, body: { code: 'caller-not-allowed' } })
  })

  test('builds the golden roots of the specification', async () => {
    const { app } = opened()
    for (const { count, root } of vectors.roots) {
      const tree = { session: sessionId(count), root, chunk_count: count }
      expect(await build(app, count, leaves(count))).toEqual({ status: 200, body: tree })
      expect(await ask(app, 'GET', `/root/${sessionId(count)}`)).toEqual({ status: 200, body: tree })
    }
  })

  test('builds a tree once: the same leaves are the same tree, others are refused', async () => {
    const { app } = opened()
    const first = await build(app, 1, leaves(3))
    expect(await build(app, 1, leaves(3))).toEqual(first)
    const [a = '', b = '', c = ''] = leaves(3)
    for (const other of [leaves(2), leaves(4), [a, c, b]])
      expect(await build(app, 1, other)).toMatchObject({ status: 409, body: { code: 'root-differs' } })
    expect(await ask(app, 'GET', `/root/${sessionId(1)}`)).toEqual(first)
  })

  test('proves every leaf, and its proofs are checked by anybody', async () => {
    const { app, appFor } = opened()
    const operator = appFor('operator')
    for (const count of [1, 2, 3, 5, 8, 13]) {
      const { body: tree } = await build(app, count, leaves(count))
      for (let index = 0; index < count; index++) {
        const { status, body } = await ask(operator, 'GET', `/proof/${sessionId(count)}/${index}`)
        const { root } = tree as { root: string }
        expect({ status, body }).toMatchObject({
          status: 200,
          body: { chunk_index: index, leaf: leaf(index), root, chunk_count: count },
        })
        expect(await ask(operator, 'POST', '/verify', body)).toEqual({ status: 200, body: { valid: true } })
      }
    }
  })

  test('does not hold for a proof that was changed anywhere', async () => {
    const { app } = opened()
    await build(app, 1, leaves(5))
    const good = (await ask(app, 'GET', `/proof/${sessionId(1)}/2`)).body as Proof
    const [first, ...rest] = good.path
    if (first === undefined) throw new Error('a tree of five has a path')
    const changed: readonly Proof[] = [
      { ...good, chunk_index: 3 },
      { ...good, chunk_count: 4 },
      { ...good, leaf: leaf(3) },
      { ...good, root: leaf(0) },
      { ...good, path: rest },
      { ...good, path: [first, ...good.path] },
      { ...good, path: [{ ...first, side: first.side === 'L' ? 'R' : 'L' }, ...rest] },
      { ...good, path: [{ ...first, hash: leaf(0) }, ...rest] },
    ]
    for (const proof of changed)
      expect(await ask(app, 'POST', '/verify', proof)).toEqual({ status: 200, body: { valid: false } })
  })

  test('knows no tree and no leaf that is not there', async () => {
    const { app } = opened()
    await build(app, 1, leaves(2))
    const missing = (code: string) => ({ status: 404, body: { code } })
    expect(await ask(app, 'GET', `/root/${sessionId(9)}`)).toMatchObject(missing('no-such-tree'))
    expect(await ask(app, 'GET', `/proof/${sessionId(9)}/0`)).toMatchObject(missing('no-such-tree'))
    expect(await ask(app, 'GET', `/proof/${sessionId(1)}/2`)).toMatchObject(missing('no-such-leaf'))
  })

  test('takes the 32,768 leaves of a session of 256 GiB', async () => {
    const { app } = opened()
    const many = leaves(2 ** 15)
    expect(await build(app, 1, many)).toMatchObject({ status: 200, body: { chunk_count: 2 ** 15 } })
    const proof = await ask(app, 'GET', `/proof/${sessionId(1)}/${2 ** 15 - 1}`)
    expect((proof.body as Proof).path.length).toBe(15)
    expect(await ask(app, 'POST', '/verify', proof.body)).toEqual({ status: 200, body: { valid: true } })
  })

  test('refuses what is no list of leaves', async () => {
    const { app } = opened()
    const bad: readonly unknown[] = [
      { session: sessionId(1), leaves: [] },
      { session: sessionId(1), leaves: ['00'] },
      { session: sessionId(1), leaves: [leaf(0).toUpperCase()] },
      { session: 'x', leaves: leaves(1) },
      { session: sessionId(1), leaves: leaves(1), root: leaf(0) },
      { session: sessionId(1) },
      [],
    ]
    for (const body of bad)
      expect(await ask(app, 'POST', '/build', body)).toMatchObject({ status: 400, body: { code: 'bad-request' } })
    for (const path of [`/proof/${sessionId(1)}/-1`, `/proof/${sessionId(1)}/0.5`, `/proof/${sessionId(1)}/x`])
      expect(await ask(app, 'GET', path)).toMatchObject({ status: 400, body: { code: 'bad-request' } })
  })

  test('refuses a body over its limit before it reads it', async () => {
    const { app } = opened()
    const reply = await app.handle(
      new Request('http://localhost/build', {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json', 'content-length': String(72 * 1024 * 1024 + 1) },
      }),
    )
    expect({ status: reply.status, body: await reply.json() }).toMatchObject({
      status: 413,
      body: { code: 'body-too-large' },
    })
  })
})

test('a tree survives a restart', async () => {
  const { store, app } = opened()
  const first = await build(app, 1, leaves(3))
  const again = trees(store)
  expect(await again.root(sessionId(1))).toEqual(first.body as Awaited<ReturnType<typeof again.root>>)
})
