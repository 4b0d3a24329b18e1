import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { deadPort, serve } from '#common/testing/health-servers'
import type { Topology } from './endpoints.ts'
import { known as base } from './fixture.ts'
import { run } from './run.ts'
import type { HostTools } from './tools.ts'

const address = `${'a'.repeat(56)}.onion`

const ran = async (words: readonly string[], known: Topology, host: Partial<HostTools> = {}) => {
  const said = { out: '', err: '' }
  const code = await run(words, {
    known,
    host: {
      input: async () => '',
      random: (length) => new Uint8Array(length),
      folder: '/nowhere',
      volumes: '/nowhere',
      lines: { next: async () => undefined, stop: async () => {} },
      backup: {
        source: '/nowhere',
        repository: '/nowhere',
        key: '/nowhere',
        cache: '/nowhere',
        target: '/nowhere',
        operator: '/operator',
      },
      ...host,
    },
    network: { resolve: async (host) => [host], dial: async () => 1 },
    versions: { lucid: '1.2.3', bun: '1' },
    own: {
      watch: async (given) => given.length,
      exercise: async (given) => given.length,
      'admin-code': async (given) => given.length,
      ask: async (given) => given.length,
    },
    now: () => 1000,
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
  })
  return { code, ...said }
}

/** The small catalogue with one service called alpha, at this URL. */
const withAlpha = (url: string): Topology => ({
  ...base,
  services: { alpha: { ...base.services['keeper'], needs: [] } as Topology['services'][string] },
  clients: { operator: { needs: ['alpha'] } },
  addresses: { alpha: url },
})

describe('health', () => {
  test('ends with 0 only if all are healthy, as a table and as JSON', async () => {
    await using alpha = serve('healthy')
    const table = await ran(['health'], withAlpha(alpha.url))
    expect(table).toMatchObject({ code: 0, err: '' })
    expect(table.out).toContain('1 of 1 healthy')
    const json = await ran(['health', '--json'], withAlpha(alpha.url))
    expect(JSON.parse(json.out)).toMatchObject({ ok: true, checked_at: 1000, services: [{ name: 'alpha' }] })
  })

  test('ends with 1 when one is not, and names it', async () => {
    await using alpha = serve('degraded')
    expect(await ran(['health'], withAlpha(alpha.url))).toMatchObject({ code: 1 })
    const gone = await ran(['health', '--json'], withAlpha(`http://127.0.0.1:${await deadPort()}`))
    expect(gone.code).toBe(1)
    expect(JSON.parse(gone.out)).toMatchObject({ ok: false, services: [{ state: 'unreachable' }] })
  })

  test('says whom it could not ask from where it is', async () => {
    await using alpha = serve('healthy')
    const known = withAlpha(alpha.url)
    const payer = { payer: { ...known.services['alpha'], networks: ['lucid_wallet_net'] } } as Topology['services']
    const found = await ran(['health'], { ...known, services: { ...known.services, ...payer } })
    expect(found.code).toBe(0)
    expect(found.err).toBe('not asked, on networks that this container is not on: payer\n')
  })
})

test('net asks only those that somebody needs, the database among them', async () => {
  const found = await ran(['net', '--json'], base)
  expect(found.code).toBe(0)
  expect(JSON.parse(found.out)).toMatchObject({
    ok: true,
    reached: [
      { name: 'db', needed_by: ['keeper'] },
      { name: 'keeper', needed_by: ['maker', 'operator'], median_ms: 1 },
    ],
  })
})

describe('onions', () => {
  const withTor = (url: string): Topology => ({
    ...base,
    services: { 'tor-proxy': base.services['keeper'] as Topology['services'][string] },
    addresses: { 'tor-proxy': url },
  })

  test('lists them', async () => {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => Response.json({ service: 'tor-proxy', onions: [{ name: 'gateway', address }] }),
    })
    const found = await ran(['onions'], withTor(`http://127.0.0.1:${server.port}`))
    await server.stop(true)
    expect(found).toMatchObject({ code: 0, err: '' })
    expect(found.out).toContain(`gateway  ${address}`)
  })

  test('says plainly that tor-proxy is not there', async () => {
    expect(await ran(['onions'], base)).toEqual({
      code: 1,
      out: '',
      err: "server-tools: tor-proxy is not there: this release's catalogue does not list it\n",
    })
    const url = `http://127.0.0.1:${await deadPort()}`
    const gone = await ran(['onions', '--json'], withTor(url))
    expect(gone.code).toBe(1)
    expect(gone.err).toBe(`server-tools: tor-proxy is not there: it cannot be reached (${url})\n`)
    expect(JSON.parse(gone.out)).toMatchObject({ ok: false })
  })
})

test('a command of its own answers the exit code', async () => {
  expect((await ran(['watch', '--quiet', '--json'], base)).code).toBe(2)
})

test('as a program it takes words in exec form, and refuses what it does not know with 64', async () => {
  const program = async (...words: readonly string[]) => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, 'main.ts'), ...words], {
      env: { ...process.env, LUCID_REVISION: 'abc' },
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    return { code: await child.exited, out, err }
  }
  const version = await program('version', '--json')
  expect(version).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(version.out)).toMatchObject({ revision: 'abc', bun: Bun.version })
  expect(await program('wersion')).toMatchObject({ code: 64, out: '' })
})
