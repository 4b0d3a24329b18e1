import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
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
  expect(pattern.exec('/api/v1/sessions/4b6f/chunks/0')?.groups?.['path']).toBe(
    '/api/v1/sessions/4b6f/chunks/0',
  )
  for (const path of [
    '/api/v1',
    '/api/v1/',
    '/api/v1/a/',
    '/api/v1//a',
    '/api/v2/a',
    '/api/v1/a%',
    '/x/api/v1/a',
  ])
    expect({ path, taken: pattern.test(path) }).toEqual({ path, taken: false })
})

test('a path that is open for one method and guarded for another is refused', () => {
  expect(() => buildLocations('one', { ...shown, guarded: ['PUT /a.b'] })).toThrow(
    'one: /a.b is open and guarded',
  )
})

test('every route that the catalogue shows is one that its service has', () => {
  const root = join(import.meta.dir, '..')
  let seen = 0
  for (const [name, entry] of Object.entries<Entry>(catalog)) {
    const { public: face } = entry
    if (face === undefined) continue
    const source = readdirSync(join(root, name))
      .filter((file) => file.endsWith('routes.ts'))
      .map((file) => readFileSync(join(root, name, file), 'utf8'))
      .join('\n')
    for (const route of [...face.open, ...face.guarded, ...face.streams, ...(face.events ?? [])]) {
      const [method = '', path = ''] = route.split(' ')
      const [start = '', below] = path.split('*')
      const written = new RegExp(
        `\\.${method.toLowerCase()}\\(\\s*'${start.replaceAll('/', '\\/')}${below === undefined ? "'" : ''}`,
      )
      expect({ route: `${name} ${route}`, found: written.test(source) }).toEqual({
        route: `${name} ${route}`,
        found: true,
      })
      seen++
    }
    for (const route of face.open) expect(source).toContain(`'${route}'`)
  }
  expect(seen).toBeGreaterThan(10)
})
