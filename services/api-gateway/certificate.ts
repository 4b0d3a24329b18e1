import { createPrivateKey, X509Certificate as Parsed } from 'node:crypto'
import 'reflect-metadata' // before those that ask for it
import { p256 } from '@noble/curves/nist.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** An authority of one host's own: its certificate is for people to trust, its key never leaves this process. */
export type Authority = { readonly certificate: X509Certificate; readonly key: CryptoKey }

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const PURPOSE = new TextEncoder().encode('lucid tls authority')
const DAY = 86_400_000

/** Below the 398 days that browsers take. */
const LEAF_DAYS = 90

/** The same for ever: whoever trusts the authority goes on to do so, whichever process made its certificate. */
const AUTHORITY_LIFE = { notBefore: new Date('2026-01-01'), notAfter: new Date('2056-01-01') } as const

/**
 * The authority that follows from a secret of 32 bytes: the same name and key each time, so nothing but the secret is
 * stored. P-256 (FIPS 186-5), as browsers take no other curve everywhere; its scalar is drawn as RFC 9380 section 5.2 does.
 */
export const makeAuthority = async (secret: Uint8Array): Promise<Authority> => {
  const scalar = p256.utils.randomSecretKey(hkdf(sha256, secret, undefined, PURPOSE, 48))
  const point = p256.getPublicKey(scalar, false)
  const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: base64url(point.subarray(1, 33)), y: base64url(point.subarray(33)) }
  const publicKey = await crypto.subtle.importKey('jwk', jwk, algorithm, true, ['verify'])
  const key = await crypto.subtle.importKey('jwk', { ...jwk, d: base64url(scalar) }, algorithm, false, ['sign'])
  const id = sha256(point).subarray(0, 8).toHex()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...AUTHORITY_LIFE,
    serialNumber: `40${id}`,
    name: `CN=Lucid host ${id}`,
    keys: { publicKey, privateKey: key },
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  })
  return { certificate, key }
}

/** A certificate for host names and addresses, from a day before `now` (epoch ms), and its key: PEM in one text. */
export const issueCertificate = async (
  { certificate, key }: Authority,
  { names, now }: { readonly names: readonly string[]; readonly now: number },
): Promise<string> => {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const leaf = await X509CertificateGenerator.create({
    subject: 'CN=Lucid',
    issuer: certificate.subject,
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + LEAF_DAYS * DAY),
    publicKey: keys.publicKey,
    signingKey: key,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: /^[0-9.]+$|:/.test(value) ? 'ip' : 'dns', value })),
      ),
    ],
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return `${leaf.toString('pem')}\n-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`
}

/** A given certificate with its key in one text. Throws when one is missing, is none, or is not that of the other. */
export const joinCertificate = (certificate = '', key = ''): string => {
  let belongs = false
  try {
    belongs = new Parsed(certificate).checkPrivateKey(createPrivateKey(key))
  } catch (cause) {
    throw new Error('TLS_CERT and TLS_KEY: give both as PEM, or neither', { cause })
  }
  if (!belongs) throw new Error('TLS_KEY is not the key of TLS_CERT')
  return `${certificate}\n${key}\n`
}
