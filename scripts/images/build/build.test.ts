import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeTar } from '#common/stream/untar'
import { takeLock } from '../../platform/lock.ts'
import { platformNames } from '../format/platform.ts'
import { readLayerContent } from '../layers/layer-content.ts'
import type { startLayerThreads } from '../layers/layer-threads.ts'
import { cacheLayer, packLayer } from '../layers/pack.ts'
import type { Product } from '../layers/products.ts'
import { LOCK_FILE } from '../layout/digests-lock.ts'
import { sources } from '../packages/pinned-packages.ts'
import {
  cacheSamplePackages,
  libgcc,
  product,
  type SamplePackages,
  writeSampleRepository,
} from '../sample-packages.fixture.ts'
import { type BuildOptions, buildImages } from './build.ts'

const top = mkdtempSync(join(tmpdir(), 'lucid-build-'))
afterAll(() => rmSync(top, { recursive: true, force: true }))
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(top, 'x-'))
})

const program = (text: string) =>
  `const lazy = () => import('./lazy.ts')\nconsole.log('${text}', process.env.NODE_ENV, process.platform, lazy)\n`
const all: readonly Product[] = [
  product('chunker', { volumes: ['/data'] }),
  product('merkle', { phase: 2, addons: ['@napi-rs/blake-hash'] }),
  product('tool', { phase: 2, port: undefined }),
]
const services = {
  chunker: program('chunker'),
  merkle: "const addon = require('@napi-rs/blake-hash')\nconsole.log(addon)\n",
  tool: "console.log('tool')\n",
}

/** Makes layers in this thread, and counts them. */
const counted = () => {
  const made: string[] = []
  const threads: typeof startLayerThreads = () => ({
    make: async ({ key, plan, cache }) => {
      made.push(plan.kind)
      const getters = sources({
        cache,
        mirrors: () => 'file:///nowhere/',
        get: async () => undefined,
        ask: async () => ({ integrity: '', tarball: '' }),
      })
      const layer = packLayer(cache, await readLayerContent(plan, getters))
      cacheLayer(cache, key, layer)
      return layer
    },
    close: () => {},
  })
  return { made, threads }
}

const setUp = async ({
  at = folder,
  samples = libgcc,
  sources: more = services,
}: {
  at?: string
  samples?: SamplePackages
  sources?: Readonly<Record<string, string>>
} = {}) => {
  const root = join(at, 'root')
  await writeSampleRepository(root, more)
  for (const name of Object.keys(more))
    await Bun.write(join(root, 'services', name, 'lazy.ts'), "export const late = 'late'\n")
  const cache = join(at, 'cache')
  const { made, threads } = counted()
  const steps: string[] = []
  const options: BuildOptions = {
    root,
    dist: join(root, 'dist'),
    cache,
    lock: cacheSamplePackages(cache, samples),
    products: all,
    selected: all.map(({ name }) => name),
    platforms: platformNames,
    version: '0.1.0',
    tag: undefined,
    jobs: 2,
    rebuild: false,
    onStep: (service, step) => steps.push(`${service} ${step}`),
    threads,
  }
  return {
    options,
    made,
    steps,
    digests: async (more: Partial<BuildOptions> = {}) => digestsOf(await buildImages({ ...options, ...more })),
  }
}

const digestsOf = ({ images }: Awaited<ReturnType<typeof buildImages>>) =>
  Object.fromEntries(Object.entries(images).map(([name, { digest }]) => [name, digest]))

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const blob = (layout: string, digest: string) => readFileSync(join(layout, 'blobs', ...digest.split(':')))

/** What each layer of an image holds, lowest first. */
const layersOf = (layout: string, platform: string): readonly ReturnType<typeof decodeTar>[] => {
  const [entry] = json(join(layout, 'index.json')).manifests
  const index = JSON.parse(blob(layout, entry.digest).toString())
  const manifest = index.manifests.find((one: { platform: { architecture: string } }) =>
    platform.endsWith(one.platform.architecture),
  )
  const { layers } = JSON.parse(blob(layout, manifest.digest).toString())
  return layers.map(({ digest }: { digest: string }) => decodeTar(Bun.gunzipSync(new Uint8Array(blob(layout, digest)))))
}

/** Paths of the files in each of them. */
const filesIn = (layout: string, platform = 'linux/amd64') =>
  layersOf(layout, platform).map((entries) => entries.filter(({ type }) => type === 'file').map(({ path }) => path))

