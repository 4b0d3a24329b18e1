import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { plainStyle } from '#common/cli/style'
import { fixtureElf } from '../format/elf.fixture.ts'
import { LOCK_FILE, readImagesLock } from '../layout/digests-lock.ts'
import { type FixtureEntry, goodConfig, writeLayout } from '../layout/layout.fixture.ts'
import { blobPath, openLayout } from '../layout/layout.ts'
import { SIGNATURE_FILE, signLock } from '../layout/signature.ts'
import { decideVerdict, reportText } from './report.ts'
import { findScanner, type Scanner } from './scan.ts'
import { fingerprint } from './secrets.ts'
import { type VerifyOptions, verifyImages } from './verify.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-verify-images-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SERVICE = 'session-chunker'
const loaders = { amd64: 'lib64/ld-linux-x86-64.so.2', arm64: 'lib/ld-linux-aarch64.so.1' } as const
const machines = { amd64: 62, arm64: 183 } as const
const triplets = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' } as const
type Architecture = keyof typeof loaders
const architectures = ['amd64', 'arm64'] as const

const base = (architecture: Architecture): readonly FixtureEntry[] => [
  { path: 'tmp', type: '5', mode: 0o1777 },
  { path: 'lib', type: '2', link: 'usr/lib', mode: 0o777 },
  { path: 'lib64', type: '2', link: 'usr/lib64', mode: 0o777 },
  {
    path: loaders[architecture].replace('lib', 'usr/lib'),
    mode: 0o755,
    content: fixtureElf({ machine: machines[architecture] }),
  },
  { path: `usr/lib/${triplets[architecture]}/libc.so.6`, content: fixtureElf({ machine: machines[architecture] }) },
  { path: 'var/lib/dpkg/status.d/libc6', content: 'Package: libc6\nVersion: 2.36-9\n' },
  {
    path: 'usr/local/bin/bun',
    mode: 0o755,
    content: fixtureElf({
      machine: machines[architecture],
      needed: ['libc.so.6'],
      interpreter: `/${loaders[architecture]}`,
    }),
  },
]
const app: readonly FixtureEntry[] = [
  { path: 'app', type: '5', mode: 0o755 },
  { path: 'app/main.js', content: 'console.log(1)' },
  { path: 'app/health.js', content: 'process.exit(0)' },
]

const owned = (architecture: Architecture): readonly (readonly [string, readonly string[]])[] => [
  [
    `pkg:deb/debian/libc6@2.36-9?arch=${architecture}`,
    [
      'lib',
      'lib64',
      loaders[architecture].replace('lib', 'usr/lib'),
      `usr/lib/${triplets[architecture]}/libc.so.6`,
      'var/lib/dpkg/status.d/libc6',
    ],
  ],
  ['pkg:npm/%40oven/bun-linux-x64@1.4.5', ['usr/local/bin/bun']],
  ['pkg:npm/elysia@1.4.30', ['/app/main.js', '/app/health.js']],
]

const goodSbom = (architecture: Architecture) => ({
  bomFormat: 'CycloneDX',
  components: owned(architecture).map(([purl, files]) => ({
    purl,
    version: purl.slice(purl.lastIndexOf('@') + 1).split('?')[0],
    licenses: [{ expression: 'MIT' }],
    evidence: { occurrences: files.map((location) => ({ location })) },
  })),
})

type Fault = {
  /** Entries of one more layer, for both platforms. */
  readonly more?: readonly FixtureEntry[]
  readonly config?: Readonly<Record<string, unknown>>
  readonly sbom?: (sbom: ReturnType<typeof goodSbom>) => unknown
  /** What is done to the folder of images afterwards. */
  readonly spoil?: (images: string) => void
  readonly layout?: readonly Architecture[]
  readonly options?: Partial<VerifyOptions>
}

let made = 0
const makeImages = ({ more, config = goodConfig, sbom = (good) => good, spoil, layout = architectures }: Fault) => {
  const images = join(folder, `images-${made++}`)
  const at = join(images, SERVICE)
  mkdirSync(at, { recursive: true })
  const digest = writeLayout(
    at,
    layout.map((architecture) => ({
      architecture,
      config,
      layers: [base(architecture), app, ...(more === undefined ? [] : [more])],
    })),
  )
  for (const architecture of architectures) {
    const text = sbom(goodSbom(architecture))
    if (text !== undefined) writeFileSync(join(at, `sbom.${architecture}.json`), JSON.stringify(text))
  }
  writeFileSync(join(images, LOCK_FILE), JSON.stringify({ services: { [SERVICE]: { digest } } }))
  spoil?.(images)
  return images
}

