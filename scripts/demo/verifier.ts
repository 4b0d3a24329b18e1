import { join } from 'node:path'
import type { Check } from '#common/evidence/check'
import { CliError } from '../cli/fail.ts'
import type { VerifierResult } from './attempts.ts'

const VERIFY = join(import.meta.dir, '..', 'session', 'verify.ts')

/** Runs `verify` as its users do, in a process of its own. Throws CliError when it gives no verdict. */
export const runVerifier = async ({
  bundle,
  trust,
  decrypt,
  signal,
}: {
  readonly bundle: string
  readonly trust: string | undefined
  readonly decrypt?: string
  readonly signal: AbortSignal
}): Promise<VerifierResult> => {
  const child = Bun.spawn(
    [
      process.execPath,
      VERIFY,
      bundle,
      '--json',
      ...(trust === undefined ? [] : ['--trust', trust]),
      ...(decrypt === undefined ? [] : ['--decrypt', decrypt]),
    ],
    { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', signal },
  )
  const [out, err, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  try {
    const { checks }: { readonly checks: readonly Check[] } = JSON.parse(out)
    return { exit, checks }
  } catch (cause) {
    throw new CliError(`the verifier gave no verdict: ${err.trim() || `exit ${exit}`}`, { cause })
  }
}
