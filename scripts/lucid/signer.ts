import { EXIT_USAGE } from '#common/cli/read-command'
import { EXIT_NO_PERMISSION } from '#common/cli/sysexits'
import { type Print, text } from '#common/cli/text'
import { isOwner } from '#common/evidence/owner'
import { signTronMessage, verifyTronMessage } from '#common/evidence/tron-message'
import { CliError } from '../cli/fail.ts'
import { askLine } from './ask.ts'
import { keyFileFrom } from './flags.ts'
import { readSealedKey } from './own-key.ts'
import { readPassphrase } from './passphrase.ts'
import { openTronKey } from './tron-key.ts'

/** Somebody who signs texts. `sign` answers r || s || v as hex with `0x`, v 27 or 28. */
export type Signer = { readonly address: string; readonly sign: (message: string) => Promise<string> }

/** Throws CliError unless it is a TRON address. */
export const requireAddress = (address: string | undefined): string => {
  if (address !== undefined && isOwner(address)) return address
  throw new CliError(`'${address}' is not a TRON address (34 characters that start with T, with a right checksum)`, {
    exitCode: EXIT_USAGE,
  })
}

/** Wallets write v as 27 and 28, a Ledger as 0 and 1. */
const normalize = (signature: string): string => {
  const hex = signature.replace(/^0x/, '').toLowerCase()
  const v = Number.parseInt(hex.slice(128), 16)
  return `0x${hex.slice(0, 128)}${(v < 2 ? v + 27 : v).toString(16)}`
}

/** A wallet that this machine does not reach, as of TronLink, a Ledger or a Trezor: the text is shown, a person brings its signature. */
export const walletSigner = (address: string, err: Print): Signer => ({
  address,
  sign: async (message) => {
    const lead = `sign this text as a message (signMessageV2) in the wallet of ${address}, after reading it:`
    err(text([lead, '', ...message.split('\n'), '']))
    const signature = await askLine('Signature (hex): ', err)
    if (verifyTronMessage({ address, message, signature })) return normalize(signature)
    throw new CliError(
      `this is no signature of ${address} over that text: sign all its lines, with no line break behind`,
      { exitCode: EXIT_NO_PERMISSION },
    )
  },
})

/** Whoever the flags name: a wallet, or a key file, opened with its passphrase when there is something to sign. */
export const openSigner = (
  flags: { readonly [F in 'as' | 'key' | 'address' | 'passphrase-file']: string | undefined },
  err: Print,
): Signer => {
  if (flags.address !== undefined) return walletSigner(requireAddress(flags.address), err)
  const key = readSealedKey(keyFileFrom(flags))
  return {
    address: key.address,
    sign: async (message) => {
      const passphrase = await readPassphrase({ file: flags['passphrase-file'], err })
      return signTronMessage(message, await openTronKey(key, passphrase))
    },
  }
}
