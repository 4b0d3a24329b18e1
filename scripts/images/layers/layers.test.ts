import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeTar } from '#common/stream/untar'
import { fixtureElf } from '../format/elf.fixture.ts'
import type { Platform } from '../format/platform.ts'
import { sources } from '../packages/pinned-packages.ts'
import { cacheSamplePackages, product, type SamplePackages } from '../sample-packages.fixture.ts'
import type { LayerContent } from './layer.ts'
import { readLayerContent } from './layer-content.ts'
import { sharedLayers } from './layer-plan.ts'
import { parseLicences } from './licences.ts'
import { layerPath, packLayer } from './pack.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-layers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const offline = (cache: string) =>
  sources({
    cache,
    mirrors: () => 'file:///nowhere/',
    get: async () => undefined,
    ask: async (name) => {
      throw new Error(`${name} is not in the cache`)
    },
  })

const contentsOf = async (
  samples: SamplePackages,
  platform: Platform = 'linux/amd64',
): Promise<readonly LayerContent[]> => {
  const cache = mkdtempSync(join(folder, 'cache-'))
  const lock = cacheSamplePackages(cache, samples)
  const plans = sharedLayers([product('web', { packages: Object.keys(samples) })], lock, platform).get('web') ?? []
  return Promise.all(plans.map((plan) => readLayerContent(plan, offline(cache))))
}

const listing = ({ entries }: LayerContent) =>
  entries
    .map((entry) => {
      const owner = entry.uid === 0 ? '' : ` ${entry.uid}`
      const end = entry.type === 'folder' ? '/' : entry.type === 'link' ? ` -> ${entry.target}` : ''
      return `${entry.mode.toString(8)} ${entry.path}${end}${owner}`
    })
    .sort((a, b) => (a.slice(a.indexOf(' ')) < b.slice(b.indexOf(' ')) ? -1 : 1))

const textOf = ({ entries }: LayerContent, path: string) => {
  const found = entries.find((entry) => entry.path === path)
  return found?.type === 'file' ? new TextDecoder().decode(found.data) : undefined
}

describe('the base layer', () => {
  test('holds these files and no others, with these owners and modes', async () => {
    const [base] = await contentsOf({})
    expect(base && listing(base)).toEqual([
      '777 bin -> usr/bin',
      '700 data/ 65532',
      '755 etc/',
      '644 etc/debian_version',
      '644 etc/group',
      '644 etc/nsswitch.conf',
      '777 etc/os-release -> ../usr/lib/os-release',
      '644 etc/passwd',
      '755 etc/ssl/',
      '755 etc/ssl/certs/',
      '644 etc/ssl/certs/ca-certificates.crt',
      '777 lib -> usr/lib',
      '777 lib64 -> usr/lib64',
      '755 run/',
      '755 run/lucid/ 65532',
      '755 run/secrets/ 65532',
      '777 sbin -> usr/sbin',
      '1777 tmp/',
      '755 usr/',
      '755 usr/bin/',
      '755 usr/lib/',
      '644 usr/lib/os-release',
      '755 usr/lib/x86_64-linux-gnu/',
      '755 usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
      '755 usr/lib/x86_64-linux-gnu/libc.so.6',
      '755 usr/lib/x86_64-linux-gnu/libdl.so.2',
      '755 usr/lib/x86_64-linux-gnu/libm.so.6',
      '755 usr/lib/x86_64-linux-gnu/libpthread.so.0',
      '755 usr/lib/x86_64-linux-gnu/librt.so.1',
      '755 usr/lib64/',
      '777 usr/lib64/ld-linux-x86-64.so.2 -> /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
      '755 usr/sbin/',
      '755 usr/share/',
      '755 usr/share/doc/',
      ...['base-files', 'ca-certificates', 'libc6', 'tzdata'].flatMap((name) => [
        `755 usr/share/doc/${name}/`,
        `644 usr/share/doc/${name}/copyright`,
      ]),
      '755 usr/share/zoneinfo/',
      '644 usr/share/zoneinfo/UTC',
      '755 var/',
      '755 var/lib/',
      '755 var/lib/dpkg/',
      '755 var/lib/dpkg/status.d/',
      ...['base-files', 'ca-certificates', 'libc6', 'tzdata'].map((name) => `644 var/lib/dpkg/status.d/${name}`),
    ])
  })

  test('says of each file which package brought it, and which are of none', async () => {
    const [base] = await contentsOf({})
    expect(base?.components.map(({ name, files }) => [name, files.toSorted()])).toEqual([
      [
        'base-files',
        ['etc/debian_version', 'etc/os-release', 'usr/lib/os-release', 'usr/share/doc/base-files/copyright'],
      ],
      ['ca-certificates', ['usr/share/doc/ca-certificates/copyright']],
      [
        'libc6',
        [
          ...['ld-linux-x86-64.so.2', 'libc.so.6', 'libdl.so.2', 'libm.so.6', 'libpthread.so.0', 'librt.so.1'].map(
            (name) => `usr/lib/x86_64-linux-gnu/${name}`,
          ),
          'usr/lib64/ld-linux-x86-64.so.2',
          'usr/share/doc/libc6/copyright',
        ],
      ],
      ['tzdata', ['usr/share/doc/tzdata/copyright', 'usr/share/zoneinfo/UTC']],
    ])
    expect(base?.own.toSorted()).toEqual([
      'bin',
      'data',
      'etc/group',
      'etc/nsswitch.conf',
      'etc/passwd',
      'etc/ssl/certs/ca-certificates.crt',
      'lib',
      'lib64',
      'run',
      'run/lucid',
      'run/secrets',
      'sbin',
      'tmp',
      ...['base-files', 'ca-certificates', 'libc6', 'tzdata'].map((name) => `var/lib/dpkg/status.d/${name}`),
    ])
  })

  test('joins the authorities by name, and knows lucid, who has no shell', async () => {
    const [base] = await contentsOf({})
    expect(base && textOf(base, 'etc/ssl/certs/ca-certificates.crt')).toBe('first\n\nsecond\n')
    expect(base && textOf(base, 'etc/passwd')).toContain('lucid:x:65532:65532:lucid:/nonexistent:/usr/sbin/nologin')
  })
})

