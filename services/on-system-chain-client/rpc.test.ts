import { describe, expect, test } from 'bun:test'
import { inOrder, rpcOver } from './rpc.ts'

const answer = (id: number, result: unknown) => ({ jsonrpc: '2.0', id, result })

describe('JSON-RPC answers', () => {
  test('come back in the order of the calls', () => {
    expect(inOrder(2, [answer(1, 'b'), answer(0, 'a')])).toEqual([{ result: 'a' }, { result: 'b' }])
  })

  test('keep the error of one call apart from the others', () => {
    const error = { jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'nonce too low' } }
    expect(inOrder(2, [answer(0, null), error])).toEqual([{ result: null }, { error: { message: 'nonce too low' } }])
  })

  const broken: readonly [string, unknown][] = [
    ['no array', {}],
    ['nothing', undefined],
    ['too few', [answer(0, 1)]],
    ['one twice', [answer(0, 1), answer(0, 1)]],
    ['a foreign id', [answer(0, 1), answer(7, 1)]],
    ['neither result nor error', [answer(0, 1), { id: 1 }]],
    ['an error that is no object', [answer(0, 1), { id: 1, error: 'x' }]],
  ]
  test.each(broken)('with %s are refused', (_name, answers) => {
    expect(() => inOrder(2, answers)).toThrow('no JSON-RPC')
  })

  test('calls go out in batches of at most a hundred', async () => {
    const sizes: number[] = []
    const rpc = rpcOver(async (_path, init) => {
      const batch = JSON.parse(String(init?.body)) as { id: number; params: unknown[] }[]
      sizes.push(batch.length)
      return Response.json(batch.map(({ id, params }) => answer(id, params[0])))
    })
    const replies = await rpc(Array.from({ length: 230 }, (_, i) => ({ method: 'echo', params: [i] })))
    expect(sizes).toEqual([100, 100, 30])
    expect(replies).toEqual(Array.from({ length: 230 }, (_, result) => ({ result })))
    expect(await rpc([])).toEqual([])
  })
})
