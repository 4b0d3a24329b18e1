import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalog } from '#catalog'
import { findProgram } from '#common/process/program'
import { entryFile } from '../cli/entry.ts'
import { type Home, homeAt } from './home.ts'
import { findLeftOut } from './left-out.ts'
import { homeMark } from './leftovers.ts'
import { isAlive, processesWith } from './process.ts'

/** The real services, as processes, on free ports and in a state folder of their own. */

const missing = findLeftOut(catalog, (program) => findProgram(program, process.env['PATH']) !== undefined)
const names = Object.keys(catalog)
  .filter((name) => missing[name] === undefined)
  .toSorted()
for (const [name, why] of Object.entries(missing)) console.log(`NOT RUN: ${name} ${why} (in bun run up)`)
const patience = 120_000

let home: Home
beforeAll(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'lucid-up-')))
})
afterAll(async () => {
  await command('down').ended
  rmSync(home.root, { recursive: true, force: true })
})

const command = (name: string, ...flags: readonly string[]) => {
  const child = Bun.spawn([process.execPath, entryFile(name), ...flags], {
    env: {
      ...process.env,
      LUCID_HOME: home.root,
      LUCID_CONFIG: join(home.root, 'config'),
      LUCID_TOKENS: 'file',
      NO_COLOR: '1',
    },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const ended = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]).then(
    ([out, err, code]) => ({ out, err, code }),
  )
  return { child, ended }
}

const run = (name: string, ...flags: readonly string[]) => command(name, ...flags).ended

/** Codes of admins that were printed. */
const codes: string[] = []
const CODE = /(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}/

/** Everything that the platform keeps, logs included. */
const stateFiles = () =>
  readdirSync(home.root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))

