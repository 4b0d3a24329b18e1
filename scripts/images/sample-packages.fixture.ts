import { join } from 'node:path'
import type { Image } from '#catalog'
import { concat, utf8 } from '#common/stream/bytes'
import { encodeTar, type TarEntry } from '#common/stream/tar'
import { fixtureElf } from './format/elf.fixture.ts'
import { type Platform, platforms } from './format/platform.ts'
import type { Product } from './layers/products.ts'
import type { Archive, ImagesLock, LockedPackage } from './lock/lock.ts'
import { checksum, writeBlob } from './packages/cache.ts'

/** Small packages with everything in them that a real one has, for tests without a network. Nothing in them runs. */

/** A file by its text or bytes, a link by its target; names that end in `/` are folders. */
export type Tree = Readonly<
  Record<string, string | Uint8Array | { readonly link: string } | { readonly mode: number; readonly data: string }>
>

const entryOf = ([name, content]: [string, Tree[string]]): TarEntry => {
  const common = { uid: 1000, gid: 1000 }
  if (name.endsWith('/')) return { path: name.slice(0, -1), type: 'folder', mode: 0o2775, ...common }
  const path = name
  if (typeof content === 'string') return { path, type: 'file', mode: 0o664, data: utf8(content), ...common }
  if (content instanceof Uint8Array) return { path, type: 'file', mode: 0o755, data: content, ...common }
  if ('link' in content) return { path, type: 'link', mode: 0o777, target: content.link, ...common }
  return { path, type: 'file', mode: content.mode, data: utf8(content.data), ...common }
}

const gz = (tree: Tree): Uint8Array =>
  Bun.gzipSync(encodeTar(Object.entries(tree).map(entryOf)) as Uint8Array<ArrayBuffer>) // never shared

const member = (name: string, data: Uint8Array): Uint8Array =>
  concat(
    utf8(
      `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(data.length).padEnd(10)}\`\n`,
    ),
    data,
    new Uint8Array(data.length % 2).fill(10),
  )

/** A Debian package. */
export const debFile = (control: string, tree: Tree): Uint8Array =>
  concat(
    utf8('!<arch>\n'),
    member('debian-binary', utf8('2.0\n')),
    member('control.tar.gz', gz({ control })),
    member('data.tar.gz', gz(tree)),
  )

/** An npm tarball. */
export const tarball = (tree: Tree): Uint8Array =>
  gz(Object.fromEntries(Object.entries(tree).map(([path, content]) => [`package/${path}`, content])))

const copyrightText = (name: string): Tree => ({
  [`usr/share/doc/${name}/copyright`]:
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nLicense: GPL-2+\n',
})

/** The trees of the packages of the base, small. */
export const baseTrees = (platform: Platform): Readonly<Record<string, Tree>> => {
  const { triplet, machine } = platforms[platform]
  const loader = platform === 'linux/amd64' ? 'ld-linux-x86-64.so.2' : 'ld-linux-aarch64.so.1'
  const folder = platform === 'linux/amd64' ? 'lib64' : 'lib'
  const library = (...needed: readonly string[]) => fixtureElf({ machine, needed })
  return {
    'base-files': {
      'etc/debian_version': '12.0\n',
      'etc/os-release': { link: '../usr/lib/os-release' },
      'usr/lib/os-release': 'ID=debian\nVERSION_ID="12"\n',
      'bin/': '',
    },
    'ca-certificates': {
      'usr/share/ca-certificates/mozilla/B.crt': 'second',
      'usr/share/ca-certificates/mozilla/A.crt': 'first\n',
      'usr/sbin/update-ca-certificates': { mode: 0o755, data: '#!/bin/sh\n' },
    },
    libc6: {
      [`${folder}/${loader}`]: { link: `/lib/${triplet}/${loader}` },
      [`lib/${triplet}/${loader}`]: library(),
      ...Object.fromEntries(
        ['c.so.6', 'm.so.6', 'pthread.so.0', 'dl.so.2', 'rt.so.1', 'resolv.so.2'].map((name) => [
          `lib/${triplet}/lib${name}`,
          library(loader),
        ]),
      ),
      'usr/bin/ld.so': { link: `/lib/${triplet}/${loader}` },
    },
    tzdata: { 'usr/share/zoneinfo/UTC': 'TZif', 'usr/share/zoneinfo/right/UTC': 'TZif with leaps' },
  }
}

