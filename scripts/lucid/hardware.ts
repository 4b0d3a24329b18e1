import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { EXIT_NO_PERMISSION } from '#common/cli/sysexits'
import type { Print } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { askLine } from './ask.ts'
import { answerChallenge } from './challenge.ts'
import type { Endpoint } from './endpoint.ts'
import { requireAddress, walletSigner } from './signer.ts'

/** What is answered to a dangerous action that no hardware key has signed. */
const Demand = Type.Object({
  code: Type.Literal('hardware-signature-required'),
  purpose: Type.String(),
  hardware_keys: Type.Array(Type.String()),
})

/** A service names an action by its own path, which is below another prefix than the one that was asked. */
const actionOf = (method: string, path: string) => `${method} ${path.replace(/^\/(?:auth|api\/v1)\//, '/')}`

/**
 * Where an answer demands a hardware key's signature for what was asked: has it made, and answers the value of
 * X-Hardware-Key-Signature. Throws CliError when what is to be signed is another action.
 */
export const proveByHardware = async (
  request: Request,
  reply: Response,
  { endpoint, err }: { readonly endpoint: Endpoint; readonly err: Print },
): Promise<string | undefined> => {
  const demand: unknown =
    reply.status === 403
      ? await reply
          .clone()
          .json()
          .catch(() => undefined)
      : undefined
  if (!Value.Check(Demand, demand)) return undefined
  const { purpose, hardware_keys: keys } = demand
  const [method = '', path = ''] = purpose.split(' ')
  if (actionOf(method, path) !== actionOf(request.method, new URL(request.url).pathname))
    throw new CliError(`the platform wants ${purpose} to be signed, which nobody asked for: nothing was signed`)
  const [first] = keys
  if (first === undefined)
    throw new CliError('this needs a signature of a hardware key: bun run lucid hardware add ADDRESS enrols yours', {
      exitCode: EXIT_NO_PERMISSION,
    })
  const address = keys.length > 1 ? await askLine(`Which hardware key (${keys.join(', ')})? `, err) : first
  const { nonce, signature } = await answerChallenge(endpoint, walletSigner(requireAddress(address), err), purpose)
  return `${nonce}.${signature}`
}
