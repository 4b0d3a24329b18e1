import { ed25519 } from '@noble/curves/ed25519.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { verifyEd25519 } from '#common/engines/ed25519'
import type { Sealer } from '#common/http/chain-model'
import { concat, fromHex, toHex, u32be, utf8 } from '#common/stream/bytes'

/** Signs block hashes (hex) for one branch of the chain. */
export type Sealing = {
  readonly public_key: string
  readonly seal: (hash: string) => Sealer
  readonly ofBranch: (branch: number) => Sealing
}

const BRANCH = utf8('lucid/ledger/branch/v1')

/** The seed of a branch: HKDF-BLAKE2b of the ledger's own (RFC 5869), so that no second secret has to be kept. */
const deriveSeed = (seed: Uint8Array, branch: number): Uint8Array =>
  branch === 0 ? seed : hkdf(blake2b, seed, undefined, concat(BRANCH, u32be(branch)), 32)

/** Seals with the ledger's Ed25519 key (32-byte seed, hex), or with what is derived from it for a later branch. */
export const sealing = (seed: string, branch = 0): Sealing => {
  const key = deriveSeed(fromHex(seed, 32), branch)
  const public_key = toHex(ed25519.getPublicKey(key))
  return {
    public_key,
    seal: (hash) => ({ public_key, signature: toHex(ed25519.sign(fromHex(hash, 32), key)) }),
    ofBranch: (other) => sealing(seed, other),
  }
}

/** True when the seal is the named key's signature over the hash, by the one strict check; false for what is no hex. */
export const checkSeal = (hash: string, { public_key, signature }: Sealer): boolean => {
  try {
    return verifyEd25519(fromHex(hash, 32), fromHex(signature), fromHex(public_key))
  } catch {
    return false
  }
}
