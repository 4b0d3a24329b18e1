/**
 * Hashes of a backup. A chunk is named by a keyed hash, HMAC-SHA256 (RFC 2104), so that nobody without the key can
 * tell from a name whether a file that they know is in there. A file has its SHA-256, which sha256sum checks.
 */
export type ChunkNamer = (bytes: Uint8Array<ArrayBuffer>) => Promise<string>

/** Names chunks off this thread. */
export const chunkNamer = async (key: Uint8Array<ArrayBuffer>): Promise<ChunkNamer> => {
  const hmac = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return async (bytes) => new Uint8Array(await crypto.subtle.sign('HMAC', hmac, bytes)).toHex()
}

/** A name of the key that says nothing about it: the repository is known by it on paper and in reports. */
export const keyName = (key: Uint8Array): string =>
  new Bun.CryptoHasher('sha256', Buffer.from(key)).update('lucid/backup/key-name/v1').digest('hex').slice(0, 16)

export type FileHash = { readonly update: (bytes: Uint8Array) => void; readonly digest: () => string }

/** SHA-256 of a file as its bytes come, in hex. */
export const fileHash = (): FileHash => {
  const hasher = new Bun.CryptoHasher('sha256')
  return { update: (bytes) => void hasher.update(bytes), digest: () => hasher.digest('hex') }
}
