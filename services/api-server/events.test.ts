import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { faultOf } from '#common/testing/faults'
import { noise } from '#common/testing/sample-session'
import { ownFolder } from '#services/session-encryptor/fixture'
import { streamPlaces } from './events.ts'
import { apiAt, personOf } from './fixture.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(120_000)

const { root, remove } = ownFolder()
let api: Awaited<ReturnType<typeof apiAt>>
beforeAll(async () => {
  api = await apiAt(root)
})
afterAll(async () => {
  await api.stop()
  remove()
})
const owner = personOf(1, 'dev')

type Event = { readonly id?: string; readonly event: string; readonly data: Record<string, unknown> }
const parse = (text: string): Event | undefined => {
  const lines = Object.fromEntries(text.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))
  if (lines.event === undefined) return undefined
  return { ...(lines.id && { id: lines.id }), event: lines.event, data: JSON.parse(lines.data) }
}

/** Reads events until one is the last that is asked for; then goes away. */
const read = async (path: string, isLast: (event: Event) => boolean, lastId?: string): Promise<readonly Event[]> => {
  const reply = await api.ask(owner, 'GET', path, { headers: lastId === undefined ? {} : { 'last-event-id': lastId } })
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  const events: Event[] = []
  let rest = ''
  for await (const piece of reply.body?.pipeThrough(new TextDecoderStream() as never) ?? []) {
    const blocks = (rest + piece).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const event of blocks.map(parse)) {
      if (event === undefined) continue
      events.push(event)
      if (isLast(event)) return events
    }
  }
  return events
}
const create = async () => {
  const reply = await api.ask(owner, 'POST', '/sessions', { body: {} })
  return ((await reply.json()) as { id: string }).id
}
const record = async (id: string) => {
  await api.ask(owner, 'PATCH', `/sessions/${id}/stream?offset=0&end=true`, { bytes: noise(2_500, 1) })
  await api.pipe.until(id, 'anchored')
}
const isAnchored = ({ data }: Event) => data['type'] === 'anchored'
const types = (events: readonly Event[]) => events.flatMap(({ data: { type } }) => (type === undefined ? [] : [type]))

describe('the events of a session', () => {
  test('come as they happen, from its first to its anchor', async () => {
    const id = await create()
    const [events] = await Promise.all([read(`/sessions/${id}/events`, isAnchored), record(id)])
    const named = events.filter((event) => event.id !== undefined)
    expect(named.map((event) => event.id)).toEqual(named.map((_, n) => String(n)))
    expect(types(events)[0]).toBe('created')
    expect(types(events).at(-1)).toBe('anchored')
  })

  test('go on behind any of them, each once', async () => {
    const id = await create()
    await record(id)
    const all = (await read(`/sessions/${id}/events`, isAnchored)).filter((event) => event.id !== undefined)
    for (const [n, { id: last }] of all.slice(0, -1).entries()) {
      const rest = await read(`/sessions/${id}/events`, isAnchored, last)
      expect(rest.filter((event) => event.id !== undefined)).toEqual(all.slice(n + 1))
    }
  })

  test('of all sessions go on behind any of them, and none is left out', async () => {
    const started = read('/events', isAnchored)
    const id = await create()
    await record(id)
    const all = await started
    expect(new Set(all.map(({ data }) => data['session_id']))).toEqual(new Set([id]))
    const [first] = all
    const rest = await read('/events', (event) => isAnchored(event) && event.data['session_id'] === id, first?.id)
    const own = rest.filter(({ data }) => data['session_id'] === id)
    expect(own).toEqual(all.slice(1))
  })

  test('end when the sign-in of their reader ends', async () => {
    const id = await create()
    let isFirst = true
    const events = await read(`/sessions/${id}/events`, ({ event }) => {
      if (isFirst) void api.people.revoke(owner)
      isFirst = false
      return event === 'end'
    })
    expect(events.at(-1)).toEqual({ event: 'end', data: { code: 'bad-access-token' } })
  })
})

test('so many streams a person, and so many in all', async () => {
  const places = streamPlaces({ each: 2, all: 3 })
  const [free] = [places.take('a'), places.take('a'), places.take('b')]
  expect(await faultOf(() => places.take('a'))).toMatchObject({ code: 'too-many-streams' })
  expect(await faultOf(() => places.take('b'))).toMatchObject({ code: 'too-many-streams' })
  free?.()
  free?.()
  expect(places.total()).toBe(2)
  places.take('b')
})
