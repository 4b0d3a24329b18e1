import { describe, expect, test } from 'bun:test'
import { assemble, type Parts, withImage, withStack } from './assemble.ts'
import { parseRelease } from './release-file.ts'

const hex = (digit: string) => `sha256:${digit.repeat(64)}`
const image = (service: string, digit: string) => ({
  service,
  name: `pickme/lucid:${service}-${digit.repeat(12)}`,
  pull: `pickme/lucid@${hex(digit)}`,
  digest: hex(digit),
  manifest: hex(digit),
  config: hex(digit),
  layers: [{ digest: hex(digit), size: 10, diffId: hex(digit) }],
})

const compose = (stack: string, services: string) => `name: lucid-${stack}\nservices:\n${services}`
const service = (name: string) =>
  `  ${name}: { image: "pickme/lucid:${name}", container_name: ${name}, mem_limit: 64m, healthcheck: { test: [CMD, /ask] } }\n`

const parts: Parts = {
  platform: 'linux/arm64',
  dir: '/lucid',
  stacks: [
    {
      stack: 'core',
      text: compose(
        'core',
        `${service('gate')}  db: { image: "db:1", container_name: db, volumes: [{ type: bind, source: ./db/start.sh, target: /s }] }\n`,
      ),
      env: {},
    },
    { stack: 'sessions', text: compose('sessions', service('cut')), env: {} },
  ],
  variables: {},
  images: [image('gate', '1'), image('cut', '2'), image('tool', '3')],
  tools: ['tool'],
  mounted: { 'db/start.sh': '#!/bin/sh\n' },
  identities: ['gate', 'cut'],
  migrations: { cut: { version: 1, irreversible: [] } },
}
const origin = { version: '1', revision: 'a', madeBy: 'a@b', madeAt: 1, signer: 'ab'.repeat(32) }

describe('a release', () => {
  const bundle = assemble(parts, origin)

  test('is named by its content: who made it and when change nothing', () => {
    const again = assemble(parts, { ...origin, madeBy: 'c@d', madeAt: 2, revision: 'b' })
    expect(again.release.id).toBe(bundle.release.id)
    const other = assemble({ ...parts, mounted: { 'db/start.sh': '#!/bin/sh\n:\n' } }, origin)
    expect(other.release.id).not.toBe(bundle.release.id)
  })

  test('reads back from its file, and one that was changed by hand does not', () => {
    const text = JSON.stringify(bundle.release)
    expect(parseRelease(text, 'release.json')).toEqual(bundle.release)
    expect(() => parseRelease(text.replace('"memory":67108864', '"memory":1'), 'release.json')).toThrow(
      `release.json was changed: its content is not that of ${bundle.release.id}`,
    )
    expect(() => parseRelease(text.replace('lucid:gate', 'lucid:ga;te'), 'release.json')).toThrow(
      'release.json is no release',
    )
    expect(() => parseRelease('{', 'release.json')).toThrow('is no JSON')
  })

  test('brings the images of tools, and starts none of their containers', () => {
    expect(bundle.release.images.map((one) => one.service)).toEqual(['gate', 'cut', 'tool'])
    expect(bundle.release.stacks.flatMap(({ members }) => members.map((one) => one.service))).toEqual([
      'gate',
      'db',
      'cut',
    ])
    expect(bundle.release.stock).toEqual([{ service: 'db', name: 'db:1' }])
  })

  test('puts what is mounted where its content has its place', () => {
    expect(Object.entries(bundle.support)).toEqual([
      [expect.stringMatching(/^files\/[0-9a-f]{16}\/start\.sh$/), '#!/bin/sh\n'],
    ])
  })
})

describe('with one image replaced', () => {
  const bundle = assemble(parts, origin)
  const updated = withImage(bundle, image('cut', '9'), origin)

  test('it is what a whole release with that image would be', () => {
    const whole = assemble(
      { ...parts, images: [image('gate', '1'), image('cut', '9'), image('tool', '3')] },
      origin,
    )
    expect(updated).toEqual(whole)
  })

  test('the Compose files of other stacks stay to the byte', () => {
    expect(updated.files['compose.core.yaml']).toBe(bundle.files['compose.core.yaml'])
    expect(updated.files['compose.sessions.yaml']).toContain('cut-999999999999')
  })

  test('a service that the release does not have is refused', () => {
    expect(() => withImage(bundle, image('page', '9'), origin)).toThrow('has no service page')
  })
})

describe('with one stack of a new release', () => {
  const old = assemble(parts, origin)
  const fresh = assemble(
    { ...parts, images: [image('gate', '7'), image('cut', '8'), image('tool', '9')] },
    origin,
  )

  test('the others stay as they run', () => {
    const { release, files } = withStack(old, fresh, 'sessions', origin)
    expect(release.stacks.flatMap(({ members }) => members.map((one) => one.image))).toEqual([
      'pickme/lucid:gate-111111111111',
      'db:1',
      'pickme/lucid:cut-888888888888',
    ])
    expect(files['compose.core.yaml']).toBe(old.files['compose.core.yaml'])
    expect(new Set(release.images.map(({ name }) => name))).toContain('pickme/lucid:cut-888888888888')
    expect(parseRelease(JSON.stringify(release), 'x').id).toBe(release.id)
  })

  test('an empty host gets that stack alone', () => {
    const { release, files } = withStack(undefined, fresh, 'core', origin)
    expect(release.stacks.map(({ stack }) => stack)).toEqual(['core'])
    expect(Object.keys(files)).toEqual(['compose.core.yaml'])
    expect(release.migrations).toEqual({})
  })

  test('every stack of a release, one after the other, is that release', () => {
    const core = withStack(old, fresh, 'core', origin)
    const all = withStack(core, fresh, 'sessions', origin)
    expect(all.release.stacks).toEqual(fresh.release.stacks)
    expect(all.release.files).toEqual(fresh.release.files)
  })
})
