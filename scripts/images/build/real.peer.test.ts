import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519 } from '@noble/curves/ed25519.js'
import { decodeTar } from '#common/stream/untar'
import packageJson from '../../../package.json' with { type: 'json' }
import { freePorts } from '../../platform/ports.ts'
import { products } from '../layers/products.ts'
import { requireLock } from '../lock/lock-file.ts'
import { cacheFolder } from '../packages/cache.ts'
import { type Built, buildImages } from './build.ts'

/**
 * One true image out of the pinned packages, and the program in it started. The packages come from the cache, or from
 * the mirror and the registry of this machine.
 */

const root = join(import.meta.dir, '..', '..', '..')
const SERVICE = 'merkle-builder'
const HANG = 10 * 60_000
const folder = mkdtempSync(join(tmpdir(), 'lucid-real-image-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const build = () =>
  buildImages({
    root,
    dist: join(folder, 'dist'),
    cache: cacheFolder(process.env),
    lock: requireLock(root),
    products: products(),
    selected: [SERVICE],
    platforms: ['linux/amd64', 'linux/arm64'],
    version: packageJson.version,
    tag: undefined,
    jobs: 2,
    rebuild: false,
    onStep: () => {},
  })

const absent = /cannot be fetched|names no mirror|cannot be looked up/
const tried = await build().catch((error: Error) => error)
const missing = tried instanceof Error && absent.test(tried.message) ? tried.message : undefined
if (missing !== undefined) console.log(`NOT RUN: a true image: ${missing}`)

const layout = join(folder, 'dist', SERVICE)
const json = (digest: string) => JSON.parse(readFileSync(join(layout, 'blobs', ...digest.split(':')), 'utf8'))

describe.skipIf(missing !== undefined)('the image of a service', () => {
  let made: Built
  beforeAll(() => {
    if (tried instanceof Error) throw tried
    made = tried
  })
  const layers = (platform: string): readonly { readonly digest: string; readonly size: number }[] =>
    json(made.images[SERVICE]?.platforms[platform] ?? '').layers
  const filesOf = (platform: string) =>
    layers(platform).flatMap(({ digest }) =>
      decodeTar(Bun.gunzipSync(new Uint8Array(readFileSync(join(layout, 'blobs', ...digest.split(':')))))),
    )

  test('differs between platforms in everything but our own program', () => {
    const [amd64, arm64] = ['linux/amd64', 'linux/arm64'].map((platform) =>
      layers(platform).map(({ digest }) => digest),
    )
    expect(amd64?.length).toBe(6)
    expect(amd64?.filter((digest) => arm64?.includes(digest))).toEqual(amd64?.slice(-2))
  })

  test('holds no shell, no package manager and nothing with a set-id bit', () => {
    const files = filesOf('linux/amd64')
    expect(files.length).toBeGreaterThan(500)
    expect(
      files.filter(
        ({ path, type }) =>
          type !== 'folder' &&
          /(^|\/)(sh|bash|dash|busybox|apt|dpkg|apk|perl|python3?)$/.test(path) &&
          !path.includes('status.d'),
      ),
    ).toEqual([])
    expect(files.filter(({ mode }) => (mode & 0o6000) !== 0)).toEqual([])
  })

  test('lists the npm packages of its program with their licences', () => {
    const bom = JSON.parse(readFileSync(join(layout, 'sbom.amd64.json'), 'utf8'))
    const npm = bom.components.filter(({ purl }: { purl?: string }) => purl?.startsWith('pkg:npm/'))
    const names = npm.map(({ name }: { name: string }) => name)
    expect(names).toContain('elysia')
    expect(names).toContain('mongodb')
    expect(names).not.toContain('typescript')
    expect(npm.filter(({ licenses }: { licenses?: unknown[] }) => licenses === undefined)).toEqual([])
  })

  test('is as it is when it is built again', async () => {
    const again = await build()
    expect([again.built, again.images]).toEqual([[], made.images])
  })

  // The addon in it is a file for this system and processor.
  const here = process.platform === 'linux' && process.arch === 'x64'
  if (!here && missing === undefined)
    console.log('NOT RUN: the program of a true image: this machine is no linux/amd64')
  test.skipIf(!here)(
    'starts from what is in it alone, uses its native addon, and its health check sees it come and go',
    async () => {
      for (const { path, type, data } of filesOf('linux/amd64'))
        if (type === 'file' && path.startsWith('app/')) await Bun.write(join(folder, 'image', path), data)
      const app = join(folder, 'image', 'app')
      const port = String(freePorts([SERVICE])[SERVICE])
      const secret = ed25519.utils.randomSecretKey()
      const callers = ['session-orchestrator', 'operator']
      const peers = Object.fromEntries(callers.map((name) => [name, ed25519.getPublicKey(secret).toHex()]))
      await Bun.write(join(folder, 'identities.json'), JSON.stringify(peers))
      const env = {
        HOST: '127.0.0.1',
        PORT: port,
        LUCID_DATA: join(folder, 'data'),
        IDENTITY_KEY: secret.toHex(),
        IDENTITY_PEERS_FILE: join(folder, 'identities.json'),
      }
      const check = async () => {
        const child = Bun.spawn([process.execPath, join(app, 'health.js')], {
          cwd: app,
          env: { PORT: port },
          stdout: 'ignore',
          stderr: 'ignore',
        })
        return child.exited
      }
      expect(await check()).toBe(1)
      const service = Bun.spawn([process.execPath, join(app, 'main.js')], {
        cwd: app,
        env,
        stdout: 'pipe',
        stderr: 'pipe',
      })
      try {
        while ((await check()) !== 0 && service.exitCode === null) await Bun.sleep(50)
        const status = await (await fetch(`http://127.0.0.1:${port}/status`)).json()
        expect(JSON.stringify(status)).toContain('"napi"')
      } finally {
        service.kill('SIGTERM')
        expect(await service.exited).toBe(0)
      }
      expect(await check()).toBe(1)
    },
    HANG,
  )
})
