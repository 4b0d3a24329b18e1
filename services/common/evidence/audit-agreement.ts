import { equalBytes } from '../stream/bytes.ts'
import type { AuditEvent, AuditType } from './audit-event.ts'
import { AUDIT_NAME } from './bundle.ts'
import { canonicalBytes } from './canonical-json.ts'
import type { Manifest } from './manifest.ts'

/** Holds the events of a session against its manifest, one after the other; nothing of them is believed or kept. */
export type Agreement = {
  readonly take: (event: AuditEvent) => void
  /** Where events and manifest contradict each other, as sentences. */
  readonly faults: () => readonly string[]
}

type Rule = { readonly what: string; readonly expected: readonly object[]; found: number; agrees: boolean }

const rule = (what: string, expected: readonly object[]): Rule => ({ what, expected, found: 0, agrees: true })

const makeRules = (manifest: Manifest): ReadonlyMap<AuditType, Rule> => {
  const { owner, session_public_key, started_at, ended_at, policy_hash: hash } = manifest
  const { chunk_count, merkle_root, total_plain } = manifest
  const people = (addresses: readonly string[]) => addresses.map((address) => ({ address }))
  const end = rule('end', [{ ended_at }])
  return new Map<AuditType, Rule>([
    ['created', rule('owner, key or start', [{ owner, session_public_key, started_at }])],
    ['policy-set', rule('policy', hash === null ? [] : [{ hash }])],
    ['participant-admitted', rule('participants', people(manifest.participants))],
    ['observer-admitted', rule('observers', people(manifest.observers))],
    ['recording-ended', end],
    ['recording-broken-off', end],
    ['gap', rule('gaps', manifest.gaps)],
    ['sealed', rule('chunks', [{ chunk_count, merkle_root, total_plain }])],
  ])
}

/** True when the body says of the named fields what is expected. */
const says = (body: Readonly<Record<string, unknown>>, expected: object): boolean => {
  const named = Object.keys(expected).map((name) => [name, body[name] ?? null])
  return equalBytes(canonicalBytes(Object.fromEntries(named)), canonicalBytes(expected))
}

/** The times of chunks follow on each other: none is missing and none too many, as far as none is withheld. */
const chunkTimes = ({ chunk_count }: Manifest) => {
  let next = 0
  let isKnown = true
  let agrees = true
  return {
    take: ({ body }: AuditEvent): void => {
      if (body === undefined) {
        isKnown = false
        return
      }
      const { from, times } = body
      const isList = Array.isArray(times) && times.every((at) => Number.isSafeInteger(at) && at >= 0)
      agrees &&= isList && Number.isSafeInteger(from) && (!isKnown || from === next)
      next = Number(from) + (isList ? times.length : 0)
      isKnown = true
    },
    agrees: (): boolean => agrees && (!isKnown || next === chunk_count),
  }
}

/** A fresh comparison with this manifest. */
export const auditAgreement = (manifest: Manifest): Agreement => {
  const rules = makeRules(manifest)
  const times = chunkTimes(manifest)
  return {
    take: (event) => {
      if (event.type === 'chunk-times') times.take(event)
      const found = rules.get(event.type)
      if (found === undefined) return
      const expected = found.expected[found.found]
      found.found += 1
      found.agrees &&= expected !== undefined && (event.body === undefined || says(event.body, expected))
    },
    faults: () => [
      ...[...new Set(rules.values())]
        .filter(({ agrees, found, expected }) => !agrees || found !== expected.length)
        .map(({ what }) => `${AUDIT_NAME} and the manifest differ in ${what}`),
      ...(times.agrees() ? [] : [`${AUDIT_NAME} and the manifest differ in the times of chunks`]),
    ],
  }
}
