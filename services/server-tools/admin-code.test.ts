import { expect, test } from 'bun:test'
import { signer } from '#common/http/identity'
import { Secret } from '#common/process/env'
import { runAdminCode } from './admin-code.ts'

const key = new Secret('11'.repeat(32))

const ask = async (words: readonly string[], answer: () => Response, identity = async () => key) => {
  const said = { out: '', err: '' }
  const asked: { url: string; body: unknown; token: string }[] = []
  const code = await runAdminCode(words, {
    urlOf: () => 'http://127.0.0.1:1',
    identity,
    request: async (url, init) => {
      const token = new Headers(init.headers).get('authorization') ?? ''
      asked.push({ url, body: JSON.parse(String(init.body)), token })
      return answer()
    },
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
  })
  return { code, ...said, asked }
}

const problem = (status: number, code: string) => () => Response.json({ code, detail: `it is ${code}` }, { status })

test('the code of authentication is printed as JSON, asked for as the operator', async () => {
  const { asked, ...said } = await ask([], () => Response.json({ code: 'AAAAA-BBBBB', expires: 7 }))
  expect(said).toEqual({ code: 0, out: '{"code":"AAAAA-BBBBB","expires":7}\n', err: '' })
  expect(asked).toMatchObject([{ url: 'http://127.0.0.1:1/auth/admin-code', body: { recover: false } }])
  const [, payload = ''] = asked[0]?.token.split('.') ?? []
  const [, ours = ''] = (await signer({ name: 'operator', key })('authentication')).split('.')
  const read = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString())
  expect(read(payload)).toMatchObject({ iss: read(ours).iss, aud: read(ours).aud })
})

test('where there is an admin it says so with an empty object, and --recover asks all the same', async () => {
  expect(await ask([], problem(409, 'admin-exists'))).toMatchObject({ code: 0, out: '{}\n', err: '' })
  const { asked } = await ask(['--recover'], () => Response.json({ code: 'C', expires: 7 }))
  expect(asked).toMatchObject([{ body: { recover: true } }])
})

test('anything else is a failure in words, with no word of the key', async () => {
  expect(await ask([], problem(401, 'bad-token'))).toMatchObject({
    code: 1,
    out: '',
    err: 'server-tools: authentication gave no code: it is bad-token\n',
  })
  const gone = await ask(
    [],
    () => Response.json({}),
    () => Promise.reject(new Error('no key')),
  )
  expect(gone).toMatchObject({ code: 1, out: '', asked: [] })
  expect(await ask(['--all'], () => Response.json({}))).toMatchObject({ code: 64, out: '', asked: [] })
})