/** A layout whose amd64 image has one more layer of these stored bytes. */
const writeLayoutWith = (at: string, stored: Uint8Array) =>
  void writeLayout(at, [{ architecture: 'amd64', layers: [[{ path: 'x', content: 'x' }]], stored }])

const clean: Scanner = { scan: async () => [] }

const verifyBroken = async (fault: Fault = {}) => {
  const images = makeImages(fault)
  const { outcomes, images: count } = await verifyImages({
    images,
    lock: readImagesLock(images),
    only: [],
    expected: [SERVICE],
    listening: new Set([SERVICE]),
    imported: async () => ['elysia'],
    ownSecrets: new Map(),
    scanner: clean,
    ...fault.options,
  })
  const broken = Object.fromEntries(
    outcomes.filter(({ breaches }) => breaches.length > 0).map(({ rule, breaches }) => [rule, breaches]),
  )
  return { outcomes, count, broken }
}

test('a good image keeps every promise; what was not run is not called kept', async () => {
  const { outcomes, count, broken } = await verifyBroken()
  expect(broken).toEqual({})
  expect(count).toBe(2)
  expect(outcomes.filter(({ notRun }) => notRun !== undefined).map(({ rule }) => rule)).toEqual(['signature'])
  expect(decideVerdict(outcomes)).toBe(2)
  expect(reportText(outcomes, count, plainStyle).raw).toContain('NOT RUN: no key was given (--key FILE) (signature)')
})

const pem = `-----BEGIN ${'PRIVATE'} KEY-----\n${'MC4CAQAwBQYDK2VwBCIEIF'.repeat(3)}\n`
const hex = '0123456789abcdef'.repeat(4)
const mine = 'fedcba9876543210'.repeat(4)

