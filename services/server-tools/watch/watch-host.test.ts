import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '#common/testing/health-servers'
import { watchHost } from './watch-host.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-watch-host-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0

const ran = async (argv: readonly string[], stdin: string, hostPort: number) => {
  const said = { out: '', err: '' }
  const state = join(folder, `${made++}`)
  const code = await watchHost({
    listed: { alpha: { stack: 'core', hostPort } },
    stock: {},
    argv,
    state,
    stdin: async () => stdin,
    now: () => 1_000_000,
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
  })
  return { code, state, ...said }
}

const host = [
  '== facts',
  ' 1',
  '== date',
  ' 1000',
  '== engine',
  ' {"version":"28","root":"/","memoryLimit":true}',
  '== containers',
  ' listed 1',
  ` {"id":"${'a'.repeat(64)}","name":"/alpha","service":"alpha","project":"lucid-core","status":"running"}`,
  '== end',
].join('\n')

test('facts come from standard input, services are asked on the ports of the host', async () => {
  await using alpha = serve('healthy')
  const { code, out, err, state } = await ran(['--json'], host, alpha.port)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(JSON.parse(out)).toMatchObject({ ok: true, facts: { asked: true, at: 1_000_000 } })
  expect(readFileSync(join(state, 'health.log'), 'utf8')).toContain('"subject":"engine:docker"')
})

test('without facts nothing is well, even when every service is', async () => {
  await using alpha = serve('healthy')
  expect(await ran(['--quiet'], '', alpha.port)).toMatchObject({
    code: 2,
    out: 'UNKNOWN  facts:host: the host could not be asked: what was given is not what facts.sh prints  ->  sh facts.sh DIR\n',
  })
})

test('help is printed and a wrong flag refused before anything is written', async () => {
  expect(await ran(['--help'], '', 1)).toMatchObject({ code: 0, out: expect.stringContaining('HEALTH_STATE') })
  const wrong = await ran(['--dir', '/x'], '', 1)
  expect(wrong).toMatchObject({ code: 64, out: '' })
  expect(wrong.err).toContain('known flags: --stack, --json, --quiet, --prometheus, --help')
  expect(existsSync(wrong.state)).toBe(false)
})
