import { expect, test } from 'bun:test'
import { catalog, stacks } from '#catalog'
import { makeImagePins } from './compose-images.ts'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const images = Object.fromEntries(
  Object.keys(catalog).map((name, at) => [name, { reference: `${name}-1.2`, digest: digest((at % 10).toString()) }]),
)

test('every image of every stack is pinned to its digest, the repository stays a variable', () => {
  const seen = stacks.flatMap((stack) => {
    const pins = makeImagePins(stack, catalog, images)
    if (pins === undefined) return []
    if (!('text' in pins)) throw new Error(`not pinned: ${pins.missing}`)
    const { services } = Bun.YAML.parse(pins.text) as { readonly services: Readonly<Record<string, unknown>> }
    return Object.entries(services)
  })
  expect(Object.fromEntries(seen)).toEqual(
    Object.fromEntries(
      Object.entries(images).map(([name, { reference, digest: pin }]) => [
        name,
        { image: `$\{LUCID_IMAGE_REPO:-pickme/lucid}:${reference}@${pin}` },
      ]),
    ),
  )
})

test('a stack is pinned whole or not at all', () => {
  const { 'session-chunker': _, ...others } = images
  expect(makeImagePins('sessions', catalog, others)).toEqual({ missing: ['session-chunker'] })
  expect(makeImagePins('integration', {}, images)).toBeUndefined()
})
