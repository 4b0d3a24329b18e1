import { ed25519 } from '@noble/curves/ed25519.js'
import { fromHex, toHex } from '#common/stream/bytes'
import type { Sealer } from './model.ts'

/** Signs block hashes (hex) with the ledger's Ed25519 key (32-byte seed, hex). */
export const sealing = (seed: string) => {
  const key = fromHex(seed, 32)
  const public_key = toHex(ed25519.getPublicKey(key))
  return {
    public_key,
    seal: (hash: string): Sealer => ({ public_key, signature: toHex(ed25519.sign(fromHex(hash, 32), key)) }),
  }
}

export type Sealing = ReturnType<typeof sealing>

/** True when the seal is the named key's signature over the hash (RFC 8032, strict). */
export const checkSeal = (hash: string, { public_key, signature }: Sealer): boolean => {
  try {
    return ed25519.verify(fromHex(signature, 64), fromHex(hash, 32), fromHex(public_key, 32), {
      zip215: false,
    })
  } catch {
    return false
  }
}
