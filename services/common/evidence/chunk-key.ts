import { blake2b } from '@noble/hashes/blake2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { Fault } from '../process/fault.ts'
import { concat, u32be, utf8 } from '../stream/bytes.ts'

const INFO = utf8('lucid/chunk/v1')

/**
 * The key of one chunk: HKDF-BLAKE2b-512 (RFC 5869 over BLAKE2b) with the 32-byte session key as input key
 * material, the 16 session id bytes as salt, "lucid/chunk/v1" || u32be(index) as info. 32 bytes out.
 */
export const chunkKey = (sessionKey: Uint8Array, sessionId: Uint8Array, index: number): Uint8Array<ArrayBuffer> => {
  if (sessionKey.length !== 32) throw new Fault('invalid', 'session-key-size', 'a session key has 32 bytes')
  if (sessionId.length !== 16) throw new Fault('invalid', 'session-id', 'a session id has 16 bytes')
  return Uint8Array.from(hkdf(blake2b, sessionKey, sessionId, concat(INFO, u32be(index)), 32))
}
