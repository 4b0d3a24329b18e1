import { bytes, duration, plural } from '#common/cli/format'
import type { Colour, Style } from '#common/cli/style'
import { type Cell, type Column, table } from '#common/cli/table'
import { type Line, type Text, text } from '#common/cli/text'
import { formatTime } from '#common/evidence/times'
import type { State } from '#common/http/session-view'
import { placeOfGap } from './gap-place.ts'
import type { Listed } from './session-pages.ts'

type Name = (address: string) => string

/** A session as whoever reads it knows it. */
type Shown = Omit<Listed, 'pipeline'> & {
  readonly suspended?: { readonly at: number; readonly reason: string } | undefined
}

const colours: Readonly<Record<State, Colour>> = {
  created: 'dim',
  active: 'cyan',
  paused: 'yellow',
  finalizing: 'cyan',
  anchoring: 'cyan',
  anchored: 'green',
  voided: 'red',
  failed: 'red',
  expired: 'dim',
}

/** The state of a session for a reader: who keeps people from acting in it, or what its source does; `paused` would mean either. */
const stateCell = ({ state, suspended_by }: Shown, name: Name) => {
  if (suspended_by !== undefined && ['created', 'active', 'paused'].includes(state))
    return { text: `suspended by ${name(suspended_by)}`, colour: 'yellow' } as const
  return { text: state === 'paused' ? 'waiting for its source' : state, colour: colours[state] }
}

const columns: readonly Column[] = [
  { title: 'session' },
  { title: 'owner' },
  { title: 'state' },
  { title: 'started' },
  { title: 'duration', align: 'right' },
  { title: 'chunks', align: 'right' },
  { title: 'bytes', align: 'right' },
  { title: 'gaps' },
  { title: 'block', align: 'right' },
]

const chunksOf = ({ chunk_count, durable }: Shown) => chunk_count ?? durable?.chunks
const bytesOf = ({ total_plain, durable }: Shown) => total_plain ?? durable?.bytes
const shown = (count: number | undefined, show: (count: number) => string): string =>
  count === undefined ? '-' : show(count)

const gapsCell = ({ gaps, complete }: Shown): Cell => {
  const missing = gaps.reduce((sum, { from, to }) => sum + to - from, 0)
  const end = complete === false ? ', no end' : ''
  if (gaps.length === 0) return end === '' ? '' : { text: 'no end', colour: 'yellow' }
  return { text: `${gaps.length}: ${duration(missing)}${end}`, colour: 'yellow' }
}

/** A page of sessions, a row each; `now` is epoch ms, `name` how a reader recognises an owner. */
export const renderSessions = (sessions: readonly Shown[], style: Style, now: number, name: Name = String): Text =>
  table(
    columns,
    sessions.map((session) => [
      session.id,
      name(session.owner),
      stateCell(session, name),
      formatTime(session.started_at),
      duration((session.ended_at ?? now) - session.started_at),
      shown(chunksOf(session), String),
      shown(bytesOf(session), bytes),
      gapsCell(session),
      shown(session.anchor?.block.number, String),
    ]),
    style,
  )

/** One session, all that is known of it, a line each. */
export const renderSession = (session: Shown, style: Style, now: number, name: Name = String): Text => {
  const { id, owner, suspended, started_at, ended_at, participants, observers, anchor, error } = session
  const row = (title: string, value: string | undefined): readonly Line[] =>
    value === undefined ? [] : [`${title.padEnd(13)} ${value}`]
  return text(
    [
      ['session       ', { text: id, colour: 'bold' }],
      ['state         ', stateCell(session, name)],
      ...row('suspended', suspended && `${formatTime(suspended.at)}: ${suspended.reason}`),
      ...row('error', error),
      ...row('owner', owner),
      ...row('participants', participants.join(', ') || 'none'),
      ...row('observers', observers.join(', ') || 'none'),
      ...row('started', formatTime(started_at)),
      ...row('ended', ended_at === undefined ? undefined : formatTime(ended_at)),
      ...row('duration', duration((ended_at ?? now) - started_at)),
      ...row(
        'durable',
        `${shown(bytesOf(session), bytes)} in ${shown(chunksOf(session), (count) => plural(count, 'chunk'))}`,
      ),
      ...row('merkle root', session.merkle_root),
      ...row('manifest', session.manifest_hash),
      ...row('complete', session.complete === undefined ? undefined : session.complete ? 'yes' : 'no'),
      ...session.gaps.map(
        ({ at, from, to, reason }): Line => [
          { text: 'gap', colour: 'yellow' },
          `           ${duration(to - from)} ${placeOfGap(at, session.chunk_count)}, from ${formatTime(from)}: ${reason}`,
        ],
      ),
      ...row('anchor', anchor && `transaction ${anchor.tx_hash} in block ${anchor.block.number}`),
    ],
    style,
  )
}
