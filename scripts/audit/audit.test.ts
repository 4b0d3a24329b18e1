import { describe, expect, test } from 'bun:test'
import { catalog, clients, type Entry } from '#catalog'
import { type AuditAction, type LogEntry, nextEntry } from '#common/audit/entry'
import { type SignedHead, signHead } from '#common/audit/head'
import { plainStyle } from '#common/cli/style'
import { derivePublicKey } from '#common/evidence/signature'
import { askPages, askTail } from './ask.ts'
import { followStream, type Known } from './follow.ts'
import { conclude, exitOf, renderEntries, renderStreams } from './report.ts'

const service = 'session-recorder'
const seed = new Uint8Array(32).fill(7)
const key = derivePublicKey(seed).toHex()
const action = (n: number): AuditAction => ({ action: 'POST /do/:n', caller: 'operator', params: { n } })
const stream = (count: number, change: (n: number) => AuditAction = action): readonly LogEntry[] => {
  const entries: LogEntry[] = []
  for (let n = 0; n < count; n++) entries.push(nextEntry(service, entries.at(-1), change(n), 1000 + n))
  return entries
}
const headOf = (entry: LogEntry | undefined, by = seed): SignedHead =>
  signHead(service, entry ?? { seq: 0, hash: '' }, { seed: by, at: 1_760_000_000_000 })

const follow = (
  entries: readonly LogEntry[],
  {
    seen,
    head,
    heads = [],
    known = key,
  }: Partial<Known> & {
    readonly head?: SignedHead | undefined
    readonly heads?: readonly SignedHead[]
    readonly known?: string
  } = {},
) => {
  const followed = followStream(service, { key: known, seen })
  for (let at = 0; at < entries.length; at += 2) {
    const page = entries.slice(at, at + 2)
    followed.take(
      page,
      heads.filter(({ seq }) => page.some((entry) => entry.seq === seq)),
    )
  }
  return followed.end(head).faults
}

const honest = stream(6)
const SEEN = '2025-10-09T08:53:20.000Z'

describe('a stream of a service', () => {
  test('is whole by its chain, its heads and what was seen before', () => {
    const [seen, head] = [headOf(honest[3]), headOf(honest[5])]
    expect(follow(honest, { seen, head, heads: [headOf(honest[2]), head] })).toEqual([])
    expect(follow([])).toEqual([])
    expect(followStream(service, { key, seen: undefined }).end(undefined)).toEqual({ entries: 0, faults: [] })
  })

  test('that was edited, reordered or has a gap is named by its place', () => {
    expect(follow(honest.map((e) => (e.seq === 4 ? { ...e, params: { n: 9 } } : e)))).toEqual(['entry 4 was altered'])
    expect(follow(honest.toSpliced(2, 1))[0]).toBe('entries 2 to 2 are missing')
    expect(follow([...honest.slice(0, 2), ...honest.slice(2, 4).toReversed(), ...honest.slice(4)])[0]).toBe(
      'entries 2 to 2 are missing',
    )
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
  const whole = { service, state: 'whole', entries: 3, faults: [] } as const
  const wrong = { ...whole, state: 'wrong', faults: ['entry 1 was altered'] } as const
  const away = { ...whole, state: 'not-asked', entries: 0, faults: ['it does not answer'] } as const
  expect([exitOf([whole]), exitOf([whole, away]), exitOf([away, wrong])]).toEqual([0, 69, 1])
  expect(conclude([whole, away])).toBe('3 entries in 1 stream: no edit, no gap, no end that is missing')
  expect(conclude([whole, wrong])).toBe('NOT whole: 1 stream of 2 wrong, see above')
  const lines = renderStreams([whole, wrong], plainStyle).join('')
  expect(lines).toContain('session-recorder  WRONG')
  expect(lines).toContain('session-recorder: entry 1 was altered')
  const row = { ...(honest[1] as LogEntry), service, actor: 'T1', reason: 'because', request_id: 'r1' }
  expect(String(renderEntries([row], plainStyle)).split('\n')[1]).toBe(
    '1970-01-01T00:00:01.001Z  session-recorder  POST /do/:n  T1 by operator  n=1   because  r1',
  )
})