describe('a build', () => {
  test('makes a layout a service, whose blobs are what their names say', async () => {
    const { options, digests } = await setUp()
    await digests()
    for (const { name } of all) {
      const layout = join(options.dist, name)
      expect(json(join(layout, 'oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' })
      for (const hex of readdirSync(join(layout, 'blobs', 'sha256')))
        expect(
          createHash('sha256')
            .update(readFileSync(join(layout, 'blobs', 'sha256', hex)))
            .digest('hex'),
        ).toBe(hex)
    }
    expect(filesIn(join(options.dist, 'chunker')).at(-1)).toEqual([
      'app/bunfig.toml',
      'app/health.js',
      expect.stringMatching(/^app\/lazy-[0-9a-f]{8}\.js$/),
      'app/main.js',
    ])
    expect(filesIn(join(options.dist, 'tool')).at(-1)).toEqual(['app/bunfig.toml', 'app/main.js'])
    expect(filesIn(join(options.dist, 'merkle'), 'linux/arm64').at(-2)).toEqual(['app/addons/napi-rs-blake-hash.node'])
  })

  test('gives the folders of a service to lucid, so that a new volume takes the owner over', async () => {
    const { options, digests } = await setUp()
    await digests()
    const state = json(join(options.dist, 'chunker', 'build.json'))
    const manifest = JSON.parse(blob(join(options.dist, 'chunker'), state.platforms['linux/amd64']).toString())
    const bytes = blob(join(options.dist, 'chunker'), manifest.layers.at(-1).digest)
    const tar = Bun.gunzipSync(new Uint8Array(bytes))
    const folders = decodeTar(tar).filter(({ path }) => path.startsWith('data'))
    expect(folders.map(({ path, mode }) => [path, mode])).toEqual([
      ['data', 0o700],
      ['data/chunker', 0o700],
    ])
    expect(Buffer.from(tar).toString('latin1')).toContain('0177774\x000177774') // 65532 in octal, as owner and group
  })

  test('writes the lock of the images, a bill of materials a platform and where it comes from', async () => {
    const { options, digests } = await setUp()
    const made = await digests()
    const lock = json(join(options.dist, LOCK_FILE))
    expect([lock.revision, lock.tag]).toEqual(['unknown', null])
    expect(Object.keys(lock.services)).toEqual(['chunker', 'merkle', 'tool'])
    expect(lock.services.chunker.digest).toBe(made['chunker'])
    const bom = json(join(options.dist, 'merkle', 'sbom.arm64.json'))
    expect([bom.bomFormat, bom.specVersion]).toEqual(['CycloneDX', '1.6'])
    expect(bom.components.map(({ purl }: { purl?: string }) => purl).filter(Boolean)).toEqual([
      ...['base-files', 'ca-certificates', 'libc6', 'libgcc-s1', 'tzdata'].map(
        (name) => `pkg:deb/debian/${name}@1.0-1?arch=arm64&distro=debian-12`,
      ),
      'pkg:generic/lucid/image-files@0.1.0',
      'pkg:generic/lucid/merkle@0.1.0',
      'pkg:npm/%40napi-rs/blake-hash-linux-arm64-gnu@1.0.0',
      'pkg:npm/%40oven/bun-linux-aarch64@1.0.0',
    ])
    const origin = json(join(options.dist, 'merkle', 'provenance.json'))
    expect(origin.subject).toEqual([{ name: 'merkle', digest: { sha256: made['merkle']?.slice(7) } }])
    expect(JSON.stringify(origin)).not.toContain(folder)
  })

  test('names the owner of every file and link of an image, once, and no file that is not there', async () => {
    const { options, digests } = await setUp()
    await digests()
    for (const { name } of all)
      for (const [platform, bomName] of [
        ['linux/amd64', 'sbom.amd64.json'],
        ['linux/arm64', 'sbom.arm64.json'],
      ] as const) {
        const layout = join(options.dist, name)
        const components: readonly {
          readonly purl?: string
          readonly evidence?: { readonly occurrences: readonly { readonly location: string }[] }
        }[] = json(join(layout, bomName)).components
        const named = components.flatMap(({ evidence }) => evidence?.occurrences ?? [])
        const paths = named.map(({ location }) => location.slice(1))
        const entries = layersOf(layout, platform).flat()
        const folders = new Set(entries.filter(({ type }) => type === 'folder').map(({ path }) => path))
        expect(paths.filter((path) => !folders.has(path)).sort()).toEqual(
          entries
            .filter(({ type }) => type !== 'folder')
            .map(({ path }) => path)
            .sort(),
        )
        expect(new Set(paths).size).toBe(paths.length)
        const program = components.find(({ purl }) => purl === `pkg:generic/lucid/${name}@0.1.0`)
        expect(program?.evidence?.occurrences).toContainEqual({ location: '/app/main.js' })
      }
  })

  test('of the same things in another folder has the same digests and documents', async () => {
    const here = await setUp({ at: join(folder, 'here') })
    const there = await setUp({ at: join(folder, 'some', 'where', 'else') })
    const digests = await here.digests({ jobs: 1 })
    expect(await there.digests({ jobs: 3 })).toEqual(digests)
    const names = Object.keys(digests).flatMap((name) =>
      readdirSync(join(here.options.dist, name))
        .filter((file) => file.endsWith('.json'))
        .map((file) => join(name, file)),
    )
    expect(names.length).toBe(15)
    for (const name of names)
      expect(readFileSync(join(there.options.dist, name), 'utf8')).toBe(
        readFileSync(join(here.options.dist, name), 'utf8'),
      )
  })

  test('keeps no trace of the machine in the program', async () => {
    const { options, digests } = await setUp()
    await digests()
    for (const { name } of all) {
      const layout = join(options.dist, name)
      for (const hex of readdirSync(join(layout, 'blobs', 'sha256'))) {
        const bytes = readFileSync(join(layout, 'blobs', 'sha256', hex))
        const text =
          bytes[0] === 0x1f
            ? Buffer.from(Bun.gunzipSync(new Uint8Array(bytes))).toString('latin1')
            : bytes.toString('latin1')
        expect(text.includes(top)).toBe(false)
      }
    }
  })

  test('leaves what is unchanged alone, and builds again what is not', async () => {
    const { options, made, steps, digests } = await setUp()
    const first = await digests()
    const inode = () => statSync(join(options.dist, 'tool', 'index.json')).ino
    const [before, layers] = [inode(), made.length]
    steps.length = 0
    expect(await digests()).toEqual(first)
    expect(steps).toEqual(['chunker unchanged', 'merkle unchanged', 'tool unchanged'])
    writeFileSync(join(options.root, 'services', 'chunker', 'lazy.ts'), "export const late = 'later'\n")
    steps.length = 0
    const second = await digests()
    expect(steps.filter((step) => /unchanged|built/.test(step))).toEqual([
      'merkle unchanged',
      'tool unchanged',
      'chunker built',
    ])
    expect(second['chunker']).not.toBe(first['chunker'])
    expect({ ...second, chunker: '' }).toEqual({ ...first, chunker: '' })
    expect([inode(), made.length]).toEqual([before, layers])
  })

  test('makes each shared layer once', async () => {
    const { made, digests } = await setUp()
    await digests()
    expect(made.toSorted()).toEqual(['addons', 'addons', 'base', 'base', 'bun', 'bun', 'debian', 'debian'])
  })

  test('holds the disk space of a shared blob once', async () => {
    const { options, digests } = await setUp()
    await digests()
    const [common] = readdirSync(join(options.dist, 'chunker', 'blobs', 'sha256')).filter((hex) =>
      existsSync(join(options.dist, 'tool', 'blobs', 'sha256', hex)),
    )
    const inodes = ['chunker', 'tool', ''].map(
      (name) => statSync(join(options.dist, name, 'blobs', 'sha256', common ?? '')).ino,
    )
    expect(new Set(inodes).size).toBe(1)
  })

  test('with a tag is the same image by another name', async () => {
    const { options, steps, digests } = await setUp()
    const first = await digests()
    steps.length = 0
    expect(await digests({ tag: '1.2' })).toEqual(first)
    expect(steps).toEqual(['chunker unchanged', 'merkle unchanged', 'tool unchanged'])
    expect(json(join(options.dist, 'tool', 'index.json')).manifests[0].annotations).toEqual({
      'org.opencontainers.image.ref.name': 'tool-1.2',
    })
    expect(json(join(options.dist, LOCK_FILE)).services.tool.reference).toBe('tool-1.2')
  })

  test('of a part lists the rest in the lock only while it is current', async () => {
    const { options, digests } = await setUp()
    await digests()
    writeFileSync(join(options.root, 'services', 'chunker', 'main.ts'), program('changed'))
    expect(Object.keys(await digests({ selected: ['tool'] }))).toEqual(['merkle', 'tool'])
    expect(Object.keys(json(join(options.dist, LOCK_FILE)).services)).toEqual(['merkle', 'tool'])
  })

  test('removes the image of a service that is listed no longer, and blobs that nobody has', async () => {
    const { options, digests } = await setUp()
    await digests()
    const before = readdirSync(join(options.dist, 'blobs', 'sha256')).length
    const products = all.filter(({ name }) => name !== 'tool')
    await digests({ products, selected: products.map(({ name }) => name) })
    expect(existsSync(join(options.dist, 'tool'))).toBe(false)
    expect(readdirSync(join(options.dist, 'blobs', 'sha256')).length).toBeLessThan(before)
  })
})

describe('a build that meets trouble', () => {
  test('stops at the first failure and names it; what was built stays, and the next run goes on from there', async () => {
    const { options, steps, digests } = await setUp({ sources: { ...services, merkle: 'this is no program' } })
    const error = await digests().catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      service: 'merkle',
      phase: 2,
      message: 'phase 2, merkle: services/merkle/main.ts cannot be bundled',
    })
    expect(Object.keys(json(join(options.dist, LOCK_FILE)).services)).toContain('chunker')
    expect(Object.keys(json(join(options.dist, LOCK_FILE)).services)).not.toContain('merkle')
    writeFileSync(join(options.root, 'services', 'merkle', 'main.ts'), services.merkle)
    steps.length = 0
    await digests()
    expect(steps[0]).toBe('chunker unchanged')
    expect(steps).toContain('merkle built')
  })

  test('begins no later phase after a failure', async () => {
    const { steps, digests } = await setUp({ sources: { ...services, chunker: 'this is no program' } })
    await expect(digests()).rejects.toThrow('phase 1, chunker')
    await digests().catch(() => {})
    expect(steps.filter((step) => !step.startsWith('chunker'))).toEqual([])
  })

  test('makes a layer again whose blob in the cache was changed', async () => {
    const { options, made, digests } = await setUp()
    const first = await digests()
    const { layers } = json(
      join(
        options.dist,
        'tool',
        'blobs',
        ...json(join(options.dist, 'tool', 'build.json')).platforms['linux/amd64'].split(':'),
      ),
    )
    const path = join(options.cache, 'blobs', ...layers[0].digest.split(':'))
    const bytes = readFileSync(path)
    rmSync(path)
    writeFileSync(
      path,
      bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte)),
    )
    made.length = 0
    expect(await digests({ rebuild: true })).toEqual(first)
    expect(made).toEqual(['base'])
    expect(readFileSync(path)).toEqual(bytes)
  })

  test('mends a layout of which a blob is missing', async () => {
    const { options, steps, digests } = await setUp()
    const first = await digests()
    const blobs = join(options.dist, 'tool', 'blobs', 'sha256')
    rmSync(join(blobs, readdirSync(blobs)[0] ?? ''))
    steps.length = 0
    expect(await digests()).toEqual(first)
    expect(steps).toContain('tool built')
  })

  test('makes no image whose files would not find their libraries', async () => {
    const { options } = await setUp({
      samples: { 'libgcc-s1': { tree: () => ({ 'usr/lib/elsewhere/libgcc_s.so.1': 'x' }) } },
    })
    const error = await buildImages(options).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ message: expect.stringContaining('phase 2, merkle: linux/') })
    expect(error).toMatchObject({ cause: { details: ['/app/addons/napi-rs-blake-hash.node needs libgcc_s.so.1'] } })
  })

  test('takes no native addon in that has no row in the table', async () => {
    const { options } = await setUp({ sources: { ...services, chunker: "console.log(require('./fast.node'))\n" } })
    await Bun.write(join(options.root, 'services', 'chunker', 'fast.node'), 'x')
    await expect(buildImages(options)).rejects.toThrow('takes the native addon fast-')
  })

  test('waits for nobody: a second build in the folder says so', async () => {
    const { options } = await setUp()
    await Bun.write(join(options.dist, 'x'), '')
    const other = takeLock({ lock: join(options.dist, '.lock') })
    await expect(buildImages(options)).rejects.toThrow('another build is at work')
    await buildImages(options).catch(() => {})
    other?.release()
    expect(Object.keys((await buildImages(options)).images)).toEqual(['chunker', 'merkle', 'tool'])
  })
})

test('what an interrupted build left half-made is cleared away', async () => {
  const { options, digests } = await setUp()
  await Bun.write(join(options.dist, '.chunker.new', 'blobs', 'sha256', 'aa'), 'half')
  await Bun.write(join(options.dist, '.gone.new', 'index.json'), '{')
  await Bun.write(join(options.dist, 'blobs', 'sha256', 'bb.1-2.part'), 'half')
  await Bun.write(join(options.cache, 'layers', 'broken.json'), '{')
  await digests()
  expect(readdirSync(options.dist).toSorted()).toEqual(['.lock', 'blobs', 'chunker', LOCK_FILE, 'merkle', 'tool'])
  expect(readdirSync(join(options.dist, 'blobs', 'sha256')).filter((name) => name.endsWith('.part'))).toEqual([])
})
