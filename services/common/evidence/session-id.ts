import { Fault } from '../process/fault.ts'

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** True for a lower-case UUIDv4 (RFC 9562): the only spelling of a session id, so that one session has one name. */
export const isSessionId = (text: string): boolean => UUID_V4.test(text)

/** The 16 bytes of a session id. Throws Fault `session-id`. */
export const sessionIdBytes = (id: string): Uint8Array<ArrayBuffer> => {
  if (!isSessionId(id)) throw new Fault('invalid', 'session-id', 'a session id is a lower-case UUIDv4')
  return Uint8Array.fromHex(id.replaceAll('-', ''))
}

/** The session id of 16 bytes. Throws Fault `session-id` for bytes that are no UUIDv4. */
export const sessionIdText = (bytes: Uint8Array): string => {
  const hex = bytes.toHex()
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
  if (!isSessionId(id)) throw new Fault('invalid', 'session-id', 'these 16 bytes are not a UUIDv4')
  return id
}

/** The id as the chain holds it: bytes32, the 16 bytes followed by 16 zeros, in hex. */
export const sessionIdBytes32 = (id: string): string => sessionIdBytes(id).toHex() + '00'.repeat(16)

/** The session id of a bytes32 in hex; undefined when the word is none of ours. */
export const sessionIdFromBytes32 = (word: string): string | undefined => {
  const bytes = /^[0-9a-f]{32}(?=0{32}$)/.exec(word)?.[0]
  const id = bytes?.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5')
  return id !== undefined && isSessionId(id) ? id : undefined
}
