import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entryFile } from '../cli/entry.ts'
import { type Argv, live } from '../cli/run.ts'
import { homeAt } from '../platform/home.ts'
import { ensureSecret } from '../platform/secrets.ts'
import { writeLayout } from './layout/layout.fixture.ts'

// Processes are started: a busy machine takes its time.
setDefaultTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-verify-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SERVICE = 'session-chunker'
const images = join(folder, 'images')
const home = homeAt(join(folder, 'home'))
const secret = ensureSecret(home, 'operator', 'OWNER_KEY').reveal()

mkdirSync(join(images, SERVICE), { recursive: true })
const digest = writeLayout(
  join(images, SERVICE),
  ['amd64', 'arm64'].map((architecture) => ({
    architecture,
    layers: [[{ path: 'app/main.js', content: `const x = '${secret}'` }]],
  })),
)
writeFileSync(join(images, 'images.lock.json'), JSON.stringify({ services: { [SERVICE]: { digest } } }))

const run = (script: string, ...args: readonly string[]) => {
  const argv: Argv = [process.execPath, entryFile(script), '--images', images, ...args]
  return live(argv, { env: { LUCID_HOME: home.root, PATH: '', NO_COLOR: '1' } })
}

describe('$ sign:images and verify:images', () => {
  test('a lock is signed with the operator’s key, which is made once, and verified with its public half', async () => {
    const signed = await run('sign:images')
    expect(signed.code).toBe(0)
    const [key = ''] = signed.out.split('\n')
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    expect((await run('sign:images')).out).toBe(signed.out)
    expect(readFileSync(home.secret('operator', 'IMAGES_KEY'), 'utf8').trim()).not.toBe(key)
    writeFileSync(join(folder, 'operator.pub'), `${key}\n`)
    const { code, out } = await run('verify:images', '--key', join(folder, 'operator.pub'), '--only', SERVICE, '--json')
    expect(code).toBe(1)
    const { ok, verdict, images: count, rules } = JSON.parse(out)
    expect({ ok, verdict, count }).toEqual({ ok: false, verdict: 1, count: 2 })
    const rule = (name: string) => rules.find((one: { readonly rule: string }) => one.rule === name)
    expect(rule('signature')).toMatchObject({ checked: 1, breaches: [] })
    expect(rule('lock')).toMatchObject({ checked: 1, breaches: [] })
    expect(rule('no secret').breaches[0]).toBe(
      `${SERVICE} linux/amd64: /app/main.js holds this machine's secret operator/OWNER_KEY`,
    )
    expect(rule('vulnerabilities')).toMatchObject({
      checked: 0,
      notRun: 'no vulnerability scanner (trivy is not in PATH)',
    })
    expect(out).not.toContain(secret)
  })

  test('the table names what is broken and what was not run', async () => {
    const { code, out } = await run('verify:images', '--only', SERVICE)
    expect(code).toBe(1)
    expect(out).toMatch(/^no secret +BROKEN +2 /m)
    expect(out).toMatch(/^vulnerabilities +NOT RUN +0 /m)
    expect(out).toContain('NOT RUN: no key was given (--key FILE) (signature)')
  })

  test('mistakes are said in one line', async () => {
    expect(await run('verify:images', '--only', 'nobody')).toMatchObject({ code: 64 })
    expect((await run('verify:images', '--key', join(folder, 'none'))).err).toContain('is missing')
    writeFileSync(join(folder, 'bad.key'), 'short')
    expect((await run('sign:images', '--key', join(folder, 'bad.key'))).err).toContain('64 lower-case hex digits')
    const gone = await run('verify:images', '--images', join(folder, 'gone'))
    expect(gone.err).toContain('images.lock.json is missing: bun run build-distroless makes it')
  })
})
