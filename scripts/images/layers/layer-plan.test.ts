import { describe, expect, test } from 'bun:test'
import { catalog } from '#catalog'
import { containerConfig } from '../build/container-config.ts'
import { imageConfig, imageIndex, imageManifest, layoutIndex } from '../build/image-documents.ts'
import type { ImagesLock, LockedPackage } from '../lock/lock.ts'
import { addons } from './addons.ts'
import { excludedFiles, excludedPackages, findExclusion } from './exclusions.ts'
import { packageGroups, sharedLayers } from './layer-plan.ts'
import { products } from './products.ts'

const pinned = (...depends: readonly string[]): LockedPackage => ({
  version: '1',
  archive: 'debian',
  path: 'pool/x.deb',
  size: 1,
  sha256: '00'.repeat(32),
  depends,
})
const packages = {
  'base-files': pinned(),
  'ca-certificates': pinned(),
  libc6: pinned(),
  tzdata: pinned(),
  'libgcc-s1': pinned('libc6'),
  ssl: pinned('libc6'),
  web: pinned('ssl', 'pcre'),
  pcre: pinned('libc6'),
  onion: pinned('ssl', 'event'),
  event: pinned(),
}
const npm = Object.fromEntries(
  [
    '@oven/bun-linux-x64-baseline',
    '@oven/bun-linux-aarch64',
    '@napi-rs/blake-hash-linux-x64-gnu',
    '@napi-rs/blake-hash-linux-arm64-gnu',
  ].map((name) => [name, { version: '1', integrity: 'sha512-x' }]),
)
const lock: ImagesLock = { suites: {}, debian: { amd64: packages, arm64: packages }, npm }
const product = (
  name: string,
  image: { readonly addons?: readonly string[]; readonly packages?: readonly string[] } = {},
) => ({
  name,
  phase: 1 as const,
  summary: name,
  image: { base: 'bun' as const, addons: [], packages: [], ...image },
  port: 80,
  volumes: [],
})

describe('the layers of images', () => {
  const all = [
    product('plain'),
    product('gateway', { packages: ['web'] }),
    product('proxy', { packages: ['onion'] }),
    product('hasher', { addons: ['@napi-rs/blake-hash'] }),
  ]

  test('packages that the same images hold share a layer, each is in one', () => {
    expect(packageGroups(all, lock, 'linux/amd64')).toEqual([
      { packages: ['ssl'], products: ['gateway', 'proxy'] },
      { packages: ['event', 'onion'], products: ['proxy'] },
      { packages: ['libgcc-s1'], products: ['hasher'] },
      { packages: ['pcre', 'web'], products: ['gateway'] },
    ])
  })

  test('every image has base and Bun below its own', () => {
    const layers = sharedLayers(all, lock, 'linux/arm64')
    const words = (name: string) =>
      layers.get(name)?.map((plan) => {
        if (plan.kind === 'bun') return plan.tarball.name
        if (plan.kind === 'addons') return plan.files.map(({ path, tarball }) => `${tarball.name} as ${path}`).join()
        return `${plan.kind} ${plan.packages.map((one) => one.name).join(' ')}`
      })
    const common = ['base base-files ca-certificates libc6 tzdata', '@oven/bun-linux-aarch64']
    expect(words('plain')).toEqual(common)
    expect(words('gateway')).toEqual([...common, 'debian ssl', 'debian pcre web'])
    expect(words('hasher')).toEqual([
      ...common,
      'debian libgcc-s1',
      '@napi-rs/blake-hash-linux-arm64-gnu as app/addons/napi-rs-blake-hash.node',
    ])
    expect(layers.get('plain')?.[0]).toEqual(layers.get('hasher')?.[0])
  })

  test('the catalogue asks for no addon that has no row', () => {
    const asked = products().flatMap(({ image }) => image.addons)
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.filter((name) => !Object.hasOwn(addons, name))).toEqual([])
  })

  test('every service of the catalogue gets an image, phases in order', () => {
    const made = products()
    expect(Object.keys(catalog).filter((name) => !made.some((one) => one.name === name))).toEqual([])
    expect(made.map(({ phase }) => phase)).toEqual(made.map(({ phase }) => phase).toSorted())
  })
})

