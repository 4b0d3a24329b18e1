import { Fault, isFault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import type { HardwareKeyBody } from './factor-model.ts'
import { factorTables, type HardwareKeyDoc } from './factor-store.ts'
import type { SignatureCheck } from './signature-check.ts'

const MOST_KEYS = 5
/** `NONCE.SIGNATURE` of the header X-Hardware-Key-Signature: a challenge for `METHOD /path`, signed by the device. */
const PROOF = /^([A-Za-z0-9_-]{51})\.((?:0x)?[0-9a-fA-F]{130})$/
/** What enrolling a key is signed for, by that key. */
const ENROL = 'POST /auth/hardware-keys'

export type HardwareKeyParts = {
  readonly store: Store
  readonly check: Pick<SignatureCheck, 'require' | 'use'>
  readonly now: () => number
  /** Whether a dangerous action needs a device always, or of those who have enrolled one. */
  readonly demand: 'enrolled' | 'always'
}

const describe = ({ address, name, created_at }: HardwareKeyDoc) => ({ address, name, created_at })

/**
 * Keys that an account holds on a hardware wallet. A dangerous action needs a fresh signature of one of them over that very
 * action, so a stolen access token, or a stolen key in software, is not enough.
 */
export const hardwareKeys = ({ store, check, now, demand }: HardwareKeyParts) => {
  const table = factorTables(store).hardwareKeys
  const find = (account: string) => table.find({ where: { account }, sort: [['id', 'asc']] })

  /** Lets an action (`METHOD /path`) of an account on. Throws Fault forbidden `hardware-signature-required`, unauthenticated. */
  const require = async (account: string, purpose: string, proof: string | null | undefined): Promise<void> => {
    const keys = await find(account)
    if (keys.length === 0 && demand === 'enrolled') return
    const extra = { purpose, hardware_keys: keys.map(({ address }) => address) }
    if (!proof)
      throw new Fault(
        'forbidden',
        'hardware-signature-required',
        'sign a challenge for this purpose with the hardware key, and send X-Hardware-Key-Signature: NONCE.SIGNATURE',
        { extra },
      )
    const [, nonce = '', signature = ''] = PROOF.exec(proof) ?? []
    for (const { address } of keys) {
      try {
        const expires = check.require({ address, nonce, signature, purpose })
        return await store.transaction((tx) => check.use(tx, nonce, expires))
      } catch (error) {
        if (!isFault(error) || error.code === 'nonce-used' || error.kind === 'unavailable') throw error
      }
    }
    throw new Fault(
      'forbidden',
      'hardware-signature-refused',
      'this is no signature of a hardware key of yours over a fresh challenge for this purpose',
      { extra },
    )
  }

  return {
    require,
    list: async (account: string) => (await find(account)).map(describe),
    /** Enrols a key by a challenge that it signed; a second one needs the first. Throws Fault conflict, unauthenticated. */
    enrol: async (account: string, { address, nonce, signature, name }: HardwareKeyBody, proof?: string) => {
      const known = await find(account)
      if (known.length >= MOST_KEYS)
        throw new Fault('conflict', 'too-many-hardware-keys', `an account has at most ${MOST_KEYS}: remove one`)
      if (known.length > 0) await require(account, ENROL, proof)
      const expires = check.require({ address, nonce, signature, purpose: ENROL })
      return store.transaction(async (tx) => {
        await check.use(tx, nonce, expires)
        const doc = { id: `${account}/${address}`, account, address, name, created_at: now() }
        return describe(await factorTables(tx).hardwareKeys.insert(doc))
      })
    },
    /** Takes one away, for a signature of one of them. Throws Fault missing `no-such-hardware-key`. */
    remove: async (account: string, address: string, proof?: string) => {
      await require(account, `DELETE /auth/hardware-keys/${address}`, proof)
      if (!(await table.remove(`${account}/${address}`)))
        throw new Fault('missing', 'no-such-hardware-key', 'this account has no hardware key of this address')
    },
  }
}

export type HardwareKeys = ReturnType<typeof hardwareKeys>
