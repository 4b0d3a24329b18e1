import { plural } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import { formatTime } from '#common/evidence/times'
import type { Placed } from './ask.ts'

/** What `audit verify` found of one stream. `state` tells one that is wrong from one that could not be asked. */
export type StreamReport = {
  readonly service: string
  readonly state: 'whole' | 'restored' | 'wrong' | 'not-asked'
  readonly entries: number
  readonly faults: readonly string[]
  /** The backups that it was put back to, a sentence each. */
  readonly restores: readonly string[]
}

const words = {
  whole: ['whole', 'green'],
  restored: ['restored', 'yellow'],
  wrong: ['WRONG', 'red'],
  'not-asked': ['not asked', 'yellow'],
} as const

/** A row a stream, and below it every fault with its place, and every restore. */
export const renderStreams = (reports: readonly StreamReport[], style: Style): readonly Text[] => [
  table(
    [{ title: 'service' }, { title: 'stream' }, { title: 'entries', align: 'right' }],
    reports.map(({ service, state, entries }) => {
      const [word, colour] = words[state]
      return [service, { text: word, colour }, state === 'not-asked' ? '-' : String(entries)]
    }),
    style,
  ),
  text(
    reports.flatMap(({ service, faults, restores }) => [...faults, ...restores].map((one) => [`${service}: ${one}`])),
    style,
  ),
]

/** The exit code of a verification: 1 when a stream is wrong, 69 when one could not be asked. */
export const exitOf = (reports: readonly StreamReport[]): 0 | 1 | 69 => {
  if (reports.some(({ state }) => state === 'wrong')) return 1
  return reports.some(({ state }) => state === 'not-asked') ? 69 : 0
}

/** The sentence that ends a verification. */
export const conclude = (reports: readonly StreamReport[]): string => {
  const entries = reports.reduce((sum, one) => sum + one.entries, 0)
  const wrong = reports.filter(({ state }) => state === 'wrong').length
  if (wrong > 0) return `NOT whole: ${plural(wrong, 'stream')} of ${reports.length} wrong, see above`
  const asked = reports.filter(({ state }) => state !== 'not-asked').length
  const but = reports.some(({ state }) => state === 'restored') ? ' but what a restore took, see above' : ''
  return `${entries} ${entries === 1 ? 'entry' : 'entries'} in ${plural(asked, 'stream')}: no edit, no gap, no end that is missing${but}`
}

type NameAddress = (address: string) => string

const who = ({ actor, caller }: Placed, name: NameAddress): string =>
  [actor && name(actor), caller].filter(Boolean).join(' by ') || '-'

/** Entries, a row each; `name` is how a reader recognises somebody. */
export const renderEntries = (
  entries: readonly Placed[],
  style: Style,
  name: NameAddress = (address) => address,
): Text =>
  table(
    ['time', 'service', 'action', 'who', 'what', 'reason', 'request'].map((title) => ({ title })),
    entries.map((entry) => [
      formatTime(entry.at),
      entry.service,
      entry.action,
      who(entry, name),
      Object.entries(entry.params)
        .map(([key, value]) => `${key}=${typeof value === 'string' ? name(value) : value}`)
        .join(' '),
      entry.reason ?? '',
      entry.request_id ?? '',
    ]),
    style,
  )
