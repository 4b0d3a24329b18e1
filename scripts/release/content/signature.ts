import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readImagesLock } from '../../images/layout/digests-lock.ts'
import { SIGNATURE_FILE, signatureFault } from '../../images/layout/signature.ts'

/** Whose signature the images carry, and why it does not count; undefined when it does. */
export type Signed = { readonly signer: string; readonly fault: string | undefined }

const NOBODY = '0'.repeat(64)

const claimedBy = (file: Uint8Array): string => {
  try {
    // Only to say who claims it; whether it holds is signatureFault's to say.
    const { public_key } = JSON.parse(new TextDecoder().decode(file)) as { readonly public_key?: unknown }
    return typeof public_key === 'string' && /^[0-9a-f]{64}$/.test(public_key) ? public_key : NOBODY
  } catch {
    return NOBODY
  }
}

/** Checks the signature of the images' lock by `trusted`; without one its own key is taken, and kept from then on. */
export const checkSignature = (dist: string, trusted: string | undefined): Signed => {
  const path = join(dist, SIGNATURE_FILE)
  if (!existsSync(path)) return { signer: NOBODY, fault: 'the images are not signed' }
  const file = readFileSync(path)
  const signer = trusted ?? claimedBy(file)
  return { signer, fault: signatureFault(readImagesLock(dist).bytes, file, signer) }
}
