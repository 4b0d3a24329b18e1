import { describe, expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import { ask, closedGuard, everyRouteRefusesStrangers, testParts } from '#common/testing/app'
import { assets } from './assets.ts'
import { publicRoutes, type ReadMerged, routes } from './routes.ts'

const merged: ReadMerged = async () => ({ document: { openapi: '3.1.2' }, etag: '"one"' })
const app = routes({ merged, parts: testParts })
const get = (path: string, headers: Record<string, string> = {}) =>
  app.handle(new Request(`http://localhost${path}`, { headers }))

const pageText = async () => (await get('/docs')).text()

test('every reply of the page forbids scripts, styles, data and frames of anybody else', async () => {
  for (const path of ['/docs', '/docs/start.js', '/docs/openapi.json']) {
    const policy = (await get(path)).headers.get('content-security-policy') ?? ''
    expect(policy).toStartWith("default-src 'none'; script-src 'self'; style-src 'self';")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    expect((await get(path)).headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test('all that the page names is served from here, with its type', async () => {
  const page = await pageText()
  const named = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) => url ?? '')
  expect(named.length).toBeGreaterThan(5)
  for (const url of named) {
    expect(url).toStartWith('/docs/')
    expect({ url, status: (await get(url)).status }).toEqual({ url, status: 200 })
  }
  expect((await get('/docs/start.js')).headers.get('content-type')).toBe('text/javascript; charset=utf-8')
})

test('the page has no inline script, style or handler, which the policy would stop', async () => {
  const page = await pageText()
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/)
})

test('no style fetches anything from anywhere', () => {
  for (const name of ['lucid.css', 'swagger-ui.css']) {
    const style = new TextDecoder().decode(assets.get(name)?.plain)
    expect(style.length).toBeGreaterThan(1000)
    const fetched = [...style.matchAll(/url\(\s*["']?([^"')]+)/g)].map(([, url]) => url ?? '')
    expect(fetched.filter((url) => !url.startsWith('data:'))).toEqual([])
    expect(style).not.toContain('@import')
    expect(style).not.toContain('sourceMappingURL')
  }
})

test('a file is sent once: compressed where that is understood, 304 to who has it', async () => {
  const plain = await get('/docs/swagger-ui-bundle.js')
  const packed = await get('/docs/swagger-ui-bundle.js', { 'accept-encoding': 'br, gzip' })
  expect(packed.headers.get('content-encoding')).toBe('gzip')
  expect(new TextDecoder().decode(Bun.gunzipSync(await packed.arrayBuffer()))).toBe(await plain.text())
  const again = await get('/docs/swagger-ui-bundle.js', { 'if-none-match': plain.headers.get('etag') ?? '' })
  expect([again.status, await again.text()]).toEqual([304, ''])
})

describe('the document', () => {
  test('comes through with its tag', async () => {
    const reply = await get('/docs/openapi.json')
    expect([reply.status, reply.headers.get('etag'), await reply.json()]).toEqual([200, '"one"', { openapi: '3.1.2' }])
    expect((await get('/docs/openapi.json', { 'if-none-match': '"one"' })).status).toBe(304)
  })

  test('is a 503 while its server is away, and the page is there', async () => {
    const away = routes({
      merged: async () => {
        throw new Fault('unavailable', 'unreachable', 'openapi-server cannot be reached')
      },
      parts: testParts,
    })
    expect(await ask(away, 'GET', '/docs/openapi.json')).toMatchObject({ status: 503, body: { code: 'unreachable' } })
    expect((await away.handle(new Request('http://localhost/docs'))).status).toBe(200)
  })
})

test.each([
  ['/docs/nothing.js', 404],
  ['/docs/index.html', 400],
  ['/docs/..%2Fmain.ts', 400],
  ['/docs/LICENSE', 400],
])('%s is a %d problem', async (path, status) => {
  expect(await ask(app, 'GET', path)).toMatchObject({ status })
})

test('the root leads to the page', async () => {
  const reply = await get('/')
  expect([reply.status, reply.headers.get('location')]).toEqual([302, '/docs'])
})

test('only the page is open to strangers', async () => {
  const guarded = routes({ merged, parts: { ...testParts, guard: closedGuard } })
  expect(await everyRouteRefusesStrangers(guarded, publicRoutes)).toBe(0)
  expect((await guarded.handle(new Request('http://localhost/docs/other/place'))).status).toBe(401)
})
