import { type Static, Type } from '@sinclair/typebox'
import { canonicalReader } from './canonical-json.ts'
import { Hex32 } from './fields.ts'

/** keys.json: the session key in clear, only in a bundle that its owner asked for with keys. */
export const SessionKeys = Type.Object({ session_key: Hex32 }, { additionalProperties: false })
export type SessionKeys = Static<typeof SessionKeys>

/** Strict reader of keys.json. Throws Fault `keys-not-json`, `keys-schema`, `keys-not-canonical`. */
export const parseKeys = canonicalReader('keys', SessionKeys)
