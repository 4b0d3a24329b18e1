/**
 * Hashes of a backup. A chunk is named by a keyed hash, HMAC-SHA256 (RFC 2104), so that nobody without the key can
 * tell from a name whether a file that they know is in there. A file has its SHA-256, which sha256sum checks.
 */
export const chunkId = (key: Uint8Array, bytes: Uint8Array): string =>
  new Bun.CryptoHasher('sha256', Buffer.from(key)).update(bytes).digest('hex')

/** A name of the key that says nothing about it: the repository is known by it on paper and in reports. */
export const keyName = (key: Uint8Array): string =>
  new Bun.CryptoHasher('sha256', Buffer.from(key)).update('lucid/backup/key-name/v1').digest('hex').slice(0, 16)

export type FileHash = { readonly update: (bytes: Uint8Array) => void; readonly digest: () => string }

/** SHA-256 of a file as its bytes come, in hex. */
export const fileHash = (): FileHash => {
  const hasher = new Bun.CryptoHasher('sha256')
  return { update: (bytes) => void hasher.update(bytes), digest: () => hasher.digest('hex') }
}
