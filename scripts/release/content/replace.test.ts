import { describe, expect, test } from 'bun:test'
import { assemble } from './assemble.ts'
import { image, origin, parts } from './parts.fixture.ts'
import { parseRelease } from './release-json.ts'
import { replaceImage, replaceStack } from './replace.ts'

describe('with one image replaced', () => {
  const bundle = assemble(parts, origin)
  const updated = replaceImage(bundle, image('cut', '9'), origin)

  test('it is what a whole release with that image would be', () => {
    const whole = assemble({ ...parts, images: [image('gate', '1'), image('cut', '9'), image('tool', '3')] }, origin)
    expect(updated).toEqual(whole)
  })

  test('the Compose files of other stacks stay to the byte', () => {
    expect(updated.files['compose.core.yaml']).toBe(bundle.files['compose.core.yaml'])
    expect(updated.files['compose.sessions.yaml']).toContain('cut-999999999999')
  })

  test('a service that the release does not have is refused', () => {
    expect(() => replaceImage(bundle, image('page', '9'), origin)).toThrow('has no service page')
  })
})

describe('with one stack of a new release', () => {
  const old = assemble(parts, origin)
  const fresh = assemble({ ...parts, images: [image('gate', '7'), image('cut', '8'), image('tool', '9')] }, origin)

  test('the others stay as they run', () => {
    const { release, files } = replaceStack(old, fresh, 'sessions', origin)
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
    const { release, files } = replaceStack(undefined, fresh, 'core', origin)
    expect(release.stacks.map(({ stack }) => stack)).toEqual(['core'])
    expect(Object.keys(files)).toEqual(['compose.core.yaml'])
    expect(release.migrations).toEqual({})
  })

  test('every stack of a release, one after the other, is that release', () => {
    const core = replaceStack(old, fresh, 'core', origin)
    const all = replaceStack(core, fresh, 'sessions', origin)
    expect(all.release.stacks).toEqual(fresh.release.stacks)
    expect(all.release.files).toEqual(fresh.release.files)
  })
})
