import type { Flag } from '#common/cli/args'
import { configFrom } from './config.ts'
import { DEFAULT_NAME, requireName } from './own-key.ts'

export const jsonFlag = { json: { type: 'boolean', about: 'print one JSON document' } } as const satisfies Record<
  string,
  Flag
>

/** Which of the people of this machine it is. */
export const asFlag = {
  as: { type: 'string', value: 'NAME', about: `whose key and sign-in (LUCID_AS, default ${DEFAULT_NAME})` },
} as const satisfies Record<string, Flag>

/** A key file that is opened. */
export const fileFlags = {
  ...asFlag,
  key: { type: 'string', value: 'FILE', about: 'the key file, where it is not the one of that name' },
  'passphrase-file': { type: 'string', value: 'FILE', about: 'do not ask for the passphrase: it is in FILE' },
} as const satisfies Record<string, Flag>

/** Whoever signs: a key file, or a wallet of the person. */
export const keyFlags = {
  ...fileFlags,
  address: {
    type: 'string',
    value: 'ADDRESS',
    about: 'sign in a wallet, as of a Ledger, instead: the text is shown and its signature asked for',
  },
} as const satisfies Record<string, Flag>

/** The name that the flags and the environment mean. */
export const nameFrom = ({ as }: { readonly as: string | undefined }): string =>
  requireName(as ?? (process.env['LUCID_AS'] || DEFAULT_NAME))

/** The key file that they mean. */
export const keyFileFrom = (flags: { readonly as: string | undefined; readonly key: string | undefined }): string =>
  flags.key ?? configFrom(process.env).key(nameFrom(flags))
