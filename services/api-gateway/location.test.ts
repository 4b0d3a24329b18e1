import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog, type Entry } from '#catalog'
import { buildLocations } from './location.ts'

const shown = {
  prefix: '/x',
  open: ['GET /a.b', 'POST /a.b'],
  guarded: ['GET /c/:id'],
  streams: ['PUT /c/:id/s'],
  events: ['GET /c/:id/e'],
}

test('routes of one path become one location with all its methods', () => {
  expect(buildLocations('one', shown)).toEqual([
    { service: 'one', match: '= /x/a.b', target: '/a.b', methods: ['GET', 'POST'], kind: 'open' },
    {
      service: 'one',
      match: '~ "^/x(?<path>/c/[A-Za-z0-9._~-]{1,128}/s)\\z"',
      target: '$path',
      methods: ['PUT'],
      kind: 'stream',
    },
    {
      service: 'one',
      match: '~ "^/x(?<path>/c/[A-Za-z0-9._~-]{1,128}/e)\\z"',
      target: '$path',
      methods: ['GET'],
      kind: 'events',
    },
    {
      service: 'one',
      match: '~ "^/x(?<path>/c/[A-Za-z0-9._~-]{1,128})\\z"',
      target: '$path',
      methods: ['GET'],
      kind: 'guarded',
    },
  ])
})

test('all below a path is one location behind the particular ones, with nothing in it that needs an escape', () => {
  const found = buildLocations('api', {
    prefix: '',
    open: [],
    guarded: ['GET /api/v1/*', 'DELETE /api/v1/*'],
    streams: [],
    events: ['GET /api/v1/sessions/:id/events'],
  })
  expect(found.map(({ kind, methods }) => [kind, methods])).toEqual([
    ['events', ['GET']],
    ['guarded', ['GET', 'DELETE']],
  ])
  const pattern = new RegExp(/"(.*)"/.exec(found[1]?.match ?? '')?.[1]?.replace('\\z', '$') ?? '')
  expect(pattern.exec('/api/v1/sessions/4b6f/chunks/0')?.groups?.['path']).toBe('/api/v1/sessions/4b6f/chunks/0')
  for (const path of ['/api/v1', '/api/v1/', '/api/v1/a/', '/api/v1//a', '/api/v2/a', '/api/v1/a%', '/x/api/v1/a'])
    expect({ path, taken: pattern.test(path) }).toEqual({ path, taken: false })
})

test('a path that is open for one method and guarded for another is refused', () => {
  expect(() => buildLocations('one', { ...shown, guarded: ['PUT /a.b'] })).toThrow('one: /a.b is open and guarded')
})

/** The rows of services/access.md, which is derived from the routes themselves: route and who may call it, by service. */
const readTable = () => {
  const text = readFileSync(join(import.meta.dir, '..', 'access.md'), 'utf8')
  return new Map(
    text.split('\n## ').map((section) => {
      const [name = '', ...lines] = section.split('\n')
      const rows = lines.filter((line) => line.startsWith('| '))
      return [name, rows.map((line) => line.split('|').map((cell) => cell.trim()))] as const
    }),
  )
}

test('every route that the catalogue shows is one that its service has, open where it says so', () => {
  const table = readTable()
  let seen = 0
  for (const [name, entry] of Object.entries<Entry>(catalog)) {
    const { open = [], guarded = [], streams = [], events = [] } = entry.public ?? {}
    for (const shownRoute of [...open, ...guarded, ...streams, ...events]) {
      const rows = (table.get(name) ?? []).filter(([, route = '']) =>
        shownRoute.endsWith('/*') ? route.startsWith(shownRoute.slice(0, -1)) : route === shownRoute,
      )
      expect({ name, shownRoute, found: rows.length > 0 }).toEqual({ name, shownRoute, found: true })
      for (const [, route, services] of rows)
        expect({ name, route, open: services === 'anybody' }).toEqual({ name, route, open: open.includes(shownRoute) })
      seen++
    }
  }
  expect(seen).toBeGreaterThan(40)
})
