import { describe, expect, test } from 'bun:test'
import { pathOf, routeMatcher } from './route-pattern.ts'

describe('a route pattern', () => {
  const routes = ['GET /openapi.json', 'GET /anchors/:session', 'PATCH /recordings/:id/stream']
  const matchesRoute = routeMatcher(routes)
  const matches = (method: string, path: string) =>
    matchesRoute(`${method} ${pathOf(new Request(`http://localhost${path}`))}`)

  test('matches its method and path, with or without a query', () => {
    expect([
      matches('GET', '/openapi.json'),
      matches('GET', '/anchors/abc'),
      matches('GET', '/anchors/abc?x=1'),
      matches('PATCH', '/recordings/abc/stream'),
    ]).toEqual([true, true, true, true])
  })

  test('matches nothing else', () => {
    const others: readonly (readonly [string, string])[] = [
      ['POST', '/anchors/abc'],
      ['GET', '/anchors'],
      ['GET', '/anchors/'],
      ['GET', '/anchors/a/b'],
      ['GET', '/x/anchors/a'],
      ['GET', '/openapixjson'],
      ['GET', '/recordings/a/stream'],
      ['PATCH', '/recordings//stream'],
    ]
    for (const [method, path] of others) expect([path, matches(method, path)]).toEqual([path, false])
  })

  test('of none matches nothing', () => {
    expect(routeMatcher([])('GET /')).toBe(false)
  })
})

describe('the path of a request', () => {
  const at = (url: string) => pathOf({ url } as Request)

  test('is what stands between host and query, whatever the host', () => {
    expect([
      at('http://localhost:80/a/b?c=/d'),
      at('http://vm/a?'),
      at('http://a/'),
      at('http://[::1]:8080/x'),
    ]).toEqual(['/a/b', '/a', '/', '/x'])
  })

  test('is nothing where router and URL standard would differ', () => {
    for (const url of [
      '/a',
      'http://localhost/a#/b',
      'http://localhost/../a',
      'http://localhost/a\\b',
      'http://localhost?/a',
      'http:///a',
      'http://a b/c',
    ])
      expect([url, at(url)]).toEqual([url, undefined])
  })
})
