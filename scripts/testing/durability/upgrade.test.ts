import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { ok } from '#common/http/client'
import { entryFile } from '../../cli/entry.ts'
import { askAdminCode } from '../../platform/admin-code.ts'
import { homeAt } from '../../platform/home.ts'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { RECORDING } from '../../platform/source.ts'

/**
 * The state folder of the release before this one, as kill -9 of everything left it, and bundles that it exported
 * (throw-away keys): made by commit acb231f. Two complete recordings, one whose source went away, one that failed, and
 * two that were being recorded.
 */
const VECTOR = join(import.meta.dir, 'vectors', 'release-0.1.0-acb231f.tar.zst')
const COMPLETE = ['ef7a5c5d-b392-48a3-9c1d-ab1d4fb7ec76', 'f2b2b12e-ceb7-4261-92fc-1b1619798f68'] as const
const BROKEN_OFF = 'ebe1f5e8-fc8b-4a78-897b-d49310ed5b22'
const FAILED = 'c2e0e2ab-98e1-47c0-af30-d1dd234b580d'
const LIVE = ['47615a8c-094e-47b2-b254-1dfd4ef49c42', 'f50a729c-52f5-4f12-a281-0a95516d8413'] as const
const HANG = 300_000

const folder = mkdtempSync(join(tmpdir(), 'lucid-upgrade-'))
const home = homeAt(join(folder, 'home'))
let platform: Prepared
let trust: string
let secrets: ReturnType<typeof readSecrets>

const run = async (name: string, ...args: readonly string[]) => {
  const child = Bun.spawn([process.execPath, entryFile(name), ...args], {
    env: { ...process.env, LUCID_HOME: home.root },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, out, err }
}

const unpack = async (): Promise<void> => {
  const tar = Bun.spawn(['tar', '-x', '-C', folder], {
    stdin: Bun.zstdDecompressSync(await Bun.file(VECTOR).bytes()),
    stdout: 'ignore',
    stderr: 'inherit',
  })
  expect(await tar.exited).toBe(0)
}

/** Every secret of the state folder, `owner/KEY`, with its value. */
const readSecrets = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(home.secrets, { recursive: true })
      .map((name) => join(home.secrets, String(name)))
      .filter((path) => statSync(path).isFile())
      .map((path) => [relative(home.secrets, path), readFileSync(path, 'utf8')]),
  )

const stateOf = async (id: string) => (await ok(operatorClients(home).orchestrator().sessions({ id }).get())).state

/** The recording in a bundle. */
const recordingIn = async (bundle: string) => {
  const out = join(folder, `${crypto.randomUUID()}.recording`)
  const { err } = await run('verify', bundle, '--trust', trust, '--decrypt', out)
  return { err, bytes: await Bun.file(out).bytes() }
}

const hasTar = Bun.which('tar') !== null
if (!hasTar) console.log('NOT RUN: no tar on this machine (the upgrade of a state folder)')

describe.skipIf(!hasTar)('the state folder of the release before', () => {
  beforeAll(async () => {
    await unpack()
    secrets = readSecrets()
    const env = { 'session-recorder': { RESUME_GRACE_MS: '10000' } }
    platform = await bringUp({ home, stacks: RECORDING, ports: 'free', env, ambient: process.env })
    trust = (await ok(operatorClients(home).chain().chain.get())).sealer_public_key
  }, HANG)
  afterAll(async () => {
    await platform?.stop()
    rmSync(folder, { recursive: true, force: true })
  }, HANG)

  test('keeps every secret, and gets those of what is new drawn without a hand', () => {
    const after = readSecrets()
    expect(secrets['operator/IDENTITY_KEY']).toMatch(/^[0-9a-f]{64}\n$/)
    expect(after).toMatchObject(secrets)
    const drawn = Object.keys(after).filter((name) => !Object.hasOwn(secrets, name))
    expect(drawn.toSorted()).toEqual([
      'api-gateway/TLS_CA_KEY',
      'api-server/IDENTITY_KEY',
      'api-server/MONGO_PASSWORD',
      'authentication/AUTH_KEY',
      'authentication/IDENTITY_KEY',
      'authentication/MONGO_PASSWORD',
    ])
    for (const name of drawn) expect(after[name]).toMatch(/^[0-9a-f]{64}\n$/)
    expect(new Set(Object.values(after)).size).toBe(Object.keys(after).length)
  })

  test('has nobody who may sign in yet, and gives the operator, whose key is the old one, the code of the first admin', async () => {
    expect(await askAdminCode(home, { recover: false })).toMatchObject({ code: expect.any(String) })
  })

  test('keeps every session in its state', async () => {
    for (const id of [...COMPLETE, BROKEN_OFF]) expect(await stateOf(id)).toBe('anchored')
    expect(await stateOf(FAILED)).toBe('failed')
  })

  test.each([...COMPLETE.map((id) => [id, 0] as const), [BROKEN_OFF, 3] as const])(
    'its bundle of %s verifies with %d, and so does one exported now, with the same recording in it',
    async (id, code) => {
      const before = join(folder, `${id}.lucid.tar`)
      const now = join(folder, `now-${id}.lucid.tar`)
      expect(await run('verify', before, '--trust', trust)).toMatchObject({ code })
      expect(await run('export', id, '--with-keys', '--out', now)).toMatchObject({ code: 0 })
      expect(await run('verify', now, '--trust', trust)).toMatchObject({ code })
      const [old, fresh] = [await recordingIn(before), await recordingIn(now)]
      expect(old.bytes.length).toBeGreaterThan(0)
      expect(Buffer.compare(fresh.bytes, old.bytes)).toBe(0)
    },
    HANG,
  )

  test(
    'ends what was being recorded with a stated end, or as failed when nothing of it was durable',
    async () => {
      for (const id of LIVE) {
        let state = await stateOf(id)
        for (const end = performance.now() + HANG / 2; !/^(?:anchored|failed)$/.test(state); ) {
          if (performance.now() > end) throw new Error(`${id} stays ${state}`)
          await Bun.sleep(100)
          state = await stateOf(id)
        }
        if (state === 'failed') continue
        const bundle = join(folder, `live-${id}.lucid.tar`)
        expect(await run('export', id, '--out', bundle)).toMatchObject({ code: 0 })
        expect(await run('verify', bundle, '--trust', trust)).toMatchObject({ code: 3 })
      }
    },
    HANG,
  )

  test(
    'takes and anchors a new recording on the same chain',
    async () => {
      const { number: before } = (
        await ok(
          operatorClients(home)
            .chain()
            .blocks.get({ query: { limit: 1 } }),
        )
      ).blocks[0] ?? { number: 0 }
      const input = join(folder, 'new.bin')
      await Bun.write(input, crypto.getRandomValues(new Uint8Array(50_000)))
      const recorded = await run('record', '--input', input, '--json')
      expect(recorded).toMatchObject({ code: 0 })
      const { session_id: id, block } = JSON.parse(recorded.out)
      expect(block).toBeGreaterThan(before)
      const bundle = join(folder, 'new.lucid.tar')
      expect(await run('export', id, '--out', bundle)).toMatchObject({ code: 0 })
      expect(await run('verify', bundle, '--trust', trust)).toMatchObject({ code: 0 })
    },
    HANG,
  )
})
