import { CliError } from '../../cli/fail.ts'
import type { Lease } from '../../host/lease.ts'
import type { ScriptResult } from '../../host/script.ts'

const ENGINE_MS = 600_000

const lastWords = ({ err, out }: ScriptResult): readonly string[] =>
  (err.trim() || out.trim()).split('\n').filter(Boolean).slice(-8)

/** Changes something on a host. Throws CliError with `what` and the last words of the script, which are often Compose's. */
export const change = async (lease: Lease, what: string, script: string): Promise<void> => {
  const result = await lease.run(script, { timeoutMs: ENGINE_MS })
  if (result.code !== 0)
    throw new CliError(`${what}: ${lastWords(result).at(-1) ?? `exit code ${result.code}`}`, {
      details: lastWords(result),
    })
}
