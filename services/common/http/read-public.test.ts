import { expect, test } from 'bun:test'
import { readPublic } from './read-public.ts'

const answering = (fetch: () => Response | Promise<Response>) => {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, fetch })
  return { url: `http://127.0.0.1:${server.port}/`, [Symbol.asyncDispose]: () => server.stop(true) }
}
const limits = { timeoutMs: 2000, maxBytes: 10 }

test('an answer within the limits is read', async () => {
  await using server = answering(() => new Response('hellö'))
  expect(await readPublic(server.url, limits)).toEqual({ text: 'hellö' })
})

test('one byte too many, another status, a redirect, silence and nobody are failures in words', async () => {
  await using long = answering(() => new Response('x'.repeat(11)))
  await using broken = answering(() => new Response('', { status: 500 }))
  await using moved = answering(() => Response.redirect('http://127.0.0.1:1/'))
  await using silent = answering(() => new Promise<Response>(() => {}))
  expect(await readPublic(long.url, limits)).toEqual({ failure: 'its answer has more than 10 bytes' })
  expect(await readPublic(broken.url, limits)).toEqual({ failure: 'it answered with status 500' })
  expect(await readPublic(moved.url, limits)).toEqual({ failure: 'it answered with status 302' })
  expect(await readPublic(silent.url, { ...limits, timeoutMs: 50 })).toEqual({ failure: 'no answer within 50 ms' })
  const { url } = silent
  await silent[Symbol.asyncDispose]()
  expect(await readPublic(url, limits)).toEqual({ failure: 'it cannot be reached' })
})
