import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import { faultOf } from '../testing/faults.ts'
import { isSessionId, sessionIdBytes, sessionIdBytes32, sessionIdFromBytes32, sessionIdText } from './session-id.ts'

const ID = 'a1b2c3d4-e5f6-4789-8abc-def012345678'

test('a session id, its 16 bytes and its bytes32 are the same thing', () => {
  expect(sessionIdBytes(ID).toHex()).toBe('a1b2c3d4e5f647898abcdef012345678')
  expect(sessionIdText(sessionIdBytes(ID))).toBe(ID)
  expect(sessionIdBytes32(ID)).toBe('a1b2c3d4e5f647898abcdef01234567800000000000000000000000000000000')
  expect(sessionIdFromBytes32(sessionIdBytes32(ID))).toBe(ID)
  fc.assert(
    fc.property(fc.uuid({ version: 4 }), (id) => {
      expect(sessionIdText(sessionIdBytes(id))).toBe(id)
      expect(sessionIdFromBytes32(sessionIdBytes32(id))).toBe(id)
    }),
  )
})

test('only a lower-case UUIDv4 is a session id', async () => {
  for (const bad of [
    ID.toUpperCase(),
    ID.replace('-4', '-1'),
    ID.replace('-8', '-c'),
    ID.slice(1),
    `${ID}0`,
    ID.replaceAll('-', ''),
    '',
    `${ID}\n`,
  ]) {
    expect(isSessionId(bad)).toBe(false)
    expect(isFault(await faultOf(() => sessionIdBytes(bad)), 'session-id')).toBe(true)
  }
  for (const bytes of [
    new Uint8Array(16),
    new Uint8Array(15),
    sessionIdBytes(ID).map((byte, at) => (at === 6 ? 0x17 : byte)),
  ])
    expect(isFault(await faultOf(() => sessionIdText(bytes)), 'session-id')).toBe(true)
  for (const word of [`${sessionIdBytes32(ID).slice(0, -1)}1`, '11'.repeat(32), `${sessionIdBytes32(ID)}\n`, ''])
    expect(sessionIdFromBytes32(word)).toBeUndefined()
})