/** Rule, what is broken, and what must be said of it on both platforms. */
const faults: readonly (readonly [rule: string, what: string, says: string, fault: Fault])[] = [
  ['no shell', 'a shell by name', '/bin/sh is called like one', { more: [{ path: 'bin/sh', mode: 0o755 }] }],
  [
    'no shell',
    'a link to a shell',
    '/usr/bin/bash is called like one',
    { more: [{ path: 'usr/bin/bash', type: '2', link: '/x' }] },
  ],
  [
    'no shell',
    'a shell anywhere, when it can be run',
    '/opt/dash is called like one',
    { more: [{ path: 'opt/dash', mode: 0o711 }] },
  ],
  [
    'no shell',
    'a shell under another name',
    '/app/helper is busybox',
    { more: [{ path: 'app/helper', content: Buffer.concat([fixtureElf({}), Buffer.from('BusyBox v1.35.0')]) }] },
  ],
  [
    'no shell',
    'a script',
    '/app/start is a script for /bin/sh -e',
    { more: [{ path: 'app/start', content: '#!/bin/sh -e\nexec bun' }] },
  ],
  [
    'no shell',
    'a shell that a later layer hides',
    '/bin/ash is called like one',
    { more: [{ path: 'bin/ash', mode: 0o755 }, { path: 'bin/.wh.ash' }] },
  ],
  [
    'no package manager',
    'apt',
    '/usr/bin/apt-get is called like one',
    { more: [{ path: 'usr/bin/apt-get', mode: 0o755 }] },
  ],
  [
    'no package manager',
    'npm',
    '/usr/local/bin/npm is called like one',
    { more: [{ path: 'usr/local/bin/npm', type: '2', link: 'bun' }] },
  ],
  ['user', 'root', "the user is '0' and not 65532:65532", { config: { ...goodConfig, User: '0' } }],
  [
    'user',
    'nobody at all, which is root',
    "the user is '' and not 65532:65532",
    { config: { ...goodConfig, User: undefined } },
  ],
  [
    'user',
    'a name, which the image may give to root',
    "the user is 'lucid' and not 65532:65532",
    { config: { ...goodConfig, User: 'lucid' } },
  ],
  ['rights', 'a setuid file', '/app/x is setuid', { more: [{ path: 'app/x', mode: 0o4755 }] }],
  ['rights', 'a setgid file', '/app/x is setgid', { more: [{ path: 'app/x', mode: 0o2755 }] }],
  [
    'rights',
    'a file for anybody to write',
    '/app/x can be written by anybody',
    { more: [{ path: 'app/x', mode: 0o666 }] },
  ],
  [
    'rights',
    'a folder for anybody to change',
    '/srv is a folder that anybody can change',
    { more: [{ path: 'srv', type: '5', mode: 0o777 }] },
  ],
  ['plain files', 'a device', '/dev/null is a device', { more: [{ path: 'dev/null', type: '3' }] }],
  ['plain files', 'a pipe', '/run/x is a pipe', { more: [{ path: 'run/x', type: '6' }] }],
  ['no secret', 'a private key', '/app/key holds a private key in PEM', { more: [{ path: 'app/key', content: pem }] }],
  [
    'no secret',
    '64 hex digits as a key',
    '/app/a.js holds 64 hex digits as MASTER_KEY',
    { more: [{ path: 'app/a.js', content: `MASTER_KEY="${hex}"` }] },
  ],
  [
    'no secret',
    'an npm token',
    '/root/.npmrc holds an npm token',
    { more: [{ path: 'root/.npmrc', content: `//r.example/:_authToken=${'x'.repeat(36)}` }] },
  ],
  [
    'no secret',
    'an AWS key',
    '/app/aws holds an AWS access key',
    { more: [{ path: 'app/aws', content: `id = AKIA${'ABCDEFGH'.repeat(2)}` }] },
  ],
  [
    'no secret',
    'a secret of this machine, whatever it is called',
    "/app/b.js holds this machine's secret ledger/SIGNING_KEY",
    {
      more: [{ path: 'app/b.js', content: `const x = "${mine.toUpperCase()}"` }],
      options: { ownSecrets: new Map([[fingerprint(mine), 'ledger/SIGNING_KEY']]) },
    },
  ],
  [
    'no secret',
    'a secret in the environment',
    'the environment sets ADMIN_PASSWORD',
    { config: { ...goodConfig, Env: ['ADMIN_PASSWORD=x'] } },
  ],
  [
    'exec form',
    'an entry point that a shell must find',
    'the entry point begins with bun, which has to be searched for',
    { config: { ...goodConfig, Entrypoint: ['bun', '/app/main.js'] } },
  ],
  ['exec form', 'no entry point', 'there is no entry point', { config: { ...goodConfig, Entrypoint: null } }],
  [
    'exec form',
    'an entry point that is not there',
    'the entry point names /app/other.js, which is not there',
    { config: { ...goodConfig, Entrypoint: ['/usr/local/bin/bun', '/app/other.js'] } },
  ],
  [
    'exec form',
    'a health check for a shell',
    'the health check has the form CMD-SHELL: only CMD needs no shell',
    { config: { ...goodConfig, Healthcheck: { Test: ['CMD-SHELL', 'bun /app/health.js'] } } },
  ],
  ['exec form', 'no health check', 'there is no health check', { config: { ...goodConfig, Healthcheck: undefined } }],
  [
    'SBOM',
    'a package that is not listed',
    'Debian packages that it does not list in their version: tor',
    { more: [{ path: 'var/lib/dpkg/status.d/tor', content: 'Package: tor\nVersion: 0.4.9\n' }] },
  ],
  [
    'SBOM',
    'a package in another version',
    'Debian packages that it does not list in their version: libc6',
    { more: [{ path: 'var/lib/dpkg/status.d/libc6', content: 'Package: libc6\nVersion: 2.37\n' }] },
  ],
  [
    'SBOM',
    'an npm package that is not listed',
    'npm packages that the code imports and it does not list: zx',
    { options: { imported: async () => ['elysia', 'zx'] } },
  ],
  [
    'SBOM',
    'a package without a licence',
    'npm packages without a licence: pkg:npm/elysia',
    {
      sbom: (good) => ({
        ...good,
        components: good.components.map((one) => ({ ...one, ...(one.purl.includes('elysia') && { licenses: [] }) })),
      }),
    },
  ],
  ['SBOM', 'none', 'there is no SBOM', { sbom: () => undefined }],
  [
    'file owners',
    'a file that nobody owns',
    'files that belong to no listed package: /app/extra',
    { more: [{ path: 'app/extra' }] },
  ],
  [
    'file owners',
    'a file that is not there',
    'files that it lists and the image does not hold: /app/gone.js',
    {
      sbom: (good) => ({
        ...good,
        components: good.components.map((one) => ({
          ...one,
          evidence: { occurrences: [...one.evidence.occurrences, { location: '/app/gone.js' }] },
        })),
      }),
    },
  ],
]

test('an SBOM that names no files leaves their owners unasked, and never kept', async () => {
  const { outcomes } = await verifyBroken({
    sbom: (good) => ({ ...good, components: good.components.map(({ evidence: _, ...one }) => one) }),
  })
  expect(outcomes.find(({ rule }) => rule === 'file owners')).toMatchObject({
    checked: 0,
    breaches: [],
    notRun: '2 SBOMs name packages and no files',
  })
})

