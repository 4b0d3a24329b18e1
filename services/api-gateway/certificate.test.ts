import { expect, test } from 'bun:test'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { issueCertificate, joinCertificate, makeAuthority } from './certificate.ts'

const secret = new Uint8Array(32).fill(7)
const now = Date.parse('2026-12-01T00:00:00Z')
const names = ['localhost', '192.168.1.7', '::1', 'lucid.example']

test('the authority of a secret has the same name and key each time, that of another has others', async () => {
  const [one, again, other] = await Promise.all(
    [secret, secret, new Uint8Array(32).fill(8)].map(async (bytes) => (await makeAuthority(bytes)).certificate),
  )
  expect(one?.subject).toBe('CN=Lucid host 973930faf8cb5003')
  expect(again?.subject).toBe(one?.subject ?? '')
  expect(again?.publicKey.toString('pem')).toBe(one?.publicKey.toString('pem') ?? '')
  expect(other?.subject).not.toBe(one?.subject ?? '')
  expect(other?.publicKey.toString('pem')).not.toBe(one?.publicKey.toString('pem') ?? '')
})

test('a certificate is for its names alone, for a server, signed by the authority, for 90 days, with its key', async () => {
  const authority = await makeAuthority(secret)
  const pem = await issueCertificate(authority, { names, now })
  const leaf = new X509Certificate(pem)
  const root = new X509Certificate(authority.certificate.toString('pem'))
  expect([leaf.verify(root.publicKey), leaf.checkIssued(root), leaf.ca, root.ca]).toEqual([true, true, false, true])
  expect(leaf.checkPrivateKey(createPrivateKey(pem))).toBe(true)
  expect([leaf.checkIP('192.168.1.7'), leaf.checkIP('::1'), leaf.checkHost('lucid.example')]).toEqual([
    '192.168.1.7',
    '::1',
    'lucid.example',
  ])
  expect(leaf.checkHost('evil.example')).toBeUndefined()
  expect((leaf.validToDate.getTime() - now) / 86_400_000).toBe(90)
  expect(leaf.validFromDate.getTime()).toBeLessThan(now)
  // Who trusted the authority of an earlier start trusts what that of a later one signs.
  const later = await issueCertificate(await makeAuthority(secret), { names, now: now + 1 })
  expect(new X509Certificate(later).verify(root.publicKey)).toBe(true)
})

test('a given certificate is taken with its own key alone', async () => {
  const authority = await makeAuthority(secret)
  const issue = async () => {
    const pem = await issueCertificate(authority, { names, now })
    const at = pem.indexOf('-----BEGIN PRIVATE KEY')
    return [pem.slice(0, at), pem.slice(at)] as const
  }
  const [[cert, key], [, otherKey]] = await Promise.all([issue(), issue()])
  expect(joinCertificate(cert, key)).toBe(`${cert}\n${key}\n`)
  expect(() => joinCertificate(cert, otherKey)).toThrow('TLS_KEY is not the key of TLS_CERT')
  for (const [one, two] of [
    [cert, undefined],
    [undefined, key],
    ['-----BEGIN CERTIFICATE-----\nbroken\n', key],
    [cert, '-----BEGIN PRIVATE KEY-----\nbroken\n'],
  ] as const)
    expect(() => joinCertificate(one, two)).toThrow('TLS_CERT and TLS_KEY: give both as PEM, or neither')
})
