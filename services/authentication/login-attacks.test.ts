import { beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { concat, utf8 } from '#common/stream/bytes'
import { isFull } from '#common/testing/extent'
import { authentication, type Someone, someone } from './fixture.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(600_000)

const [ann, bob, eve] = [someone(1), someone(2), someone(3)] as const
let auth: ReturnType<typeof authentication>
beforeAll(async () => {
  auth = authentication()
  await auth.signIn(ann, { code: await auth.adminCode() })
})

/** One that has an answer to give, and to whom it is given: nothing of it locks the next one out. */
const unlocked = () => {
  auth.clock.now += 1_800_000
}
const verify = (body: object) => auth.ask('POST', '/auth/verify', { body })
const sent = async (who: Someone, purpose?: string) => {
  const { nonce, message } = await auth.challenge(who, purpose)
  return { address: who.address, nonce, message, signature: who.sign(message) }
}
const without = ({ address, nonce, signature }: { address: string; nonce: string; signature: string }) => ({
  address,
  nonce,
  signature,
})

/** The same signature spelt with the other s: s' = n - s, v flipped. */
const highS = (signature: string) => {
  const bytes = Uint8Array.fromHex(signature.slice(2))
  const s = secp256k1.Point.CURVE().n - BigInt(`0x${bytes.slice(32, 64).toHex()}`)
  const v = (bytes[64] ?? 27) === 27 ? 28 : 27
  return `0x${bytes.slice(0, 32).toHex()}${s.toString(16).padStart(64, '0')}${v.toString(16)}`
}
/** A signature of the same key over the same text under another prefix, or none. */
const signedAs = (who: Someone, message: string, prefix: string) => {
  const recovered = secp256k1.sign(keccak_256(concat(utf8(prefix), utf8(message))), who.key, {
    prehash: false,
    format: 'recovered',
  })
  return `0x${recovered.slice(1).toHex()}${(27 + (recovered[0] ?? 0)).toString(16)}`
}

type Attack = () => Promise<object>
const attacks: Readonly<Record<string, Attack>> = {
  'replayed after it signed in': async () => {
    const right = without(await sent(ann))
    expect((await verify(right)).status).toBe(200)
    return right
  },
  'stale by a millisecond': async () => {
    const right = without(await sent(ann))
    auth.clock.now += 600_000
    return right
  },
  'of another platform': async () => {
    const { nonce, message } = await authentication({ secret: new Uint8Array(32).fill(9) }).challenge(ann)
    return { address: ann.address, nonce, signature: ann.sign(message) }
  },
  'for another purpose': async () => without(await sent(ann, 'DELETE /api/v1/sessions/x')),
  'of another person': async () => ({ ...without(await sent(bob)), address: ann.address }),
  'by another key': async () => {
    const { nonce, message } = await sent(ann)
    return { address: ann.address, nonce, signature: eve.sign(message) }
  },
  'with the other s': async () => {
    const right = await sent(ann)
    return { ...without(right), signature: highS(right.signature) }
  },
  'with another v': async () => {
    const right = await sent(ann)
    const v = right.signature.endsWith('1b') ? '1c' : '1b'
    return { ...without(right), signature: `${right.signature.slice(0, -2)}${v}` }
  },
  'under the prefix of Ethereum': async () => {
    const { nonce, message } = await sent(ann)
    const prefix = `\x19Ethereum Signed Message:\n${utf8(message).length}`
    return { address: ann.address, nonce, signature: signedAs(ann, message, prefix) }
  },
  'under TRON’s first prefix, which says 32 bytes': async () => {
    const { nonce, message } = await sent(ann)
    return { address: ann.address, nonce, signature: signedAs(ann, message, '\x19TRON Signed Message:\n32') }
  },
  'without a prefix': async () => {
    const { nonce, message } = await sent(ann)
    return { address: ann.address, nonce, signature: signedAs(ann, message, '') }
  },
  'of nothing': async () => ({ ...without(await sent(ann)), signature: '0'.repeat(130) }),
}

describe('a signature', () => {
  test.each(Object.entries(attacks))('%s signs nobody in', async (_, attack) => {
    unlocked()
    expect(await verify(await attack())).toMatchObject({ status: 401 })
  })

  test('cut short, at any place, or longer signs nobody in', async () => {
    unlocked()
    const right = await sent(ann)
    for (const cut of [1, 2, 64, 65, 66, 128, 131])
      expect(await verify({ ...without(right), signature: right.signature.slice(0, cut) })).toMatchObject({
        status: 400,
      })
    expect(await verify({ ...without(right), signature: `${right.signature}00` })).toMatchObject({ status: 400 })
    expect(await verify(without(right))).toMatchObject({ status: 200 })
  })

  test('with any bit changed, like a nonce with any character changed, signs nobody in', async () => {
    unlocked()
    const right = await sent(ann)
    const flipped = fc.tuple(fc.nat(64), fc.nat(7)).map(([at, bit]) => {
      const bytes = Uint8Array.fromHex(right.signature.slice(2))
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
      return { ...without(right), signature: `0x${bytes.toHex()}` }
    })
    const renamed = fc
      .tuple(fc.nat(50), fc.constantFrom(...'ABCxyz019_-'))
      .map(([at, letter]) => ({
        ...without(right),
        nonce: right.nonce.slice(0, at) + letter + right.nonce.slice(at + 1),
      }))
      .filter(({ nonce }) => nonce !== right.nonce)
    await fc.assert(
      fc.asyncProperty(fc.oneof(flipped, renamed), async (body) => {
        expect([401, 429]).toContain((await verify(body)).status)
      }),
      { numRuns: isFull ? 10_000 : 1_000 },
    )
    expect(await verify(without(right))).toMatchObject({ status: 200 })
  })
})

/**
 * The share of pairs (known, unknown) in which the known one took longer, ties half: 0.5 says that one cannot be told from
 * the other (Mann-Whitney). Of ranks alone, so that a slow machine changes nothing.
 */
const longerShare = (known: readonly number[], unknown: readonly number[]) => {
  let longer = 0
  for (const one of known) for (const other of unknown) longer += one > other ? 1 : one === other ? 0.5 : 0
  return longer / (known.length * unknown.length)
}

describe('whether an address has an account', () => {
  const rounds = isFull ? 2_000 : 300
  const questions: Readonly<Record<string, (who: Someone) => Promise<object>>> = {
    'a challenge': (who) => auth.ask('POST', '/auth/challenge', { body: { address: who.address } }),
    'a wrong signature': async (who) => {
      const { nonce, message } = await auth.challenge(who)
      const began = performance.now()
      const reply = await verify({ address: who.address, nonce, signature: eve.sign(message) })
      return { ...reply, took: performance.now() - began }
    },
  }

  test.each(Object.entries(questions))('is not told by how long %s takes', async (what, ask) => {
    const took: readonly [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      if (round % 4 === 0) unlocked()
      // One after the other, in turns: what else the machine does falls on both.
      for (const [at, who] of [
        [round % 2, [ann, bob][round % 2]],
        [1 - (round % 2), [ann, bob][1 - (round % 2)]],
      ] as [0 | 1, Someone][]) {
        const began = performance.now()
        const reply = await ask(who)
        took[at].push('took' in reply ? Number(reply.took) : performance.now() - began)
      }
    }
    const share = longerShare(...took)
    console.log(`${what}: an account took longer in ${(share * 100).toFixed(1)} % of ${rounds ** 2} pairs`)
    expect(share).toBeGreaterThan(0.25)
    expect(share).toBeLessThan(0.75)
  })
})