/** An entry of a fault that has no owner breaks that rule as well, which is no matter here. */
const withoutOwners = (broken: Readonly<Record<string, readonly string[]>>, rule: string) =>
  Object.fromEntries(Object.entries(broken).filter(([name]) => name === rule || name !== 'file owners'))

describe('an injected fault is found, said, and no other is', () => {
  for (const [rule, what, says, fault] of faults)
    test(`${rule}: ${what}`, async () => {
      const { broken, outcomes } = await verifyBroken(fault)
      const said = withoutOwners(broken, rule)
      // An amd64 program in both images is a breach of its own for arm64.
      const others = Object.keys(said).filter(
        (name) => name !== rule && !(what.includes('another name') && name === 'libraries'),
      )
      expect(others).toEqual([])
      for (const architecture of architectures)
        expect(said[rule] ?? []).toContain(`${SERVICE} linux/${architecture}: ${says}`)
      expect(decideVerdict(outcomes)).toBe(1)
    })

  const amd64 = (content: Uint8Array) => ({ more: [{ path: 'app/x.node', content }] })
  test.each([
    ['a library that is not there', fixtureElf({ needed: ['libgone.so.1'] }), '/app/x.node needs libgone.so.1'],
    [
      'a loader that is not there',
      fixtureElf({ interpreter: '/lib/ld-musl.so.1' }),
      '/app/x.node needs the loader /lib/ld-musl.so.1',
    ],
    [
      'a broken program',
      Buffer.from('\x7fELF\x02\x01\x01 and nothing else', 'latin1'),
      '/app/x.node begins like a program and is broken',
    ],
  ])('libraries: %s', async (_, content, says) => {
    expect((await verifyBroken(amd64(content))).broken['libraries']).toContain(`${SERVICE} linux/amd64: ${says}`)
  })

  test('libraries: a program for another machine', async () => {
    expect((await verifyBroken(amd64(fixtureElf({})))).broken['libraries']).toEqual([
      `${SERVICE} linux/arm64: /app/x.node is for another machine (e_machine 62)`,
    ])
  })

  test('libraries are looked for beside the file when it says so', async () => {
    const beside = { path: 'app/libown.so.1', content: fixtureElf({}) }
    const user = (runpath: string) => ({
      path: 'app/x.node',
      content: fixtureElf({ needed: ['libown.so.1'], runpath }),
    })
    const found = async (runpath: string) =>
      ((await verifyBroken({ more: [beside, user(runpath)] })).broken['libraries'] ?? []).filter((one) =>
        one.includes('needs'),
      )
    expect(await found('$ORIGIN')).toEqual([])
    expect(await found('/usr/lib')).toEqual([`${SERVICE} linux/amd64: /app/x.node needs libown.so.1`])
  })

  test('app size: a bundle above a megabyte', async () => {
    const content = Buffer.concat(Array.from({ length: 20 }, () => crypto.getRandomValues(new Uint8Array(60_000))))
    const { broken } = await verifyBroken({ more: [{ path: 'app/main.js', content }] })
    expect(broken['app size']?.[0]).toMatch(/linux\/amd64: the app layer has 1.20 MB, more than 1.00 MB/)
  })

  test('budget: more than 65 MB for a platform', async () => {
    const { broken } = await verifyBroken({
      spoil: (images) => writeLayoutWith(join(images, SERVICE), new Uint8Array(66e6)),
    })
    expect(broken['budget']).toEqual(['linux/amd64: all images have 66.0 MB'])
  })

  test('platforms: one that is missing', async () => {
    expect((await verifyBroken({ layout: ['amd64'] })).broken).toEqual({ platforms: [`${SERVICE} has no linux/arm64`] })
  })

  test('readable: a service without an image', async () => {
    const { broken } = await verifyBroken({ options: { expected: [SERVICE, 'merkle-builder'] } })
    expect(broken['readable']?.[0]).toMatch(/^merkle-builder: .*is no OCI image layout/)
  })

  const firstLayer = (images: string) => {
    const { folder: at, images: found } = openLayout(join(images, SERVICE))
    return blobPath(at, found[0]?.manifest.layers[0] ?? { digest: 'sha256:none' })
  }
  test('whole: one changed byte, a cut end, a missing layer', async () => {
    const says = async (spoil: (path: string) => void) =>
      (await verifyBroken({ spoil: (images) => spoil(firstLayer(images)) })).broken['whole']?.[0]
    const flip = (path: string) => {
      const bytes = readFileSync(path)
      bytes[100] = (bytes[100] ?? 0) ^ 1
      writeFileSync(path, bytes)
    }
    expect(await says(flip)).toContain('its bytes have another digest')
    expect(await says((path) => writeFileSync(path, readFileSync(path).subarray(0, 50)))).toContain(
      'it has 50 bytes and not',
    )
    expect(await says((path) => rmSync(path))).toContain('it is missing')
  })

  test('lock: another image than the one that was built', async () => {
    const other = `sha256:${'0'.repeat(64)}`
    const { broken } = await verifyBroken({
      spoil: (images) =>
        writeFileSync(join(images, LOCK_FILE), JSON.stringify({ services: { [SERVICE]: { digest: other } } })),
    })
    expect(broken['lock']?.[0]).toContain(`and the lock says ${other}`)
  })
})