describe('a platform in the background', () => {
  test(
    '$ up --detach comes back when every service of the catalogue is healthy',
    async () => {
      const { out, err, code } = await run('up', '--detach', '--ports', 'free', '--json')
      expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
      expect(Object.keys(JSON.parse(out).services).toSorted()).toEqual(names)
      expect(JSON.parse(out).left_out).toEqual(missing)
      for (const name of names) expect(err).toMatch(new RegExp(`^healthy +${name} +\\d+  `, 'm'))
      expect(JSON.parse(out).admin_code).toMatch(CODE)
      expect(err).not.toMatch(CODE)
      codes.push(JSON.parse(out).admin_code)
    },
    patience,
  )

  test(
    '$ status tells of each its state, process, memory and version',
    async () => {
      const { out, code } = await run('status', '--json')
      const { services, running, healthy } = JSON.parse(out)
      expect({ code, running, healthy }).toEqual({ code: 0, running: true, healthy: names.length })
      for (const row of services.filter(({ state }: { state: string }) => state !== 'left out')) {
        expect(isAlive(row.pid)).toBe(true)
        expect(row).toMatchObject({ state: 'healthy', restarts: 0, version: expect.stringMatching(/^\d+\.\d+\.\d+/) })
      }
      const table = (await run('status')).out
      expect(table).toStartWith('SERVICE ')
      expect(table).toContain(`${names.length} of ${names.length} healthy`)
    },
    patience,
  )

  test(
    '$ up again is refused, saying what to do',
    async () => {
      const { err, code } = await run('up', '--detach', '--ports', 'free')
      expect(code).toBe(1)
      expect(err).toMatch(
        /^up: the platform of .* is running already \(process \d+\): bun run status shows it, bun run down stops it\n$/,
      )
    },
    patience,
  )

  test(
    '$ recover admin prints a code in its place, with which the first admin signs in',
    async () => {
      const recovered = await run('recover', 'admin')
      expect({ ...recovered, out: recovered.out.replace(CODE, 'CODE') }).toEqual({
        code: 0,
        err: '',
        out: [
          'who signs in with this code within an hour is an admin (once; bun run recover admin makes another):',
          '  bun run lucid key new',
          '  bun run lucid login --code CODE',
          '',
        ].join('\n'),
      })
      codes.push(recovered.out.match(CODE)?.[0] ?? '')
      const words = join(home.root, 'words.txt')
      writeFileSync(words, 'correct horse battery staple\n', { mode: 0o600 })
      const unlock = ['--passphrase-file', words]
      expect(await run('lucid', 'key', 'new', ...unlock)).toMatchObject({ code: 0 })
      const { url } = JSON.parse(readFileSync(home.record, 'utf8')).services['authentication']
      const signIn = (code: string | undefined) => run('lucid', 'login', '--url', url, ...unlock, '--code', code ?? '')
      expect(await signIn(codes[0])).toMatchObject({ code: 77, err: expect.stringContaining('recover admin') })
      expect(await signIn(codes[1])).toMatchObject({ code: 0, out: expect.stringContaining('admin') })
    },
    patience,
  )

  test(
    '$ recover admin also makes one when there is an admin, and none is in a log or a file',
    async () => {
      const { out, code } = await run('recover', 'admin')
      expect({ code, out: out.replace(CODE, 'CODE') }).toMatchObject({
        code: 0,
        out: expect.stringContaining('login --code CODE'),
      })
      codes.push(out.match(CODE)?.[0] ?? '')
      const texts = stateFiles()
      for (const one of codes)
        for (const form of [one, one.replaceAll('-', '')])
          expect(texts.filter((text) => text.includes(form))).toEqual([])
    },
    patience,
  )

  test(
    "$ trust prints the ledger's public key, and --json the chain",
    async () => {
      const plain = await run('trust')
      expect(plain).toEqual({ code: 0, err: '', out: expect.stringMatching(/^[0-9a-f]{64}\n$/) })
      expect(JSON.parse((await run('trust', '--json')).out)).toEqual({
        public_key: plain.out.trim(),
        chain_id: expect.any(Number),
        genesis_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        earlier: [],
      })
    },
    patience,
  )

  test(
    '$ logs SERVICE prints its last lines, which are JSON',
    async () => {
      const { out, code } = await run('logs', 'merkle-builder', '--lines', '1')
      expect(code).toBe(0)
      expect(JSON.parse(out)).toMatchObject({ service: 'merkle-builder' })
      expect((await run('logs', 'merkle-bilder')).code).toBe(64)
      expect((await run('logs', '--lines', 'many')).err).toBe("logs: --lines takes a whole number, not 'many'\n")
    },
    patience,
  )

  test('no secret is in a command line, an environment or a log', async () => {
    const secret = readFileSync(home.secret('session-encryptor', 'IDENTITY_KEY'), 'utf8').trim()
    const texts = processesWith(homeMark(home)).flatMap((pid) =>
      ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8')),
    )
    for (const name of names) texts.push(readFileSync(home.log(name), 'utf8'))
    expect(texts.filter((text) => text.includes(secret))).toEqual([])
    if (process.platform !== 'win32') expect(statSync(home.secret('operator', 'OWNER_KEY')).mode & 0o777).toBe(0o600)
  })

  test(
    '$ down stops all of them, and a second one finds nothing',
    async () => {
      const pids = processesWith(homeMark(home))
      expect(await run('down')).toEqual({ code: 0, err: '', out: `stopped ${names.length} services\n` })
      expect(pids.filter(isAlive)).toEqual([])
      expect(existsSync(home.record)).toBe(false)
      expect((await run('down')).out).toBe(`nothing was running in ${home.root}\n`)
      expect((await run('status')).code).toBe(3)
      expect(await run('trust')).toEqual({
        code: 1,
        out: '',
        err: `trust: the platform of ${home.root} is not running: start it with bun run up --detach\n`,
      })
    },
    patience,
  )
})

describe('a platform in the foreground', () => {
  test(
    '$ up --stack sessions is healthy without the chain; SIGTERM stops it with 0',
    async () => {
      const { child, ended } = command('up', '--stack', 'sessions', '--ports', 'free')
      while ((await run('status', '--json')).code !== 0) await Bun.sleep(50)
      const { services } = JSON.parse((await run('status', '--json')).out)
      expect(services.map((row: { stack: string }) => row.stack)).toEqual(services.map(() => 'sessions'))
      child.kill('SIGTERM')
      const { err, code } = await ended
      expect(code).toBe(0)
      expect(err).not.toMatch(CODE) // there is an admin
      expect(err).toMatch(/\nstopped after [\d.]+ m?s\n$/)
      expect(processesWith(homeMark(home))).toEqual([])
    },
    patience,
  )

  test.each([
    [
      ['--stack', 'chain'],
      "up: --stack does not take 'chain': use core, sessions, blockchain, integration (bun run up --help)\n",
    ],
    [
      ['--detatch'],
      'up: unknown flag --detatch; known flags: --stack, --ports, --store, --detach, --json, --help (bun run up --help)\n',
    ],
  ])(
    '$ up %j is a mistake that starts nothing',
    async (flags, err) => {
      expect(await run('up', ...(flags as string[]))).toEqual({ code: 64, out: '', err: err as string })
    },
    patience,
  )
})
