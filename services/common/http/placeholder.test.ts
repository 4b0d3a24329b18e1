import { expect, test } from 'bun:test'
import { Fault } from '../process/fault.ts'
import { jsonLog } from '../process/log.ts'
import { guardAs } from '../testing/app.ts'
import { startUpPlaceholder } from './placeholder.ts'

const away = new Fault('unavailable', 'store-away', 'the database does not answer', { retryAfter: 1_000 })

test('a service that waits is unhealthy with the cause, takes no request, and leaves its port to itself', async () => {
  const lines: Readonly<Record<string, unknown>>[] = []
  const log = jsonLog('merkle-builder', { write: (line) => lines.push(JSON.parse(line)) })
  const placeholder = startUpPlaceholder('merkle-builder', {
    parts: { guard: guardAs('session-orchestrator'), log },
    log,
    at: { hostname: '127.0.0.1', port: 0 },
  })
  expect(await placeholder.close()).toBeUndefined()
  await placeholder.answerWith(away)
  await placeholder.answerWith(away)
  const waiting = lines.filter(({ event }) => event === 'waiting')
  expect(waiting).toMatchObject([{ code: 'store-away', detail: away.message }])
  const url = `http://127.0.0.1:${waiting[0]?.['port']}`

  const health = await fetch(`${url}/health`)
  expect([health.status, await health.json()]).toMatchObject([
    503,
    { status: 'unhealthy', dependencies: { store: away.message } },
  ])
  for (const [method, path] of [
    ['GET', '/root/a'],
    ['POST', '/build'],
  ] as const) {
    const reply = await fetch(`${url}${path}`, { method, ...(method === 'POST' && { body: '{}' }) })
    expect([reply.status, ((await reply.json()) as { code: string }).code]).toEqual([503, 'store-away'])
  }
  const port = await placeholder.close()
  expect(`http://127.0.0.1:${port}`).toBe(url)
  const again = Bun.serve({ hostname: '127.0.0.1', port: port ?? 0, fetch: () => new Response('mine') })
  expect(await (await fetch(url)).text()).toBe('mine')
  await again.stop(true)
})