describe('the signature of the lock', () => {
  const key = new Uint8Array(32).fill(7)
  const publicKey = JSON.parse(signLock(new Uint8Array(), key)).public_key as string
  const sign = (images: string) =>
    writeFileSync(join(images, SIGNATURE_FILE), signLock(readFileSync(join(images, LOCK_FILE)), key))
  const signature = async (spoil: (images: string) => void, trusted = publicKey) =>
    (await verifyBroken({ spoil, options: { trusted } })).broken['signature']

  test('holds for the lock that was signed, and then nothing is left out', async () => {
    const { broken, outcomes } = await verifyBroken({ spoil: sign, options: { trusted: publicKey } })
    expect(broken).toEqual({})
    expect(decideVerdict(outcomes)).toBe(0)
  })

  test('is the same bytes for the same lock and key', () => {
    const lock = Buffer.from('{"services":{}}')
    expect(signLock(lock, key)).toBe(signLock(lock, key))
    expect(JSON.parse(signLock(lock, key))).toMatchObject({ format: 'lucid/images-lock/v1', algorithm: 'Ed25519' })
  })

  test('breaks with another lock, another key, another file, or none', async () => {
    expect(
      await signature((images) => {
        sign(images)
        writeFileSync(join(images, LOCK_FILE), `${readFileSync(join(images, LOCK_FILE), 'utf8')} `)
      }),
    ).toEqual(['the signature does not fit the lock: one of them was changed'])
    expect((await signature(sign, '00'.repeat(32)))?.[0]).toContain('which is not the key that is trusted')
    expect((await signature((images) => writeFileSync(join(images, SIGNATURE_FILE), '{}')))?.[0]).toContain(
      'is no such document',
    )
    expect((await signature(() => {}))?.[0]).toContain('is missing: bun run sign:images makes it')
  })
})

describe('the scan for vulnerabilities', () => {
  const report = (fixed: string, severity = 'HIGH') => ({
    Results: [
      { Vulnerabilities: [{ VulnerabilityID: 'CVE-1', PkgName: 'libc6', Severity: severity, FixedVersion: fixed }] },
    ],
  })
  const at = join(folder, 'trivy-cache')
  mkdirSync(join(at, 'db'), { recursive: true })
  writeFileSync(join(at, 'db', 'trivy.db'), '')
  /** A stand-in for Trivy: it answers what the test says. */
  const standIn = (out: unknown, code = 0) =>
    findScanner(
      { TRIVY_CACHE_DIR: at },
      { which: () => '/stand-in', run: async () => ({ code, out: JSON.stringify(out), err: 'no\nreason', ms: 0 }) },
    )
  const broken = async (scanner: Scanner) => (await verifyBroken({ options: { scanner } })).broken['vulnerabilities']

  test('without a scanner or without its database is not run, and never clean', async () => {
    for (const scanner of [
      findScanner({}, { which: () => null }),
      findScanner({ TRIVY_CACHE_DIR: join(folder, 'none') }, { which: () => '/stand-in' }),
    ]) {
      const { outcomes, count } = await verifyBroken({ options: { scanner } })
      expect(decideVerdict(outcomes)).toBe(2)
      expect(reportText(outcomes, count, plainStyle).raw).toMatch(
        /NOT RUN: no vulnerability (?:scanner|database) .*\(vulnerabilities\)/,
      )
    }
  })

  test('keeps an image back for what is serious and can be mended', async () => {
    expect(await broken(standIn(report('2.37')))).toEqual(['CVE-1 (HIGH) in libc6, mended in 2.37'])
    expect(await broken(standIn(report('')))).toBeUndefined()
    expect(await broken(standIn(report('2.37', 'LOW')))).toBeUndefined()
  })

  test('that fails or looked at nothing is a breach and not clean', async () => {
    expect((await broken(standIn({}, 1)))?.[0]).toContain('trivy failed: reason')
    expect((await broken(standIn({})))?.[0]).toContain('its report has no results')
  })
})
