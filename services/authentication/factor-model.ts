import { t } from 'elysia'
import { Natural, TronAddress } from '#common/evidence/fields'
import { Nonce, Purpose, Signature, Totp } from './model.ts'

const Name = t.String({ minLength: 1, maxLength: 64, description: 'what its owner calls it' })
const Device = t.String({ maxLength: 64, description: 'what the person calls this device' })
const Base64Url = t.String({ pattern: '^[A-Za-z0-9_-]+$', maxLength: 16_384 })

export const TotpBody = t.Object({ totp: Totp })
export const TotpSecret = t.Object({ secret: t.String(), uri: t.String() })
export const RecoveryCodes = t.Object({ recovery_codes: t.Array(t.String()) })

/** RFC 5321 addresses as people have them: no quotes, no comments, nothing that could end a header line. */
export const Email = t.String({
  pattern: "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$",
  maxLength: 254,
  description: 'e-mail address',
})
export const EmailBody = t.Object({ email: t.Union([Email, t.Null()]) })
export const MagicBody = t.Object({ email: Email })
export const MagicVerifyBody = t.Object({
  token: t.String({ pattern: '^[A-Za-z0-9_-]{43}$', description: 'of the link' }),
  totp: t.Optional(Totp),
  device: t.Optional(Device),
})

/** What browsers add to a credential; nothing here depends on it. */
const Additions = {
  authenticatorAttachment: t.Optional(t.Union([t.String({ maxLength: 32 }), t.Null()])),
  clientExtensionResults: t.Optional(t.Object({}, { additionalProperties: true })),
}
const CredentialId = t.String({ pattern: '^[A-Za-z0-9_-]{1,1366}$', description: 'credential id, base64url' })
const Credential = { id: CredentialId, rawId: CredentialId, type: t.Literal('public-key'), ...Additions }

/** `PublicKeyCredential.toJSON()` of navigator.credentials.create (WebAuthn level 3, 5.1). */
export const Attestation = t.Object({
  ...Credential,
  response: t.Object({
    clientDataJSON: Base64Url,
    attestationObject: Base64Url,
    authenticatorData: t.Optional(Base64Url),
    transports: t.Optional(t.Array(t.String({ maxLength: 32 }), { maxItems: 16 })),
    publicKey: t.Optional(t.Union([Base64Url, t.Null()])),
    publicKeyAlgorithm: t.Optional(t.Integer()),
  }),
})
export type Attestation = typeof Attestation.static

/** The same of navigator.credentials.get. */
export const Assertion = t.Object({
  ...Credential,
  response: t.Object({
    clientDataJSON: Base64Url,
    authenticatorData: Base64Url,
    signature: Base64Url,
    userHandle: t.Optional(t.Union([Base64Url, t.Null()])),
  }),
})
export type Assertion = typeof Assertion.static

/** Options of navigator.credentials, for parseCreationOptionsFromJSON and parseRequestOptionsFromJSON. */
export const CredentialOptions = t.Object({ challenge: t.String() }, { additionalProperties: true })
export const PasskeyBody = t.Object({ name: Name, credential: Attestation })
export const PasskeyVerifyBody = t.Object({ credential: Assertion, device: t.Optional(Device) })
export const PasskeyParams = t.Object({ id: CredentialId })
export const Passkey = t.Object({ id: t.String(), name: t.String(), created_at: Natural, used_at: t.Optional(Natural) })

export const HardwareKeyBody = t.Object({ address: TronAddress, nonce: Nonce, signature: Signature, name: Name })
export type HardwareKeyBody = typeof HardwareKeyBody.static
export const HardwareKeyParams = t.Object({ address: TronAddress })
export const HardwareKey = t.Object({ address: TronAddress, name: t.String(), created_at: Natural })
export const HardwareCheckBody = t.Object({
  purpose: Purpose,
  proof: t.Optional(t.String({ maxLength: 256, description: 'the header X-Hardware-Key-Signature as it came' })),
})

export const Factors = t.Object({
  totp: t.Boolean(),
  recovery_codes: Natural,
  email: t.Optional(t.String()),
  passkeys: t.Array(Passkey),
  hardware_keys: t.Array(HardwareKey),
})
