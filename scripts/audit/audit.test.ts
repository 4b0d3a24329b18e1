import { describe, expect, test } from 'bun:test'
import { catalog, clients, type Entry } from '#catalog'
import { type AuditAction, type LogEntry, nextEntry } from '#common/audit/entry'
import { type SignedHead, signHead } from '#common/audit/head'
import { signMark } from '#common/backup/restore-mark'
import { plainStyle } from '#common/cli/style'
import { derivePublicKey } from '#common/evidence/signature'
import { askPages, askTail } from './ask.ts'
import { followStream } from './follow.ts'
import { conclude, exitOf, renderEntries, renderStreams } from './report.ts'

const service = 'session-recorder'
const seed = new Uint8Array(32).fill(7)
const key = derivePublicKey(seed).toHex()
const operatorSeed = new Uint8Array(32).fill(5)
const action = (n: number): AuditAction => ({ action: 'POST /do/:n', caller: 'operator', params: { n } })
const stream = (count: number, change: (n: number) => AuditAction = action): readonly LogEntry[] => {
  const entries: LogEntry[] = []
  for (let n = 0; n < count; n++) entries.push(nextEntry(service, entries.at(-1), change(n), 1000 + n))
  return entries
}
const headOf = (entry: LogEntry | undefined, by = seed): SignedHead =>
  signHead(service, entry ?? { seq: 0, hash: '' }, { seed: by, at: 1_760_000_000_000 })

const followAll = (
  entries: readonly LogEntry[],
  {
    seen,
    head,
    heads = [],
    known = key,
    operator = derivePublicKey(operatorSeed).toHex(),
  }: {
    readonly seen?: SignedHead | readonly SignedHead[]
    readonly head?: SignedHead | undefined
    readonly heads?: readonly SignedHead[]
    readonly known?: string
    readonly operator?: string | undefined
  } = {},
) => {
  const followed = followStream(service, { key: known, operator, seen: seen === undefined ? [] : [seen].flat() })
  for (let at = 0; at < entries.length; at += 2) {
    const page = entries.slice(at, at + 2)
    followed.take(
      page,
      heads.filter(({ seq }) => page.some((entry) => entry.seq === seq)),
    )
  }
  return followed.end(head)
}
const follow = (...given: Parameters<typeof followAll>) => followAll(...given).faults

const honest = stream(6)
const SEEN = '2025-10-09T08:53:20.000Z'

describe('a stream of a service', () => {
  test('is whole by its chain, its heads and what was seen before', () => {
    const [seen, head] = [headOf(honest[3]), headOf(honest[5])]
    expect(follow(honest, { seen, head, heads: [headOf(honest[2]), head] })).toEqual([])
    expect(follow([])).toEqual([])
    expect(followStream(service, { key, operator: undefined, seen: [] }).end(undefined)).toEqual({
      ...{ entries: 0, faults: [], restores: [], taken: [] },
    })
  })

  test('that was edited, reordered or has a gap is named by its place', () => {
    expect(follow(honest.map((e) => (e.seq === 4 ? { ...e, params: { n: 9 } } : e)))).toEqual(['entry 4 was altered'])
    expect(follow(honest.toSpliced(2, 1))[0]).toBe('entries 2 to 2 are missing')
    expect(follow([...honest.slice(0, 2), ...honest.slice(2, 4).toReversed(), ...honest.slice(4)])).toEqual([
      'entry 2 stands behind entry 3: the stream was reordered',
    ])
    expect(follow([...honest.slice(0, 1), ...honest.slice(1, 4).toReversed(), ...honest.slice(4)])).toEqual([
      'entry 2 stands behind entry 3: the stream was reordered',
      'entry 1 stands behind entry 3: the stream was reordered',
    ])
    const [zero, one, , three, ...rest] = honest as [LogEntry, LogEntry, LogEntry, LogEntry, ...LogEntry[]]
    expect(follow([zero, three, one, ...rest])).toEqual([
      'entries 1 to 2 are missing',
      'entry 1 stands behind entry 3: the stream was reordered',
    ])
  })

  test('whose end was cut off is named by the head that was seen, or signed', () => {
    expect(follow(honest.slice(0, 3), { seen: headOf(honest[5]), head: headOf(honest[2]) })).toEqual([
      `the end is cut off: entries 3 to 5 are gone, whose head was seen before (${SEEN})`,
    ])
    expect(follow(honest.slice(0, 3), { head: headOf(honest[5]) })).toEqual([
      'the end is cut off: entries 3 to 5 are gone, whose head was signed',
    ])
    expect(follow([], { seen: headOf(honest[0]) })).toEqual([
      `the end is cut off: entries 0 to 0 are gone, whose head was seen before (${SEEN})`,
    ])
  })

  test('that was written anew, with every hash right, is not the one that was seen or signed', () => {
    const forged = stream(8, (n) => ({ ...action(n), caller: 'somebody' }))
    const head = headOf(forged[7])
    expect(follow(forged, { head, seen: headOf(honest[5]) })).toEqual([
      `entry 5 is not the one whose head was seen before (${SEEN}): the stream was rewritten up to there, or replaced`,
    ])
    expect(follow(forged, { head, heads: [headOf(honest[3])] })).toEqual([
      `entry 3 is not the one that was signed (${SEEN}): the stream was rewritten up to there, or replaced`,
    ])
  })

  test('is vouched for by nobody but the identity of its service', () => {
    const head = headOf(honest[5], new Uint8Array(32).fill(8))
    const signed = 'is not signed by the identity of session-recorder'
    expect(follow(honest, { head, heads: [head] })).toEqual([
      `the head of entry 5 ${signed}`,
      `the newest head ${signed}`,
    ])
  })
})

