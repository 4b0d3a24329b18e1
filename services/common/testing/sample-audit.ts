import { type AuditEntry, type AuditEvent, nextEvent } from '../evidence/audit-event.ts'
import type { Manifest } from '../evidence/manifest.ts'
import { derived, resignSample, type Sample } from './sample-session.ts'

/** What the chain of a session says that agrees with its manifest; `between` stands before its end. */
const entriesOf = (manifest: Manifest, between: readonly AuditEntry[]): readonly AuditEntry[] => {
  const { owner, session_public_key, started_at, ended_at } = manifest
  const { chunk_count, merkle_root, total_plain } = manifest
  const times = Array.from({ length: chunk_count }, (_, i) => started_at + 10 * i)
  return [
    { type: 'created', body: { owner, session_public_key, started_at } },
    ...manifest.participants.map((address) => ({ type: 'participant-admitted', body: { address } }) as const),
    ...manifest.observers.map((address) => ({ type: 'observer-admitted', body: { address } }) as const),
    ...between,
    { type: 'recording-ended', body: { ended_at } },
    { type: 'chunk-times', body: { from: 0, times: times.slice(0, 1) } },
    { type: 'chunk-times', body: { from: 1, times: times.slice(1) } },
    ...manifest.gaps.map((gap) => ({ type: 'gap', body: { ...gap } }) as const),
    { type: 'sealed', body: { chunk_count, merkle_root, total_plain } },
  ]
}

/** Entries as the chain of a session. */
export const chainEntries = (session: string, entries: readonly AuditEntry[]): readonly AuditEvent[] => {
  const events: AuditEvent[] = []
  for (const [n, entry] of entries.entries())
    events.push(
      nextEvent(session, events.at(-1), {
        ...entry,
        at: 1_760_000_000_000 + n,
        salt: derived(n, 'audit salt').toHex(),
      }),
    )
  return events
}

/** The sample with a chain of events, whose end its manifest names. `change` makes one that contradicts the manifest. */
export const auditSample = (
  sample: Sample,
  {
    between = [],
    change = (entries) => entries,
  }: {
    readonly between?: readonly AuditEntry[]
    readonly change?: (entries: readonly AuditEntry[]) => readonly AuditEntry[]
  } = {},
): { readonly sample: Sample; readonly events: readonly AuditEvent[] } => {
  const events = chainEntries(sample.session, change(entriesOf(sample.manifest, between)))
  return { sample: resignSample(sample, { audit_root: events.at(-1)?.hash ?? '' }), events }
}
