import { Type } from '@sinclair/typebox'
import { CliError } from '../cli/fail.ts'
import type { Endpoint } from './endpoint.ts'
import { ask, requireShape } from './sign-in.ts'
import type { Signer } from './signer.ts'

const Challenge = Type.Object({ nonce: Type.String(), message: Type.String() })

/** A fresh nonce of the platform, and the signature over its text. */
export type Answer = { readonly nonce: string; readonly signature: string }

/**
 * Signs a challenge of the platform for this purpose: `sign in`, or `METHOD /path`. Throws CliError when the text says
 * anything else: nothing is signed unread.
 */
export const answerChallenge = async (
  endpoint: Endpoint,
  { address, sign }: Signer,
  purpose: string,
): Promise<Answer> => {
  const body = { address, ...(purpose !== SIGN_IN && { purpose }) }
  const { nonce, message } = requireShape(
    Challenge,
    await ask(endpoint, 'POST', '/auth/challenge', body),
    'a challenge',
  )
  const lines = message.split('\n')
  const isMeant =
    /^Lucid \S+ asks you to sign\.$/.test(lines[0] ?? '') &&
    lines[1] === `For: ${purpose}` &&
    lines[2] === `As: ${address}` &&
    lines.at(-1) === `Nonce: ${nonce}` &&
    lines.length === 5
  if (!isMeant) {
    const what = purpose === SIGN_IN ? 'sign-in' : `consent to ${purpose}`
    throw new CliError(`what the platform wants to have signed is no ${what}: nothing was signed`)
  }
  return { nonce, signature: await sign(message) }
}

/** The purpose of a challenge that signs somebody in. */
export const SIGN_IN = 'sign in'