describe('a stream that was put back to a backup', () => {
  const T = 1_760_000_000_000
  const mark = { backup: '20251009T085320000Z-01020304', state_of: T, restored_at: T + 5000 }
  /** The backup had `kept` entries; the service says that it was restored, and goes on. */
  const restored = (kept: number, said: object = signMark(service, mark, operatorSeed)) => {
    const entries = honest.slice(0, kept)
    const params = said as AuditAction['params']
    for (const one of [{ action: 'restored-from-backup', params }, action(90), action(91)])
      entries.push(nextEntry(service, entries.at(-1), one, T + 6000))
    return entries
  }
  const at = (entry: LogEntry | undefined, ms: number) =>
    signHead(service, entry ?? { seq: 0, hash: '' }, { seed, at: T + ms })
  const cut = (of: number) => `entry ${of} is not the one whose head was seen before`

  test('says so, with what is gone, and keeps the heads that were seen as evidence', () => {
    const [kept, lost] = [at(honest[2], -10), at(honest[5], 1000)]
    const sentence =
      'restored 2025-10-09T08:53:25.000Z from the backup 20251009T085320000Z-01020304 of 2025-10-09T08:53:20.000Z: '
    for (const seen of [lost, [kept, lost]])
      expect(followAll(restored(3), { seen })).toEqual({
        ...{ entries: 6, faults: [], taken: [lost] },
        restores: [`${sentence}entries 3 to 5 of before are gone`],
      })
    expect(followAll(restored(3)).restores).toEqual([`${sentence}what was written in between is gone`])
    // Before anything was done again the stream is shorter than what was seen.
    expect(follow(restored(3).slice(0, 4), { seen: lost })).toEqual([])
  })

  test('is not believed to be where the operator never said so', () => {
    const seen = at(honest[5], 1000)
    const unsigned = "entry 3 says that a backup was restored, and the operator's key did not sign that"
    for (const said of [mark, {}, signMark(service, mark, seed), signMark('authentication', mark, operatorSeed)])
      expect(follow(restored(3, said), { seen })).toEqual([unsigned, expect.stringContaining(cut(5))])
    expect(follow(restored(3), { operator: key })).toEqual([unsigned])
  })

  test('is cut all the same where the restore does not explain it', () => {
    // Seen after the restore: an old word of the operator, for a new cut.
    expect(follow(restored(3), { seen: at(honest[5], 5001) })).toEqual([expect.stringContaining(cut(5))])
    // Seen before the backup was made: it had these entries.
    expect(follow(restored(3), { seen: at(honest[4], -1) })).toEqual([expect.stringContaining(cut(4))])
    // What stood before the restore was in the backup as it was.
    expect(follow(restored(3), { seen: at({ ...honest[1], hash: 'ab'.repeat(32) } as LogEntry, 1000) })).toEqual([
      expect.stringContaining(cut(1)),
    ])
    expect(follow(restored(3).slice(0, 3), { seen: at(honest[5], 1000) })).toEqual([
      expect.stringContaining('the end is cut off: entries 3 to 5 are gone'),
    ])
  })

  test('by a service of another identity is named', () => {
    const other = new Uint8Array(32).fill(8)
    const seen = headOf(honest[3], other)
    expect(follow(honest, { seen })).toEqual(['the identity of session-recorder is another one than before'])
  })
})

