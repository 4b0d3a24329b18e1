import { describe, expect, test } from 'bun:test'
import { assemble } from './assemble.ts'
import { origin, parts } from './parts.fixture.ts'
import { parseRelease } from './release-json.ts'

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