/** More packages: name to what it needs and what is in it. */
export type SamplePackages = Readonly<
  Record<string, { readonly depends?: readonly string[]; readonly tree: (platform: Platform) => Tree }>
>

const VERSION = '1.0-1'

/** Puts small packages of every kind into a cache and locks them. */
export const cacheSamplePackages = (cache: string, more: SamplePackages = {}): ImagesLock => {
  const debian = (platform: Platform): Readonly<Record<string, LockedPackage>> => {
    const { architecture } = platforms[platform]
    const base = Object.entries(baseTrees(platform)).map(([name, tree]) => [name, { depends: [], tree }] as const)
    const others = Object.entries(more).map(
      ([name, { depends = [], tree }]) => [name, { depends, tree: tree(platform) }] as const,
    )
    return Object.fromEntries(
      [...base, ...others].map(([name, { depends, tree }]) => {
        const control = `Package: ${name}\nVersion: ${VERSION}\nArchitecture: ${architecture}\nDescription: a sample\n`
        const bytes = debFile(control, { ...tree, ...copyrightText(name) })
        const path = `pool/main/p/${name}_${architecture}.deb`
        return [
          name,
          {
            version: VERSION,
            archive: 'debian' as Archive,
            path,
            size: bytes.length,
            sha256: writeBlob(cache, bytes).hex,
            depends,
          },
        ]
      }),
    )
  }
  const npm = (name: string, tree: Tree) => {
    const bytes = tarball({ 'package.json': JSON.stringify({ name, version: '1.0.0', license: 'MIT' }), ...tree })
    writeBlob(cache, bytes, 'sha512')
    return {
      version: '1.0.0',
      integrity: `sha512-${Buffer.from(checksum(bytes, 'sha512').hex, 'hex').toString('base64')}`,
    }
  }
  return {
    suites: {},
    debian: { amd64: debian('linux/amd64'), arm64: debian('linux/arm64') },
    npm: Object.fromEntries(
      Object.values(platforms).flatMap(({ bun, addonSuffix, machine, architecture }) => {
        const interpreter = architecture === 'amd64' ? '/lib64/ld-linux-x86-64.so.2' : '/lib/ld-linux-aarch64.so.1'
        const runtime = fixtureElf({ machine, interpreter, needed: ['libc.so.6', 'libm.so.6'] })
        const addon = fixtureElf({ machine, needed: ['libgcc_s.so.1', 'libc.so.6'] })
        return [
          [bun, npm(bun, { 'bin/bun': runtime })],
          [`@napi-rs/blake-hash${addonSuffix}`, npm(`@napi-rs/blake-hash${addonSuffix}`, { 'blake.node': addon })],
        ]
      }),
    ),
  }
}

/** libgcc, which the sample addon is linked against. */
export const libgcc: SamplePackages = {
  'libgcc-s1': {
    tree: (platform) => ({
      [`lib/${platforms[platform].triplet}/libgcc_s.so.1`]: fixtureElf({
        machine: platforms[platform].machine,
        needed: ['libc.so.6'],
      }),
    }),
  },
}

/** A product of a catalogue that is not there. */
export const product = (
  name: string,
  more: Partial<Product> & { readonly packages?: readonly string[]; readonly addons?: readonly string[] } = {},
): Product => {
  const { packages = [], addons = [], ...rest } = more
  const image: Image = { base: 'bun', packages, addons }
  return { name, phase: 1, summary: `the ${name}`, port: 8080, volumes: [], image, ...rest }
}

/** Writes a repository with the entries of services: name to the source of its main.ts. */
export const writeSampleRepository = async (
  root: string,
  services: Readonly<Record<string, string>>,
): Promise<void> => {
  await Bun.write(join(root, 'package.json'), '{"name":"sample","type":"module"}')
  await Bun.write(join(root, 'scripts/images/build/health-check.ts'), 'console.log("healthy")\n')
  for (const [name, source] of Object.entries(services))
    await Bun.write(join(root, 'services', name, 'main.ts'), source)
}