describe('a layer of Debian packages', () => {
  const program = fixtureElf({ needed: ['libc.so.6'] })
  const web: SamplePackages = {
    web: {
      tree: () => ({
        'bin/web': program,
        'usr/bin/helper': { mode: 0o4755, data: 'set-id' },
        'usr/bin/script': { mode: 0o755, data: '#!/bin/sh\nexec web\n' },
        'usr/bin/alias': { link: 'script' },
        'usr/sbin/web': { link: '../../bin/web' },
        'bin/sh': program,
        'etc/init.d/web': 'x',
        'etc/web/web.conf': 'x',
        'usr/share/man/man1/web.1.gz': 'x',
        'usr/share/doc/web/README': 'x',
        'usr/share/web/': '',
        'var/lib/web/': '',
        'lib/x86_64-linux-gnu/libweb.so': { link: '../../usr/lib/x86_64-linux-gnu/libweb.so.1' },
        'usr/lib/x86_64-linux-gnu/libweb.so.1': program,
      }),
    },
  }

  test('has no shell, script, set-id bit, manual or init file, and lies in a merged /usr', async () => {
    const layer = (await contentsOf(web)).at(-1)
    expect(layer && listing(layer).filter((line) => !line.endsWith('/'))).toEqual([
      '644 etc/web/web.conf',
      '755 usr/bin/helper',
      '755 usr/bin/web',
      '777 usr/lib/x86_64-linux-gnu/libweb.so -> libweb.so.1',
      '755 usr/lib/x86_64-linux-gnu/libweb.so.1',
      '777 usr/sbin/web -> ../bin/web',
      '644 usr/share/doc/web/copyright',
      '644 var/lib/dpkg/status.d/web',
    ])
    expect(layer?.entries.filter(({ path }) => path === 'var/lib/web')).toHaveLength(1)
    expect(layer?.entries.filter(({ path }) => path === 'usr/share/web')).toEqual([])
    expect(layer?.entries.every(({ uid, gid }) => uid === 0 && gid === 0)).toBe(true)
  })

  test('says what it holds, and which files it took of each package', async () => {
    const layer = (await contentsOf(web)).at(-1)
    expect(layer?.components).toMatchObject([
      { kind: 'deb', name: 'web', version: '1.0-1', architecture: 'amd64', source: 'web', licences: ['GPL-2+'] },
    ])
    expect(layer?.components[0]?.files.toSorted()).toEqual([
      'etc/web/web.conf',
      'usr/bin/helper',
      'usr/bin/web',
      'usr/lib/x86_64-linux-gnu/libweb.so',
      'usr/lib/x86_64-linux-gnu/libweb.so.1',
      'usr/sbin/web',
      'usr/share/doc/web/copyright',
    ])
    expect(layer?.own).toEqual(['var/lib/dpkg/status.d/web'])
  })
})

test('a package that has changed its files is noticed', async () => {
  const cache = mkdtempSync(join(folder, 'cache-'))
  const lock = cacheSamplePackages(cache)
  const [plan] = sharedLayers([product('web')], lock, 'linux/amd64').get('web') ?? []
  if (plan?.kind !== 'base') throw new Error('the first layer is the base')
  const packages = plan.packages.map((one) => ({ ...one, name: one.name === 'tzdata' ? 'base-files' : one.name }))
  await expect(readLayerContent({ ...plan, packages }, offline(cache))).rejects.toThrow('it has changed')
})

test('a packed layer has equal bytes from equal entries, and no time, name or system in its header', async () => {
  const [base] = await contentsOf({})
  if (base === undefined) throw new Error('there is a base layer')
  const caches = ['one', 'two'].map((name) => join(folder, name))
  const layers = caches.map((cache) => packLayer(cache, base))
  expect(layers[0]).toEqual(layers[1])
  const blob = new Uint8Array(await Bun.file(layerPath(caches[0] ?? '', layers[0] ?? { digest: '' })).arrayBuffer())
  expect(blob.subarray(0, 10).toHex()).toBe('1f8b08000000000002ff')
  expect(decodeTar(Bun.gunzipSync(blob)).length).toBe(base.entries.length)
})

test('licences are read from a copyright file that is made for it, and not guessed from others', () => {
  expect(
    parseLicences(
      'Format: http://dep.debian.net/copyright-format/1.0/\n\nLicense: GPL-2+ and MIT\n\nLicense: MPL-2.0\n text\n',
    ),
  ).toEqual(['GPL-2+', 'MIT', 'MPL-2.0'])
  expect(parseLicences('This package is free. License: GPL-2')).toEqual([])
})
