import { CliError } from '../../cli/fail.ts'
import { live } from '../../cli/run.ts'

/** What npm's registry says of one version. */
export type Published = { readonly integrity: string; readonly tarball: string }

/** Asks about `name@version`. Throws CliError when the client gives no answer. */
export type Ask = (name: string, version: string) => Promise<Published>

/** By Bun's own client, so that registry, scopes and proxies are those of this machine's configuration. */
export const askBun =
  (cwd: string): Ask =>
  async (name, version) => {
    const argv = [process.execPath, 'pm', 'view', `${name}@${version}`, 'dist', '--json'] as const
    const { out, err, code } = await live(argv, { cwd })
    const fail = (why: string): never => {
      throw new CliError(`npm's ${name}@${version} cannot be looked up with bun pm view: ${why}`)
    }
    if (code !== 0) return fail(err.trim() || `exit code ${code}`)
    try {
      const { integrity, tarball } = JSON.parse(out) as Partial<Published>
      return integrity && tarball ? { integrity, tarball } : fail('it has no integrity or no tarball')
    } catch (error) {
      if (error instanceof CliError) throw error
      return fail('the answer is no JSON')
    }
  }
