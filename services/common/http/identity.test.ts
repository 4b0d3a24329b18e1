import { describe, expect, test } from 'bun:test'
import { importJWK, SignJWT } from 'jose'
import { catalog, type ServiceName } from '#services/catalog'
import { Secret } from '../process/env.ts'
import { isFault } from '../process/fault.ts'
import { fromHex } from '../stream/bytes.ts'
import { callersOf, derivePublicKey, signer, verifier } from './identity.ts'

const NOW = 1_800_000_000_000
const names = ['session-recorder', 'session-orchestrator', 'merkle-builder', 'operator'] as const
type Name = (typeof names)[number]
const keys = Object.fromEntries(
  names.map((name, i) => [name, new Secret(new Uint8Array(32).fill(i + 1).toHex())]),
) as Record<Name, Secret>
const peers = Object.fromEntries(names.map((name) => [name, derivePublicKey(keys[name])]))

const callee = 'merkle-builder'
const at = (seconds: number) => ({ now: () => NOW + seconds * 1000, steady: () => seconds * 1000 })
const guardAt = (seconds: number) => verifier({ callee, callers: callersOf(callee), peers, clocks: at(seconds) })
const tokenOf = (name: Name, to: string = callee) => signer({ name, key: keys[name], clocks: at(0) })(to)

/** Who is let in with an authorization header, or the kind and code of the refusal. */
const outcome = async (authorization: string | undefined, seconds = 0): Promise<string> => {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
  try {
    return (await guardAt(seconds)(new Request('http://localhost/', { headers }))).caller
  } catch (error) {
    return isFault(error) ? `${error.kind} ${error.code}` : String(error)
  }
}
const bearer = async (token: string | Promise<string>, seconds?: number) => outcome(`Bearer ${await token}`, seconds)
const refused = 'unauthenticated bad-service-token'

const privateKey = (name: Name) =>
  importJWK(
    {
      kty: 'OKP',
      crv: 'Ed25519',
      x: Buffer.from(fromHex(derivePublicKey(keys[name]))).toString('base64url'),
      d: Buffer.from(fromHex(keys[name].reveal())).toString('base64url'),
    },
    'EdDSA',
  )

/** A token with claims of its own, signed by the key of `by`; times are seconds from now. */
const made = async ({
  by = 'session-orchestrator',
  iss = 'session-orchestrator',
  aud = callee,
  iat = 0,
  exp = 60,
}: {
  readonly by?: Name
  readonly iss?: string
  readonly aud?: string
  readonly iat?: number | undefined
  readonly exp?: number | undefined
}) => {
  const token = new SignJWT().setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' }).setIssuer(iss).setAudience(aud)
  if (iat !== Number.NEGATIVE_INFINITY) token.setIssuedAt(NOW / 1000 + iat)
  if (exp !== Number.POSITIVE_INFINITY) token.setExpirationTime(NOW / 1000 + exp)
  return token.sign(await privateKey(by))
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = { iss: 'session-orchestrator', aud: callee, iat: NOW / 1000, exp: NOW / 1000 + 60 }

describe('a service token', () => {
  test('lets its caller in, under its own name', async () => {
    expect(await bearer(tokenOf('session-orchestrator'))).toBe('session-orchestrator')
    expect(await bearer(tokenOf('operator'))).toBe('operator')
    expect(await bearer(made({}))).toBe('session-orchestrator')
  })

  test('is demanded, as a bearer token', async () => {
    const token = await tokenOf('operator')
    for (const header of [undefined, '', 'Bearer', 'Bearer ', token, `Basic ${token}`, `Bearer ${token} x`])
      expect([header, await outcome(header)]).toEqual([header, refused])
  })

  test('that is no token at all is refused', async () => {
    for (const junk of ['x', '..', 'a.b.c', `${part({})}.${part(claims)}`, `.${part(claims)}.`, '....'])
      expect([junk, await bearer(junk)]).toEqual([junk, refused])
  })

  test('is refused when any one letter of it is another', async () => {
    const token = await tokenOf('operator')
    const swap = (letter: string) => (letter === '.' ? '_' : letter === 'A' ? 'B' : 'A')
    // The last letter of a base64url part carries bits that do not count; all others do.
    const ends = new Set([token.indexOf('.') - 1, token.lastIndexOf('.') - 1, token.length - 1])
    for (let i = 0; i < token.length; i++) {
      if (ends.has(i)) continue
      const bent = token.slice(0, i) + swap(token.charAt(i)) + token.slice(i + 1)
      expect([i, await bearer(bent)]).not.toEqual([i, 'operator'])
    }
  })

  test('signed by the key of another service is refused', async () => {
    expect(await bearer(made({ by: 'session-recorder' }))).toBe(refused)
    expect(await bearer(made({ by: 'merkle-builder' }))).toBe(refused)
  })

  test('made for another service is refused', async () => {
    expect(await bearer(tokenOf('session-orchestrator', 'session-encryptor'))).toBe(refused)
  })

  test('without a signature (alg none) is refused', async () => {
    for (const alg of ['none', 'None', 'NONE'])
      expect(await bearer(`${part({ alg, typ: 'JWT' })}.${part(claims)}.`)).toBe(refused)
  })

  test('signed by HMAC with the public key as its secret is refused', async () => {
    const publicKey = peers['session-orchestrator'] ?? ''
    for (const secret of [fromHex(publicKey), new TextEncoder().encode(publicKey)]) {
      const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret)
      expect(await bearer(token)).toBe(refused)
    }
  })

  test('that brings its own key is refused', async () => {
    const jwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      x: Buffer.from(fromHex(peers['session-recorder'] ?? '')).toString('base64url'),
    }
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', jwk })
      .sign(await privateKey('session-recorder'))
    expect(await bearer(token)).toBe(refused)
  })

  test('of an unknown identity is refused, names of Object included', async () => {
    for (const iss of ['stranger', '', 'constructor', '__proto__', 'toString'])
      expect([iss, await bearer(made({ iss }))]).toEqual([iss, refused])
  })

  test('of a service that the catalogue does not list as needing this one is forbidden', async () => {
    expect(await bearer(tokenOf('session-recorder'))).toBe('forbidden caller-not-listed')
    expect(await bearer(tokenOf('merkle-builder'))).toBe('forbidden caller-not-listed')
  })

  test('works again and again until it ends, and not after', async () => {
    const token = await tokenOf('operator')
    expect([await bearer(token), await bearer(token), await bearer(token, 59)]).toEqual([
      'operator',
      'operator',
      'operator',
    ])
    expect([await bearer(token, 66), await bearer(token, 3600)]).toEqual([refused, refused])
  })

  test('survives clocks that differ by five seconds, in both directions, and not by more', async () => {
    const token = await tokenOf('operator')
    expect([await bearer(token, -5), await bearer(token, 64)]).toEqual(['operator', 'operator'])
    expect([await bearer(token, -6), await bearer(token, 65)]).toEqual([refused, refused])
  })

  test('that claims a long life lives no longer than the others', async () => {
    expect(await bearer(made({ exp: 86_400 }), 64)).toBe('session-orchestrator')
    expect(await bearer(made({ exp: 86_400 }), 66)).toBe(refused)
  })

  test('must say when it was made and when it ends', async () => {
    expect(await bearer(made({ iat: Number.NEGATIVE_INFINITY }))).toBe(refused)
    expect(await bearer(made({ exp: Number.POSITIVE_INFINITY }))).toBe(refused)
  })
})

