import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { live, type Run } from '../../cli/run.ts'

/** A vulnerability that a scanner knows of in an SBOM. */
export type Vulnerability = {
  readonly id: string
  readonly component: string
  readonly severity: string
  /** The version that mends it; '' when there is none yet. */
  readonly fixed: string
}

/** A scanner with its database, or why there is no answer. */
export type Scanner =
  | { readonly scan: (sbom: string) => Promise<readonly Vulnerability[]> }
  | { readonly notRun: string }

type TrivyReport = {
  readonly Results?: readonly {
    readonly Vulnerabilities?: readonly {
      readonly VulnerabilityID?: string
      readonly PkgName?: string
      readonly Severity?: string
      readonly FixedVersion?: string
    }[]
  }[]
}

/** What Trivy's JSON says. Throws when it is no report: nothing found and nothing read are not the same. */
export const readTrivy = (text: string): readonly Vulnerability[] => {
  const report = JSON.parse(text) as TrivyReport
  if (!Array.isArray(report.Results)) throw new Error('Trivy looked at nothing: its report has no results')
  return report.Results.flatMap(({ Vulnerabilities = [] }) =>
    Vulnerabilities.map(({ VulnerabilityID = '?', PkgName = '?', Severity = 'UNKNOWN', FixedVersion = '' }) => ({
      id: VulnerabilityID,
      component: PkgName,
      severity: Severity,
      fixed: FixedVersion,
    })),
  )
}

const SERIOUS: ReadonlySet<string> = new Set(['HIGH', 'CRITICAL'])

/** Those that keep an image back: serious, and mended by a newer version. */
export const blocking = (found: readonly Vulnerability[]): readonly string[] =>
  found
    .filter(({ severity, fixed }) => SERIOUS.has(severity) && fixed !== '')
    .map(({ id, component, severity, fixed }) => `${id} (${severity}) in ${component}, mended in ${fixed}`)

/** Trivy with the database on this machine. Nothing is downloaded; without a database a scan means nothing. */
export const findScanner = (
  env: Readonly<Record<string, string | undefined>>,
  { which = Bun.which, run = live }: { readonly which?: (name: string) => string | null; readonly run?: Run } = {},
): Scanner => {
  const trivy = which('trivy')
  if (trivy === null) return { notRun: 'no vulnerability scanner (trivy is not in PATH)' }
  const cache = env['TRIVY_CACHE_DIR'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'trivy')
  if (!existsSync(join(cache, 'db', 'trivy.db')))
    return { notRun: `no vulnerability database (trivy has none in ${cache})` }
  return {
    scan: async (sbom) => {
      const { code, out, err } = await run([
        ...([trivy, 'sbom', '--cache-dir', cache] as const),
        ...['--skip-db-update', '--skip-java-db-update', '--offline-scan', '--quiet', '--format', 'json', sbom],
      ])
      if (code !== 0) throw new Error(`trivy failed: ${err.trim().split('\n').at(-1) ?? ''}`)
      return readTrivy(out)
    },
  }
}
