import { CliError } from '../../cli/fail.ts'
import type { ScriptResult } from '../../host/script.ts'
import { hostFault } from './faults.ts'

/** Why an engine could not pull, and what a person can do about it. Data; the first row that fits counts. */

type Row = { readonly says: RegExp; readonly fault: (host: string, reference: string) => string }

/** The registry of a reference as `docker login` takes it; empty for the engine's own default. */
const registryOf = (reference: string): string => {
  const [first = '', ...rest] = reference.split('/')
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : ''
}

const rows: readonly Row[] = [
  {
    says: /toomanyrequests|rate limit/i,
    fault: (_, reference) =>
      `the registry gives no more of ${reference} for now (its rate limit): wait, log in there, or use --registry-less`,
  },
  {
    says: /manifest unknown|manifest for .* not found|not found: manifest|: not found/i,
    fault: (_, reference) =>
      `the registry has no ${reference}: push it (bun run build-distroless --push), or use --registry-less`,
  },
  {
    says: /unauthorized|access denied|authentication required|no basic auth|forbidden|denied: /i,
    fault: (host, reference) =>
      `${host} may not pull ${reference}: docker login ${registryOf(reference)} there, or use --registry-less`.replace(
        '  ',
        ' ',
      ),
  },
  {
    says: /server gave HTTP response to HTTPS client/i,
    fault: (host, reference) =>
      `${registryOf(reference)} speaks plain HTTP, which the engine of ${host} takes from no other machine: give it TLS, or use --registry-less`,
  },
  {
    says: /x509|certificate/i,
    fault: (host, reference) =>
      `the engine of ${host} does not trust the certificate of ${registryOf(reference)}: put its authority into /etc/docker/certs.d there, or use --registry-less`,
  },
  {
    says: /no such host|connection refused|i\/o timeout|timeout exceeded|deadline exceeded|network is unreachable|no route to host|connection reset|unexpected EOF|dial tcp/i,
    fault: (host, reference) =>
      `${host} cannot reach the registry of ${reference}: mend its network and run the same command again, or use --registry-less`,
  },
]

/** What is wrong when `docker pull` of a reference failed. What is no matter of the registry is the host's own fault. */
export const pullFault = (
  host: string,
  reference: string,
  answer: ScriptResult,
  { dir = '/' }: { readonly dir?: string } = {},
): CliError => {
  const details = answer.err.trim().split('\n').filter(Boolean).slice(-5)
  const row = rows.find(({ says }) => says.test(answer.err))
  return row === undefined
    ? hostFault(host, `docker pull ${reference}`, answer, { dir })
    : new CliError(row.fault(host, reference), { details })
}