describe('the signer', () => {
  test('makes a token of its own for every callee', async () => {
    const sign = signer({ name: 'operator', key: keys.operator, clocks: at(0) })
    expect(await sign('merkle-builder')).not.toBe(await sign('session-recorder'))
  })

  test('uses a token again, and makes the next before it ends', async () => {
    let seconds = 0
    const sign = signer({
      name: 'operator',
      key: keys.operator,
      clocks: { now: () => at(seconds).now(), steady: () => seconds * 1000 },
    })
    const first = await sign(callee)
    seconds = 44
    expect(await sign(callee)).toBe(first)
    seconds = 45
    const next = await sign(callee)
    expect(next).not.toBe(first)
    expect(await bearer(next, 100)).toBe('operator')
  })
})

describe('a clock that is set while services run', () => {
  /** Two services on one machine, whose clock stands still but for `pass` and `set` (seconds). */
  const machine = () => {
    let passed = 0
    let offset = NOW
    const clocks = { now: () => offset + passed, steady: () => passed }
    const guard = verifier({ callee, callers: callersOf(callee), peers, clocks })
    const lookAt = async (token: string): Promise<string> => {
      const request = new Request('http://localhost/', { headers: { authorization: `Bearer ${token}` } })
      return guard(request).then(
        ({ caller }) => caller,
        (error) => (isFault(error) ? error.code : String(error)),
      )
    }
    return {
      sign: signer({ name: 'operator', key: keys.operator, clocks }),
      lookAt,
      pass: (seconds: number) => {
        passed += seconds * 1000
      },
      set: (seconds: number) => {
        offset += seconds * 1000
      },
    }
  }
  const steps = [-31_536_000, -600, -46, -6, 6, 46, 600, 31_536_000]

  test.each(steps)('by %i s fails no call after it', async (step) => {
    const { sign, lookAt, pass, set } = machine()
    expect(await lookAt(await sign(callee))).toBe('operator')
    pass(10)
    set(step)
    for (let second = 0; second < 200; second += 1) {
      expect([second, await lookAt(await sign(callee))]).toEqual([second, 'operator'])
      pass(1)
    }
  })

  test.each(steps)('by %i s fails no call that is under way', async (step) => {
    const { sign, lookAt, pass, set } = machine()
    const token = await sign(callee)
    pass(1)
    set(step)
    expect(await lookAt(token)).toBe('operator')
    set(-2 * step)
    expect(await lookAt(token)).toBe('operator')
  })

  test('finds a token that was accepted before ended, cut or changed like any other', async () => {
    const { sign, lookAt, pass } = machine()
    const token = await sign(callee)
    const changed = token.replace(/.(?=.$)/, (letter) => (letter === 'A' ? 'B' : 'A'))
    for (let time = 0; time < 3; time++) expect(await lookAt(token)).toBe('operator')
    for (const other of [changed, token.slice(0, -1), `${token}A`])
      expect(await lookAt(other)).toBe('bad-service-token')
    pass(64)
    expect(await lookAt(token)).toBe('operator')
    pass(1)
    expect(await lookAt(token)).toBe('bad-service-token')
  })

  test('makes no token live longer, by more than the clock was set back', async () => {
    const { sign, lookAt, pass, set } = machine()
    const token = await sign(callee)
    set(600)
    expect(await lookAt(token)).toBe('operator')
    pass(66)
    expect(await lookAt(token)).toBe('bad-service-token')
    pass(3600)
    expect(await lookAt(token)).toBe('bad-service-token')
  })
})

test('the callers of a service are those that the catalogue lists as needing it', () => {
  expect(callersOf('blockchain-vm')).toEqual(['blockchain-ledger', 'blockchain-api', 'operator'])
  expect(callersOf('merkle-builder')).toEqual(['api-server', 'session-orchestrator', 'operator'])
  for (const name of Object.keys(catalog) as ServiceName[])
    for (const need of catalog[name].needs) expect(callersOf(need)).toContain(name)
})
