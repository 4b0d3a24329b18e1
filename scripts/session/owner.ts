import { isOwner } from '#common/evidence/owner'
import { type OwnerGrant, signGrant } from '#common/evidence/owner-grant'
import { deriveOwner } from '#common/evidence/tron-message'
import { fromHex } from '#common/stream/bytes'
import { CliError } from '../cli/fail.ts'
import type { Home } from '../platform/home.ts'
import { ownerKey } from '../platform/session-client.ts'

/** The TRON address of the operator's own owner key. */
export const defaultOwner = (home: Home): string => deriveOwner(fromHex(ownerKey(home).reveal(), 32))

/** The given owner if it is a TRON address, else the operator's own. Throws CliError. */
export const chooseOwner = (home: Home, address: string | undefined): string => {
  if (address === undefined) return defaultOwner(home)
  if (isOwner(address)) return address
  throw new CliError(`${address} is not a TRON address (34 characters that start with T, with a right checksum)`)
}

/** How long a grant of the command line lasts, ms. */
const LIFETIME = 5 * 60 * 1000

/** The owner's signed leave to hand out a session key, made with the owner's secret key (hex). */
export const makeGrant = (session: string, keyHex: string, now: number): OwnerGrant => {
  const expires = now + LIFETIME
  return { expires, signature: signGrant({ session, expires }, fromHex(keyHex, 32)).toHex() }
}
