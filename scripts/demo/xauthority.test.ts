import { expect, test } from 'bun:test'
import { xauthority } from './xauthority.ts'

test('one entry for any host and display, in the byte order of libXau', () => {
  expect(xauthority(new Uint8Array(16).fill(0xab)).toHex()).toBe(
    `ffff00000000${'0012'}${Buffer.from('MIT-MAGIC-COOKIE-1').toString('hex')}0010${'ab'.repeat(16)}`,
  )
})
