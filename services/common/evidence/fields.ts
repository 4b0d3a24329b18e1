import { Type } from '@sinclair/typebox'

/** The words that the bundle's documents are made of: hex is lower case without prefix, sizes are bytes, times epoch ms. */

const hexOf = (bytes: number) =>
  Type.String({ pattern: `^[0-9a-f]{${2 * bytes}}$`, description: `${bytes} bytes as hex` })

export const Hex20 = hexOf(20)
export const Hex24 = hexOf(24)
export const Hex32 = hexOf(32)
export const Hex48 = hexOf(48)
export const Hex64 = hexOf(64)
export const HexBytes = (longest: number) =>
  Type.String({ pattern: '^(?:[0-9a-f]{2})+$', maxLength: 2 * longest, description: `at most ${longest} bytes as hex` })
export const Natural = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const SessionId = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
  description: 'session id, a lower-case UUIDv4',
})
export const TronAddress = Type.String({ pattern: '^T[1-9A-HJ-NP-Za-km-z]{33}$', description: 'TRON address' })
