import { expect, test } from 'bun:test'
import { Secret } from '#common/process/env'
import { runAsk } from './ask.ts'

const ask = async (words: readonly string[], request: () => Response) => {
  const said = { out: '', err: '', asked: '' }
  const code = await runAsk(words, {
    urlOf: (service) => `http://${service}`,
    identity: async () => new Secret('11'.repeat(32)),
    request: async (url, { method = 'GET', headers }) => {
      said.asked = `${method} ${url} ${new Headers(headers).get('authorization')?.slice(0, 9)}`
      return request()
    },
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
  })
  return { code, ...said }
}

test('what a service shows the operator is printed with its status, a refusal too', async () => {
  expect(await ask(['merkle-builder', '/audit?limit=1'], () => Response.json({ entries: [] }))).toEqual({
    ...{ code: 0, err: '', asked: 'GET http://merkle-builder/audit?limit=1 Bearer ey' },
    out: '{"status":200,"body":{"entries":[]}}\n',
  })
  expect((await ask(['a', '/b'], () => Response.json({ code: 'no' }, { status: 404 }))).out).toBe(
    '{"status":404,"body":{"code":"no"}}\n',
  )
})

test('a service that is away is a failure, and words that are none are refused', async () => {
  const away = () => {
    throw new Error('connection refused')
  }
  expect(await ask(['a', '/b'], away)).toMatchObject({
    code: 1,
    out: '',
    err: 'server-tools: a did not answer: connection refused\n',
  })
  for (const words of [[], ['a'], ['a', 'b'], ['a', '/b', 'c']])
    expect(await ask(words, away)).toMatchObject({ code: 64, out: '', asked: '' })
})
