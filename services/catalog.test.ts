import { describe, expect, test } from 'bun:test'
import { sampleEntry } from '#common/testing/sample-entry'
import { catalogBreaches, unread } from '#scripts/derive/catalog-rules'
import { catalog, clients, type Entry, type Stock, stacks, stock, type Tool, tools } from './catalog.ts'

const entry: Entry = { ...sampleEntry, port: 1, hostPort: 1 }
const good: Readonly<Record<string, Entry>> = {
  a: { ...entry, needs: ['b', 'c'], tolerates: ['c'] },
  b: { ...entry, port: 2, hostPort: 2, needs: ['c'] },
  c: { ...entry, stack: 'blockchain', port: 3, hostPort: 3 },
}
const face = { prefix: '/x', open: [], guarded: [], streams: [] }
const withB = (change: Partial<Entry>) => ({ ...good, b: { ...entry, port: 2, hostPort: 2, needs: ['c'], ...change } })

test('the catalogue keeps its rules', () => {
  expect(Object.keys(catalog).length).toBeGreaterThan(0)
  expect(catalogBreaches(catalog, stock, tools)).toEqual([])
})

test('the document server, and the API for its admins, ask every service that they share a network with', () => {
  expect(unread(catalog, 'openapi-server')).toEqual([])
  const needed: readonly string[] = catalog['api-server'].needs
  expect(unread(catalog, 'api-server').filter((name) => !needed.includes(name))).toEqual([])
})

test('stacks start in the order of the specification', () => {
  expect(stacks).toEqual(['core', 'sessions', 'blockchain', 'integration'])
})

test('clients have names of their own and need services that exist', () => {
  for (const [name, { needs }] of Object.entries(clients)) {
    expect(Object.keys(catalog)).not.toContain(name)
    for (const need of needs) expect(Object.keys(catalog)).toContain(need)
  }
})

describe('a planted breach of each rule is caught', () => {
  test('none is planted', () => expect(catalogBreaches(good)).toEqual([]))

  const planted: Readonly<Record<string, readonly [Readonly<Record<string, Entry>>, string]>> = {
    'a name that is no image tag': [{ Upper_Case: entry }, 'Upper_Case: name'],
    'a doubled host port': [withB({ hostPort: 1 }), 'host port 1: a, b'],
    'a doubled port in one stack': [withB({ port: 1 }), 'port 1 in sessions: a, b'],
    'a further port that another has': [withB({ ports: { socks: 1 } }), 'host port 1: a, b (socks)'],
    'a doubled public prefix': [
      {
        ...good,
        a: { ...entry, needs: ['b', 'c'], tolerates: ['c'], public: face },
        b: { ...entry, port: 2, hostPort: 2, needs: ['c'], public: face },
      },
      'public prefix /x: a, b',
    ],
    'an unknown need': [withB({ needs: ['nobody'] }), 'b: needs nobody, which is not listed'],
    'a cycle': [withB({ needs: ['a'] }), 'needs go in a circle: a -> b -> a'],
    'a need of itself': [withB({ needs: ['b'] }), 'needs go in a circle: b -> b'],
    'a tolerated service that is not needed': [withB({ tolerates: ['a'] }), 'b: tolerates a, which it does not need'],
    'a need on another network': [withB({ networks: ['lucid_core_net'] }), 'b: shares no network with c'],
    'a document of nobody': [withB({ reads: ['nobody'] }), 'b: reads nobody, which is not listed'],
    'a document on another network': [
      withB({ networks: ['lucid_core_net'], needs: [], reads: ['c'] }),
      'b: shares no network with c, which it reads',
    ],
    'an unknown volume': [withB({ volumes: { mine: '/data' } }), 'b: no volume mine'],
    'a service without memory': [withB({ memoryMiB: 0 }), 'b: memory or cpus'],
    'too much memory in all': [withB({ memoryMiB: 6200 }), 'memory limits sum to 6769606656 bytes'],
    'a network of another plane that nobody there needs': [
      withB({ networks: ['lucid_chain_net', 'lucid_wallet_net'] }),
      'b: is on lucid_wallet_net without anyone there to call or be called by',
    ],
  }
  for (const [what, [services, breach]] of Object.entries(planted))
    test(what, () => expect(catalogBreaches(services)).toContain(breach))
})

describe('a planted breach by a stock container is caught', () => {
  const other: Stock = {
    stack: 'core',
    summary: 'somebody else’s',
    image: `other:1@sha256:${'0'.repeat(64)}`,
    port: 9,
    hostPort: 9,
    plane: 'ops',
    networks: ['lucid_core_net'],
    memoryMiB: 128,
    cpus: 1,
    volumes: {},
  }
  test('none is planted', () => expect(catalogBreaches(good, { other })).toEqual([]))
  test('a service that keeps documents far from the database', () =>
    expect(catalogBreaches(withB({ store: true }), { other })).toContain('b: is on no network of the database'))
  test('a holder of keys with a way out', () =>
    expect(catalogBreaches({ ...good, 'session-encryptor': { ...entry, port: 5, hostPort: 5 } })).toContain(
      'session-encryptor: holds keys, and lucid_chain_net has a way out',
    ))

  const planted: Readonly<Record<string, readonly [Readonly<Record<string, Stock>>, string]>> = {
    'the name of a service': [{ a: other }, 'name a: a, a'],
    'a host port of a service': [{ other: { ...other, hostPort: 1 } }, 'host port 1: a, other'],
    'too much memory': [{ other: { ...other, memoryMiB: 6200 } }, 'memory limits sum to 6903824384 bytes'],
    'an unknown volume': [{ other: { ...other, volumes: { mine: '/data' } } }, 'other: no volume mine'],
    'a network of one who keeps nothing': [
      { other: { ...other, networks: ['lucid_chain_net'] } },
      'a: meets the database, and has no store',
    ],
    'an image by tag alone': [{ other: { ...other, image: 'other:1' } }, 'other: image without a digest'],
  }
  for (const [what, [containers, breach]] of Object.entries(planted))
    test(what, () => expect(catalogBreaches(good, containers)).toContain(breach))
})

test('reading each other’s public documents is no circle, and puts a service on the network of whom it reads', () => {
  const there: Entry = { ...entry, port: 4, hostPort: 4, networks: ['lucid_core_net'], reads: ['reader'] }
  const reader: Entry = {
    ...entry,
    port: 5,
    hostPort: 5,
    networks: ['lucid_chain_net', 'lucid_core_net'],
    reads: ['a', 'there'],
  }
  const both = { ...good, there, reader }
  expect(catalogBreaches(both)).toEqual([])
  expect(unread(both, 'reader')).toEqual(['b', 'c'])
})

describe('a planted breach by a tool is caught', () => {
  const tool: Tool = {
    stack: 'core',
    phase: 1,
    summary: 'looks',
    plane: 'ops',
    networks: ['lucid_core_net'],
    memoryMiB: 64,
    cpus: 1,
    profile: 'tools',
    image: entry.image,
  }
  test('none is planted, of two without ports', () =>
    expect(catalogBreaches(good, {}, { one: tool, two: tool })).toEqual([]))
  test('the name of a service', () => expect(catalogBreaches(good, {}, { a: tool })).toContain('name a: a, a'))
  test('too much memory', () =>
    expect(catalogBreaches(good, {}, { one: { ...tool, memoryMiB: 6200 } })).toContain(
      'memory limits sum to 6903824384 bytes',
    ))
})
