import type { Random } from '#common/engines/key-wrap'
import { verifyTronMessage } from '#common/evidence/tron-message'
import { Fault, isFault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import type { TokenBuckets } from '#common/stream/token-bucket'
import { type ChallengeFor, challengeMessage, checkChallenge, newChallenge } from './challenge.ts'
import type { Challenge } from './model.ts'
import { tables } from './store.ts'

/** What a challenge is for when nothing else is said. */
export const SIGN_IN = 'sign in'

export type Signed = {
  readonly address: string
  readonly nonce: string
  readonly signature: string
  readonly purpose: string
}

export type SignatureCheck = {
  readonly challenge: (address: string, purpose?: string) => Challenge
  /** Resolves when `address` signed a challenge of ours: when that ends, epoch ms. Throws Fault unauthenticated, exhausted `locked`. */
  readonly require: (signed: Signed) => number
  /** Throws what a wrong answer gets, as `locked` when there were too many; the same for any address. */
  readonly refuse: (address: string, fault: Fault) => never
  /** Uses a nonce up, in the transaction of what it permits. Throws Fault unauthenticated `nonce-used`. */
  readonly use: (tx: Store, nonce: string, expires: number) => Promise<void>
}

const badSignature = () =>
  new Fault(
    'unauthenticated',
    'bad-signature',
    'this signature is not of this address over this challenge: sign its whole text',
  )

/** Makes challenges and judges their answers. `failures`: wrong ones by address; right ones are never asked about. */
export const signatureCheck = ({
  key,
  cluster,
  now,
  random,
  failures,
}: {
  readonly key: Uint8Array
  readonly cluster: string
  readonly now: () => number
  readonly random: Random
  readonly failures: TokenBuckets
}): SignatureCheck => {
  const refuse = (address: string, fault: Fault): never => {
    if (failures.take(address)) throw fault
    const detail = 'too many wrong answers for this address; a right one still signs in'
    throw new Fault('exhausted', 'locked', detail, { retryAfter: 900_000 })
  }
  const judge = ({ address, nonce, signature, purpose }: Signed): number => {
    const bound: ChallengeFor = { cluster, address, purpose }
    const expires = checkChallenge(nonce, bound, { key, now: now() })
    const message = challengeMessage(bound, { nonce, expires })
    if (!verifyTronMessage({ address, message, signature })) throw badSignature()
    return expires
  }
  return {
    refuse,
    challenge: (address, purpose = SIGN_IN) => {
      const bound = { cluster, address, purpose }
      const made = newChallenge(bound, { key, now: now(), random })
      return { ...made, message: challengeMessage(bound, made) }
    },
    require: (signed) => {
      try {
        return judge(signed)
      } catch (error) {
        if (isFault(error)) return refuse(signed.address, error)
        throw error
      }
    },
    use: async (tx, nonce, expires) => {
      await tables(tx)
        .nonces.insert({ id: nonce, expires })
        .catch((error) => {
          if (!isFault(error, 'duplicate')) throw error
          throw new Fault('unauthenticated', 'nonce-used', 'this challenge was answered before: ask for a new one')
        })
    },
  }
}