describe('what is left out', () => {
  test.each(['bash', 'dash', 'perl-base', 'dpkg', 'apt', 'debconf', 'python3-minimal', 'init-system-helpers'])(
    'the package %s',
    (name) => {
      expect(findExclusion(name, excludedPackages)).toBeString()
    },
  )
  test.each([
    'usr/bin/bash',
    'bin/sh',
    'usr/bin/su',
    'etc/init.d/tor',
    'usr/lib/systemd/system/x.service',
    'usr/share/man/man1/x.1.gz',
    'usr/share/doc/x/README',
    'var/lib/dpkg/info/x.list',
    'usr/share/perl5/X.pm',
    'usr/lib/x/libx.a',
  ])('the file %s', (path) => {
    expect(findExclusion(path, excludedFiles)).toBeString()
  })
  test.each([
    'usr/bin/tor',
    'usr/sbin/nginx',
    'etc/nginx/mime.types',
    'usr/share/doc/x/copyright',
    'usr/lib/x86_64-linux-gnu/libssl.so.3',
    'var/lib/dpkg-like/x',
  ])('but not %s', (path) => {
    expect(findExclusion(path, excludedFiles)).toBeUndefined()
  })
})

describe('the documents of an image', () => {
  const layer = { digest: 'sha256:aa', size: 10, diffId: 'sha256:bb', title: 'base' }

  test('say how it starts: never as root, in exec form, and with a health check when it listens', () => {
    const config = containerConfig(product('web-thing'), { version: '1.2.3', inputs: 'ff' })
    expect(config).toEqual({
      User: '65532:65532',
      ExposedPorts: { '80/tcp': {} },
      Env: [
        'PATH=/usr/local/bin:/usr/sbin:/usr/bin',
        'NODE_ENV=production',
        'BUN_RUNTIME_TRANSPILER_CACHE_PATH=0',
        'BUN_ENABLE_CRASH_REPORTING=0',
        'DO_NOT_TRACK=1',
        'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt',
        'PORT=80',
      ],
      Entrypoint: ['/usr/local/bin/bun', '/app/main.js'],
      WorkingDir: '/app',
      Labels: {
        'org.lucid.inputs': 'ff',
        'org.lucid.service': 'web-thing',
        'org.opencontainers.image.description': 'web-thing',
        'org.opencontainers.image.title': 'web-thing',
        'org.opencontainers.image.version': '1.2.3',
      },
      StopSignal: 'SIGTERM',
      Healthcheck: {
        Test: ['CMD', '/usr/local/bin/bun', '/app/health.js'],
        Interval: 10_000_000_000,
        Timeout: 3_000_000_000,
        StartPeriod: 10_000_000_000,
        Retries: 3,
      },
    })
    const tool = containerConfig({ ...product('tool'), port: undefined }, { version: '1', inputs: '' })
    expect(Object.keys(tool)).toEqual(['User', 'Env', 'Entrypoint', 'WorkingDir', 'Labels', 'StopSignal'])
  })

  test('have these exact bytes', () => {
    const config = containerConfig({ ...product('t'), port: undefined }, { version: '1', inputs: 'i' })
    expect(imageConfig('linux/arm64', config, [layer])).toBe(
      `{"created":"1970-01-01T00:00:00Z","architecture":"arm64","os":"linux","config":${JSON.stringify(config)},"rootfs":{"type":"layers","diff_ids":["sha256:bb"]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"base"}]}`,
    )
    expect(imageManifest({ digest: 'sha256:cc', size: 5 }, [layer])).toBe(
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:cc","size":5},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:aa","size":10}]}',
    )
    expect(imageIndex([{ platform: 'linux/amd64', digest: 'sha256:dd', size: 7 }], { a: 'b' })).toBe(
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:dd","size":7,"platform":{"architecture":"amd64","os":"linux"}}],"annotations":{"a":"b"}}',
    )
    expect(layoutIndex({ digest: 'sha256:ee', size: 9 }, 'web')).toBe(
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:ee","size":9,"annotations":{"org.opencontainers.image.ref.name":"web"}}]}\n',
    )
  })
})
