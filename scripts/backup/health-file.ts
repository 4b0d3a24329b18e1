import { backupLayout } from '../host/backup-layout.ts'
import type { Lease } from '../host/lease.ts'
import { quote } from '../host/quote.ts'
import { requireSuccess } from '../host/shell.ts'

/** How the last run went. `at` (epoch ms) is when the last good one was, also after one that failed. */
export type Outcome = { readonly ok: boolean; readonly at?: number } & Readonly<Record<string, unknown>>

const earlier = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const { at, id } = JSON.parse(text) as { at?: unknown; id?: unknown }
    return { ...(typeof at === 'number' && { at }), ...(typeof id === 'string' && { id }) }
  } catch {
    return {}
  }
}

/** Writes DIR/health/backup.json or drill.json, which the health check judges by age. */
export const writeHealth = async (lease: Lease, what: 'backup' | 'drill', outcome: Outcome): Promise<void> => {
  const places = backupLayout(lease.dir)
  const path = what === 'backup' ? places.backupReport : places.drillReport
  const { out } = await lease.run(`cat ${quote(path)} 2>/dev/null || :`)
  const value = outcome.ok ? outcome : { ...earlier(out), ...outcome }
  const folder = path.slice(0, path.lastIndexOf('/'))
  await requireSuccess(
    path,
    lease.run(
      [
        `mkdir -p ${quote(folder)}`,
        `printf '%s\\n' ${quote(JSON.stringify(value))} > ${quote(`${path}.new`)}`,
        `chmod 644 ${quote(`${path}.new`)} && mv -f ${quote(`${path}.new`)} ${quote(path)}`,
      ].join('\n'),
    ),
  )
}
