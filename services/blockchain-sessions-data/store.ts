import type { Anchor, AnchorsQuery } from '#common/http/chain-model'
import type { StoreSchema } from '#common/store/schema'
import { sealedBlocks } from '#common/store/sealed-blocks'
import type { Collection, Declaration, Store, Stored } from '#common/store/store'
import type { Cursor, EventRange, ReplayCursor } from './cursor.ts'
import { type EventRow, planRepair } from './event.ts'
import type { Chunk, Difference } from './model.ts'

type Row = Cursor | ReplayCursor

/** The fields that events are searched by, over both kinds. */
type Event = { readonly id: string } & Partial<Omit<Anchor & Chunk, 'session_id'>> & {
    readonly kind: 'session' | 'chunk'
    readonly session_id: string
    readonly position: number
    readonly block_number: number
  }

const eventDeclaration: Declaration<Event> = {
  name: 'events',
  fields: {
    kind: 'text',
    session_id: 'text',
    owner: 'text',
    index: 'integer',
    position: 'integer',
    block_number: 'integer',
  },
  required: ['kind', 'session_id', 'position', 'block_number'],
  indexes: [['kind', 'position'], ['owner', 'position'], ['session_id', 'index'], ['block_number']],
}
const cursorDeclaration: Declaration<Row> = { name: 'cursors', fields: {} }

/** All that the index keeps; blockchain-ledger could give it again, but for the newest blocks that were seen. */
export const schema: StoreSchema = { collections: [eventDeclaration, cursorDeclaration, sealedBlocks], migrations: [] }

const events = (store: Store): Collection<Event> => store.collection(eventDeclaration)
const cursors = (store: Store): Collection<Row> => store.collection(cursorDeclaration)

/** The follow cursor; block 0 when nothing was indexed yet. */
export const readCursor = async (store: Store): Promise<Cursor> => {
  const stored = await cursors(store).get('follow')
  return (stored as Cursor | undefined) ?? { id: 'follow', next: 0 }
}

export const readReplay = async (store: Store): Promise<ReplayCursor | undefined> => {
  const stored = (await cursors(store).get('replay')) as Stored<ReplayCursor> | undefined
  if (stored === undefined) return undefined
  const { rev: _rev, ...cursor } = stored
  return cursor
}

const putCursor = async (store: Store, cursor: Row): Promise<void> => {
  const stored = await cursors(store).get(cursor.id)
  if (stored === undefined) await cursors(store).insert(cursor)
  else await cursors(store).replace(cursor, stored.rev)
}

/** Commits a cursor alone: the start of a replay, or a step back. */
export const saveCursor = (store: Store, cursor: Row): Promise<void> => store.transaction((tx) => putCursor(tx, cursor))

const bare = ({ rev: _rev, ...row }: Stored<Event>): EventRow => row as unknown as EventRow

const findStored = async (tx: Store, from: number, to: number | undefined, ids: readonly string[]) => {
  const all = events(tx)
  const inRange = await all.find({ where: { block_number: { gte: from, ...(to === undefined ? {} : { lte: to }) } } })
  const inRangeIds = new Set(inRange.map(({ id }) => id))
  const others = await Promise.all(ids.filter((id) => !inRangeIds.has(id)).map((id) => all.get(id)))
  return [...inRange, ...others.filter((row) => row !== undefined)]
}

/** Makes blocks `from`..`to` of the index exactly `chain` and moves the cursor, in one transaction; what differed. */
export const applyEvents = (
  store: Store,
  range: EventRange,
  cursorAfter: (differences: readonly Difference[]) => Row,
): Promise<readonly Difference[]> =>
  store.transaction(async (tx) => {
    const { from, to, chain } = range
    const all = events(tx)
    const ids = chain.map(({ id }) => id)
    const stored = await findStored(tx, from, to, ids)
    const revs = new Map(stored.map(({ id, rev }) => [id, rev]))
    const { insert, replace, remove, differences } = planRepair(stored.map(bare), chain)
    for (const { id } of remove) await all.remove(id)
    for (const row of replace) await all.replace(row as unknown as Event, revs.get(row.id) ?? 0)
    if (insert.length > 0) await all.insertMany(insert as unknown as readonly Event[], { onDuplicate: 'fail' })
    await putCursor(tx, cursorAfter(differences))
    return differences
  })

/** Only these fields leave: a row has more, of which callers know nothing. */
const place = ({ tx_hash, block_number, block_hash, log_index }: Anchor | Chunk) => {
  return { tx_hash, block_number, block_hash, log_index }
}

const asAnchor = (row: Event): Anchor => {
  const anchor = row as unknown as Anchor
  const { session_id, manifest_hash, merkle_root, owner, started_at, chunk_count } = anchor
  return { session_id, manifest_hash, merkle_root, owner, started_at, chunk_count, ...place(anchor) }
}

const asChunk = (row: Event): Chunk => {
  const chunk = row as unknown as Chunk
  const { session_id, index, leaf } = chunk
  return { session_id, index, leaf, ...place(chunk) }
}

/** The anchor of a session, or undefined. */
export const findAnchor = async (store: Store, session: string): Promise<Anchor | undefined> => {
  const row = await events(store).get(session)
  return row === undefined ? undefined : asAnchor(row)
}

/** Anchors in chain order, one page; `next` is set when there may be more. */
export const listAnchors = async (store: Store, { owner, limit, after }: AnchorsQuery) => {
  const rows = await events(store).find({
    where: {
      kind: 'session',
      ...(owner === undefined ? {} : { owner }),
      ...(after === undefined ? {} : { position: { gt: after } }),
    },
    sort: [['position', 'asc']],
    limit: limit + 1,
  })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { anchors: page.map(asAnchor), ...(rows.length > limit && last !== undefined ? { next: last.position } : {}) }
}

/** The chunk anchors of a session from an index on, in order. */
export const listChunks = async (store: Store, session: string, from: number, limit: number) => {
  const where = { kind: 'chunk', session_id: session, index: { gte: from } } as const
  const rows = await events(store).find({ where, sort: [['index', 'asc']], limit })
  return { chunks: rows.map(asChunk) }
}
