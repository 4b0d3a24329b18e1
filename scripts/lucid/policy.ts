import { Value } from '@sinclair/typebox/value'
import { EXIT_CANNOT_CREATE, EXIT_NO_INPUT } from '#common/cli/sysexits'
import { jsonText, type Print, text } from '#common/cli/text'
import { policyMessage, SignedPolicy } from '#common/policy/signature'
import { policyBytes, readPolicy } from '#common/policy/snapshot'
import { describePolicy } from '#common/policy/words'
import { CliError } from '../cli/fail.ts'
import { createFile } from '../platform/files.ts'
import { entry } from './entry.ts'
import { keyFlags } from './flags.ts'
import { type PolicyFlags, policyFlags, policyFromFlags } from './policy-flags.ts'
import { openSigner } from './signer.ts'

/** Builds the policy that the flags describe, shows what it allows, and signs it with the owner's key. */
export const signPolicy = async (
  flags: PolicyFlags & Parameters<typeof openSigner>[0],
  err: Print,
): Promise<SignedPolicy> => {
  const nonce = crypto.getRandomValues(new Uint8Array(32)).toHex()
  const { address: owner, sign } = openSigner(flags, err)
  const snapshot = readPolicy(policyBytes(policyFromFlags(flags, { owner, nonce, now: Date.now() })))
  err(text(['you sign this policy:', ...describePolicy(snapshot).map((line) => `  ${line}`)]))
  return { snapshot, signature: await sign(policyMessage(snapshot)) }
}

/** A signed policy that `lucid policy new` wrote. Throws CliError when it is none. */
export const readSignedPolicy = async (path: string): Promise<SignedPolicy> => {
  const value: unknown = await Bun.file(path)
    .json()
    .catch(() => undefined)
  if (Value.Check(SignedPolicy, value)) return value
  throw new CliError(`${path} is no signed policy: bun run lucid policy new writes one`, { exitCode: EXIT_NO_INPUT })
}

const policyNew = entry(
  {
    name: 'lucid policy new',
    about: 'signs a policy for your sessions: what may pass, who may join, who approves; all else is denied',
    flags: {
      ...policyFlags,
      ...keyFlags,
      out: { type: 'string', value: 'FILE', about: 'where to keep it (default: printed)' },
    },
    examples: [
      'bun run lucid policy new --on-request clipboard --approver T... --out policy.json',
      'bun run lucid policy new --allow input --allow files:out --participant T... --days 7',
    ],
    exits: { 66: 'there is no such key', 73: 'the file exists already or cannot be made' },
  },
  async ({ flags, terminal: { out, err } }) => {
    const signed = await signPolicy(flags, err)
    if (flags.out === undefined) out(jsonText(signed))
    else if (!createFile(flags.out, `${JSON.stringify(signed)}\n`))
      throw new CliError(`${flags.out} exists already: name another file`, { exitCode: EXIT_CANNOT_CREATE })
    else err(`kept in ${flags.out}: bun run lucid session start --policy ${flags.out}\n`)
    return 0
  },
)

export const policyCommands = [policyNew]