const callOf = (entries: readonly LogEntry[]) => async (path: string) => {
  const query = new URL(path, 'http://localhost').searchParams
  const from = Number(query.get('after') ?? -1) + 1
  if (path === '/audit/head') return Response.json(headOf(entries.at(-1)))
  return Response.json({ entries: entries.slice(from, from + Number(query.get('limit'))), heads: [] })
}

test('a stream is asked for page by page to its end, and its tail alone for the tail', async () => {
  const long = stream(1003)
  const pages = await Array.fromAsync(askPages(service, callOf(long)))
  expect(pages.map(({ entries }) => entries.length)).toEqual([500, 500, 3])
  expect((await askTail(service, callOf(long), 5)).map(({ seq }) => seq)).toEqual([998, 999, 1000, 1001, 1002])
  expect((await askTail(service, callOf(stream(2)), 5)).map(({ seq }) => seq)).toEqual([0, 1])
})

test('an answer that is no stream is refused', async () => {
  const strange = async () => Response.json({ entries: [{ seq: 'one' }], heads: [] })
  await expect(Array.fromAsync(askPages(service, strange))).rejects.toMatchObject({ code: 'strange-answer' })
})

test('the operator may read the stream of every service that has one', () => {
  const having = Object.entries<Entry>(catalog).flatMap(([name, { store }]) => (store ? [name] : []))
  expect(having.filter((name) => !(clients.operator.needs as readonly string[]).includes(name))).toEqual([])
})

test('what was found reads as a table, a fault a line, and ends in its exit code', () => {
  const whole = { service, state: 'whole', entries: 3, faults: [], restores: [] } as const
  const back = { ...whole, state: 'restored', restores: ['restored TIME'] } as const
  const wrong = { ...whole, state: 'wrong', faults: ['entry 1 was altered'] } as const
  const away = { ...whole, state: 'not-asked', entries: 0, faults: ['it does not answer'] } as const
  expect([exitOf([whole, back]), exitOf([whole, away]), exitOf([away, wrong])]).toEqual([0, 69, 1])
  expect(conclude([whole, back])).toEndWith(
    '2 streams: no edit, no gap, no end that is missing but what a restore took, see above',
  )
  expect(renderStreams([back], plainStyle).join('')).toContain('session-recorder: restored TIME')
  expect(conclude([whole, away])).toBe('3 entries in 1 stream: no edit, no gap, no end that is missing')
  expect(conclude([whole, wrong])).toBe('NOT whole: 1 stream of 2 wrong, see above')
  const lines = renderStreams([whole, wrong], plainStyle).join('')
  expect(lines).toContain('session-recorder  WRONG')
  expect(lines).toContain('session-recorder: entry 1 was altered')
  const row = { ...(honest[1] as LogEntry), service, actor: 'T1', reason: 'because', request_id: 'r1' }
  expect(String(renderEntries([row], plainStyle)).split('\n')[1]).toBe(
    '1970-01-01T00:00:01.001Z  session-recorder  POST /do/:n  T1 by operator  n=1   because  r1',
  )
  const named = renderEntries([{ ...row, params: { to: 'T2' } }], plainStyle, (address) => address.replace('T', 'me T'))
  expect(String(named)).toContain('me T1 by operator  to=me T2')
})
