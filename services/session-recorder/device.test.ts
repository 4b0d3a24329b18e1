import { expect, test } from 'bun:test'
import { blake3 } from '#common/engines/blake3'
import { utf8 } from '#common/stream/bytes'
import { deviceFingerprint } from './device.ts'

const id = '0123456789abcdef0123456789abcdef'

test('the fingerprint is a labelled hash of the machine id alone', () => {
  expect(deviceFingerprint(id)).toBe(blake3(utf8(`lucid/device/v2\0${id}`)).toHex())
  expect(deviceFingerprint(id)).not.toContain(id)
})

test('another machine has another', () => {
  expect(deviceFingerprint(id)).not.toBe(deviceFingerprint(id.replace('0', '1')))
})
