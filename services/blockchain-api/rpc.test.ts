import { describe, expect, test } from 'bun:test'
import { ANSWER_LIMIT, answerRpc, type Perform } from './rpc.ts'
import { RpcError } from './rpc-error.ts'

const log: unknown[] = []
const perform: Perform = async (method, params) => {
  if (method === 'echo') return params
  if (method === 'large') return 'x'.repeat(ANSWER_LIMIT / 4)
  if (method === 'boom') throw new Error('a secret from inside')
  if (method === 'refuse') throw new RpcError('reverted', 'execution reverted', '0x08c379a0')
  throw new RpcError('unknown-method', `the method ${method} does not exist`)
}
const say = async (body: unknown, signal?: AbortSignal): Promise<unknown> => {
  const text = await answerRpc(typeof body === 'string' ? body : JSON.stringify(body), {
    perform,
    unexpected: (error) => log.push(error),
    ...(signal ? { signal } : {}),
  })
  return text === undefined ? undefined : JSON.parse(text)
}

const call = { jsonrpc: '2.0', id: 1, method: 'echo', params: ['a'] }
const error = (id: unknown, code: number) => ({ jsonrpc: '2.0', id, error: { code } })

describe('JSON-RPC 2.0', () => {
  test('a call is answered under its id, whatever kind of id it is', async () => {
    for (const id of [1, 'x', 0, null, 1.5])
      expect(await say({ ...call, id })).toEqual({ jsonrpc: '2.0', id, result: ['a'] })
  })

  test('params may be left out', async () => {
    expect(await say({ jsonrpc: '2.0', id: 1, method: 'echo' })).toMatchObject({ result: [] })
  })

  const wrong: readonly [string, unknown, object][] = [
    ['no JSON', '{"jsonrpc":', error(null, -32700)],
    ['an empty body', '', error(null, -32700)],
    ['a number', 7, error(null, -32600)],
    ['null', 'null', error(null, -32600)],
    ['an empty batch', [], error(null, -32600)],
    ['another version', { ...call, jsonrpc: '1.0' }, error(1, -32600)],
    ['no version', { id: 1, method: 'echo' }, error(1, -32600)],
    ['an id that is an object', { ...call, id: {} }, error(null, -32600)],
    ['a method that is a number', { ...call, method: 5 }, error(1, -32600)],
    ['params that are a string', { ...call, params: 'a' }, error(1, -32600)],
    ['params by name', { ...call, params: { a: 1 } }, error(1, -32602)],
    ['an unknown member', { ...call, extra: 1 }, error(1, -32600)],
    ['an unknown method', { ...call, method: 'eth_mine' }, error(1, -32601)],
    ['more than a thousand calls', Array.from({ length: 1001 }, () => call), error(null, -32600)],
  ]
  test.each(wrong)('%s is refused by its own code', async (_name, body, expected) => {
    expect(await say(body)).toMatchObject(expected)
  })

  test('a batch is answered call by call, in order, errors beside results', async () => {
    const batch = [call, { ...call, id: 2, method: 'nothing' }, 5, { ...call, id: 3 }]
    expect(await say(batch)).toMatchObject([
      { id: 1, result: ['a'] },
      { id: 2, error: { code: -32601 } },
      { id: null, error: { code: -32600 } },
      { id: 3, result: ['a'] },
    ])
  })

  test('a thousand calls are one batch, as viem sends them', async () => {
    const batch = Array.from({ length: 1000 }, (_, id) => ({ ...call, id }))
    const answers = (await say(batch)) as readonly { readonly id: number }[]
    expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 1000 }, (_, id) => id))
  })

  const hostile: readonly [string, string][] = [
    ['a mebibyte of open brackets', '['.repeat(1024 * 1024)],
    ['objects in objects', '{"a":'.repeat(200_000)],
    ['brackets behind a call', `[${JSON.stringify(call)},${'['.repeat(1_000_000)}`],
    ['half a million numbers', `[${'0,'.repeat(500_000)}0]`],
    ['a hundred thousand names', `{${Array.from({ length: 100_000 }, (_, n) => `"${n}":0`).join()}}`],
  ]
  test.each(hostile)('%s is refused before it is parsed', async (_name, body) => {
    expect(await say(body)).toMatchObject({
      id: null,
      error: { code: -32600, message: expect.stringMatching(/JSON (?:nested|of more)/) },
    })
  })

  test('answers stop at a limit, call by call, and what comes after is not worked on', async () => {
    const asked = Array.from({ length: 40 }, (_, id) => ({ ...call, id, method: 'large' }))
    const answers = (await say(asked)) as readonly { id: number; result?: string; error?: { code: number } }[]
    expect(answers.map(({ id }) => id)).toEqual(asked.map(({ id }) => id))
    expect(answers.filter(({ result }) => result !== undefined)).toHaveLength(3)
    expect(answers.at(-1)).toMatchObject({ error: { code: -32005 } })
  })

  test('a batch whose client has left is not worked on any further', async () => {
    const client = new AbortController()
    let calls = 0
    const batch = JSON.stringify(Array.from({ length: 500 }, (_, id) => ({ ...call, id })))
    const perform: Perform = async () => {
      calls += 1
      client.abort()
    }
    expect(await answerRpc(batch, { perform, unexpected: () => {}, signal: client.signal })).toBeUndefined()
    expect(calls).toBeLessThan(20)
  })

  test('notifications are not answered', async () => {
    const { id: _id, ...notification } = call
    expect(await say(notification)).toBeUndefined()
    expect(await say([notification, notification])).toBeUndefined()
    expect(await say([notification, call])).toMatchObject([{ id: 1 }])
  })

  test('an expected failure carries its data; an unexpected one tells nothing but is logged', async () => {
    expect(await say({ ...call, method: 'refuse' })).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: 3, message: 'execution reverted', data: '0x08c379a0' },
    })
    log.length = 0
    expect(await say({ ...call, method: 'boom' })).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32603, message: 'internal error' },
    })
    expect(log).toHaveLength(1)
  })
})
