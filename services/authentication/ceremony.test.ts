import { expect, setDefaultTimeout, test } from 'bun:test'
import { faultOf } from '#common/testing/faults'
import { derived } from '#common/testing/sample-session'
import { ceremonies } from './ceremony.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(60_000)

const at = (rpId: string, origin: string) =>
  ceremonies({
    ...{ key: derived(1, 'challenge'), cluster: 'test', now: () => 1_800_000_000_000 },
    ...{ random: (size) => new Uint8Array(size), rpId, origins: [origin] },
  })

test('a passkey is asked for with its user verified, to be found without a name, and by no attestation', async () => {
  const known = { id: 'AQID', address: 'TA', name: '', public_key: '', counter: 0, created_at: 0 }
  const { challenge, user, ...options } = await at('localhost', 'http://localhost').registrationOptions('TA', [known])
  expect(options).toMatchObject({
    rp: { name: 'Lucid', id: 'localhost' },
    attestation: 'none',
    excludeCredentials: [{ id: 'AQID', type: 'public-key' }],
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
  expect([user.name, challenge.length]).toEqual(['TA', 51])
  const signIn = await at('localhost', 'http://localhost').authenticationOptions()
  expect(signIn).toMatchObject({ rpId: 'localhost', userVerification: 'required' })
  expect(signIn.allowCredentials).toBeUndefined()
})

test.each([
  ['localhost', 'http://localhost:8080', true],
  ['lucid.example', 'https://lucid.example', true],
  ['lucid.example', 'http://lucid.example', false],
  ['192.168.1.4', 'https://192.168.1.4', false],
  ['abcdef.onion', 'https://abcdef.onion', false],
] as const)('%s at %s has passkeys: %p', async (rpId, origin, has) => {
  const result = await faultOf(() => at(rpId, origin).authenticationOptions())
  if (has) expect(result).toBe('no fault')
  else expect(result).toMatchObject({ code: 'no-passkeys-here' })
})
