import { describe, expect, test } from 'bun:test'
import type { Answer } from './cached.ts'
import { documentText } from './fixture.ts'
import { documentRegistry } from './registry.ts'

const sources = ['a', 'b'].map((service) => ({ service, summary: service, address: `http://${service}:1` }))
const away: Answer = { failure: 'it cannot be reached' }

const opened = (first: Readonly<Record<string, Answer>>) => {
  let answers = first
  let time = 1000
  const registry = documentRegistry({
    sources,
    version: '1',
    now: () => time,
    read: async (service) => answers[service] ?? away,
  })
  return {
    registry,
    /** What everybody answers from now on, at this time. */
    answering: async (next: Readonly<Record<string, Answer>>, at: number) => {
      answers = next
      time = at
      await registry.refresh()
    },
  }
}
const text = documentText()

describe('a service that is away', () => {
  test('keeps its last known part, with the time since when it is stale', async () => {
    const { registry, answering } = opened({})
    await answering({ a: { text }, b: { text } }, 1000)
    await expect(registry.requireFresh()).resolves.toBeUndefined()
    const before = registry.merged()
    await answering({ a: { text } }, 2000)
    await answering({ a: { text } }, 3000)
    expect(registry.index()).toEqual([
      { service: 'a', state: 'fresh', operations: 2, read_at: 3000 },
      { service: 'b', state: 'stale', operations: 2, read_at: 1000, since: 2000, detail: 'it cannot be reached' },
    ])
    expect(registry.merged().document['paths']).toEqual(before.document['paths'] ?? null)
    await expect(registry.requireFresh()).rejects.toThrow('b stale')
    await answering({ a: { text }, b: { text } }, 4000)
    expect(registry.merged().etag).toBe(before.etag)
  })

  test('and was never read is missing, and the others are there', async () => {
    const { registry, answering } = opened({})
    expect(registry.index().map(({ state }) => state)).toEqual(['missing', 'missing'])
    await answering({ a: { text } }, 1000)
    expect(registry.index()).toMatchObject([{ state: 'fresh' }, { state: 'missing', operations: 0 }])
    expect(() => registry.document('b')).toThrow('it cannot be reached')
    expect(() => registry.document('c')).toThrow('no such service')
  })
})

test('a document that cannot be used takes no place of a good one, and is named', async () => {
  const { registry, answering } = opened({})
  await answering({ a: { text: '{}' }, b: { text } }, 1000)
  expect(registry.index()).toMatchObject([{ state: 'broken', since: 1000 }, { state: 'fresh' }])
  await answering({ a: { text }, b: { text: 'oops' } }, 2000)
  expect(registry.index()).toMatchObject([
    { state: 'fresh' },
    { state: 'stale', operations: 2, detail: 'its document cannot be used: it is no JSON object' },
  ])
  expect(registry.merged().document['tags']).toMatchObject([{ name: 'a' }, { 'x-lucid-trouble': { kept: true } }])
})

test('the tag of the whole changes with a document and with nothing else', async () => {
  const { registry, answering } = opened({})
  await answering({ a: { text }, b: { text } }, 1000)
  const { etag } = registry.merged()
  await answering({ a: { text }, b: { text } }, 9000)
  expect(registry.merged().etag).toBe(etag)
  await answering({ a: { text: documentText({ info: { title: 'x' }, paths: {} }) }, b: { text } }, 9001)
  expect(registry.merged().etag).not.toBe(etag)
})

test('one service’s document says where that service is', async () => {
  const { registry, answering } = opened({})
  await answering({ a: { text } }, 1000)
  expect(registry.document('a')).toMatchObject({ servers: [{ url: 'http://a:1' }], paths: { '/things/{id}': {} } })
})
