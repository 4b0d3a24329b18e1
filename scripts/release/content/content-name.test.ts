import { expect, test } from 'bun:test'
import { contentName } from './release.ts'

test('the name of an image is its content: service and twelve digits of the digest behind the repository', () => {
  const digest = `sha256:0123456789abcdef${'0'.repeat(48)}`
  expect(contentName('127.0.0.1:5000/pickme/lucid', 'api-gateway', digest)).toBe(
    '127.0.0.1:5000/pickme/lucid:api-gateway-0123456789ab',
  )
})
