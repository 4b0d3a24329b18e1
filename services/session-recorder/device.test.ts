import { expect, test } from 'bun:test'
import { blake3 } from '#common/engines/blake3'
import { utf8 } from '#common/stream/bytes'
import { deviceFingerprint } from './device.ts'

const machine = { machineId: 'abc', hostname: 'pi', arch: 'arm64' }

test('a device is named by the hash of its machine id, host name and architecture', () => {
  expect(deviceFingerprint(machine)).toBe(blake3(utf8('lucid/device/v1\0abc\0pi\0arm64')).toHex())
  expect(deviceFingerprint(machine)).toBe(deviceFingerprint({ ...machine }))
})

test('another machine has another name, also where the parts only shift', () => {
  const others = [
    { ...machine, machineId: 'abd' },
    { ...machine, hostname: 'pi2' },
    { ...machine, arch: 'x64' },
    { ...machine, machineId: 'abcp', hostname: 'i' },
    { ...machine, machineId: '' },
  ]
  expect(new Set([machine, ...others].map(deviceFingerprint)).size).toBe(6)
})
