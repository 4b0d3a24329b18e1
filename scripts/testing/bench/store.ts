import type { Store } from '#common/store/store'
import { seeded } from '../durability/random.ts'
import { chunkId, chunkTable, makeRecords, makeSessions, type SessionSize } from './chunk-records.ts'
import { type Peak, watchMemory } from './memory.ts'

/** A store under test. `name` says what it is. */
export type Tested = {
  readonly name: string
  readonly store: Store
  /** Bytes on disk, where that can be known. */
  readonly bytes: () => Promise<number | undefined>
}

/** Milliseconds of each call. */
export type Timed = { readonly what: string; readonly about: string; readonly ms: readonly number[] }

export type StoreResult = {
  readonly store: string
  readonly records: number
  readonly sessions: number
  readonly insert_ms: number
  readonly batches: Timed
  readonly reads: readonly Timed[]
  readonly bytes: number | undefined
  /** Of this process, that is of driver and service together; not of a database server. */
  readonly memory: Peak
}

type StoreBenchOptions = {
  readonly records: number
  /** Calls of each kind. */
  readonly calls: number
  readonly say: (line: string) => void
}

const SEED = 20_240_607
const BATCH = 1000
const PAGES = [1000, 100] as const

/** Items in groups of `size`, the last one smaller. */
function* inBatches<T>(items: Iterable<T>, size: number): Generator<readonly T[]> {
  let batch: T[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

const insertAll = async (
  { store }: Tested,
  sessions: readonly SessionSize[],
  { records, say }: StoreBenchOptions,
): Promise<{ readonly ms: number; readonly batches: readonly number[] }> => {
  const chunks = store.collection(chunkTable)
  const batches: number[] = []
  let done = 0
  const began = performance.now()
  for (const batch of inBatches(makeRecords(sessions, SEED), BATCH)) {
    const from = performance.now()
    await chunks.insertMany(batch, { onDuplicate: 'fail' })
    batches.push(performance.now() - from)
    done += batch.length
    if (done % 100_000 < BATCH) say(`inserted ${done} of ${records}`)
  }
  return { ms: performance.now() - began, batches }
}

/** Times each call by itself, one after the other, after a tenth of them as a warm-up. */
const time = async (calls: number, call: () => Promise<unknown>): Promise<readonly number[]> => {
  for (let n = 0; n < calls / 10; n++) await call()
  const ms: number[] = []
  for (let n = 0; n < calls; n++) {
    const from = performance.now()
    await call()
    ms.push(performance.now() - from)
  }
  return ms
}

const requireFound = (found: boolean): void => {
  if (!found) throw new Error('the store does not have what was just inserted')
}

const readAll = async (
  { store }: Tested,
  sessions: readonly SessionSize[],
  { calls, say }: StoreBenchOptions,
): Promise<readonly Timed[]> => {
  const chunks = store.collection(chunkTable)
  const random = seeded(SEED)
  const oneOf = (some: readonly SessionSize[]): SessionSize =>
    some[random.below(some.length)] ?? { session: '', chunks: 1 }
  say('looking up chunks by id')
  const lookups = await time(calls, async () => {
    const { session, chunks: count } = oneOf(sessions)
    const index = random.below(count)
    requireFound((await chunks.get(chunkId(session, index)))?.index === index)
  })
  const pages: Timed[] = []
  for (const limit of PAGES) {
    say(`paging sessions by ${limit}`)
    // Full pages, the most that is asked for; few records may have no session that is long enough.
    const long = sessions.filter(({ chunks: count }) => count >= limit)
    const some = long.length > 0 ? long : sessions
    const ms = await time(calls, async () => {
      const { session, chunks: count } = oneOf(some)
      const from = random.below(Math.max(0, count - limit) + 1)
      const page = await chunks.find({ where: { session, index: { gte: from } }, sort: [['index', 'asc']], limit })
      requireFound(page.length === Math.min(limit, count) && page[0]?.index === from)
    })
    const full = long.length > 0 ? 'full pages' : 'pages of whole, shorter sessions'
    pages.push({ what: `page of ${limit}`, about: `session, index >= n, sorted: ${full}`, ms })
  }
  return [{ what: 'lookup', about: 'by id', ms: lookups }, ...pages]
}

/** Fills a store that must be empty with chunk records as session-encryptor keeps them, then reads as it does. */
export const benchStore = async (tested: Tested, options: StoreBenchOptions): Promise<StoreResult> => {
  const sessions = makeSessions(options.records, SEED)
  const watch = watchMemory({ bench: process.pid }, 250)
  try {
    options.say(`${tested.name}: ${options.records} chunk records of ${sessions.length} sessions`)
    const { ms, batches } = await insertAll(tested, sessions, options)
    const reads = await readAll(tested, sessions, options)
    const bytes = await tested.bytes()
    return {
      store: tested.name,
      records: options.records,
      sessions: sessions.length,
      insert_ms: ms,
      batches: { what: 'insert', about: `${BATCH} at once, durable`, ms: batches },
      reads,
      bytes,
      memory: watch.stop()['bench'] ?? { rss: 0, pss: 0 },
    }
  } finally {
    watch.stop()
  }
}
