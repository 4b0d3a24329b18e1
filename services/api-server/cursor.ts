import { isSessionId } from '#common/evidence/session-id'
import { Fault } from '#common/process/fault'

/** Where a page of sessions ended: the last one it gave. Lists go from the newest to the oldest, ids break ties. */
export type Position = { readonly started_at: number; readonly id: string }

/** A position as an opaque text. */
export const encodeCursor = ({ started_at, id }: Position): string =>
  Buffer.from(`1:${started_at}:${id}`).toString('base64url')

/** Reads a cursor; only what `encodeCursor` writes is one. Throws Fault invalid `bad-cursor`. */
export const decodeCursor = (text: string): Position => {
  const [version, time, id, ...rest] = Buffer.from(text, 'base64url').toString('latin1').split(':')
  const position = { started_at: Number(time), id: id ?? '' }
  const isWhole = version === '1' && rest.length === 0 && Number.isSafeInteger(position.started_at)
  if (!isWhole || !isSessionId(position.id) || encodeCursor(position) !== text)
    throw new Fault('invalid', 'bad-cursor', 'not a cursor of this list: begin again without one')
  return position
}

/** True for what comes behind a position in the order of the list. */
const isBehind = (last: Position, { started_at, id }: Position): boolean =>
  started_at < last.started_at || (started_at === last.started_at && id < last.id)

export type Page<T> = { readonly items: readonly T[]; readonly next?: string }

/** How many more than a page are asked for first: sessions that began in the same millisecond as the last one given. */
const SPARE = 10
const MOST = 500

/**
 * A page of at most `limit` (up to 450) behind `after`. `ask` answers what started no later than `until`, newest first,
 * `limit` at most.
 */
export const readPage = async <T extends Position>(
  ask: (query: { readonly until?: number; readonly limit: number }) => Promise<readonly T[]>,
  { after, limit }: { readonly after?: Position | undefined; readonly limit: number },
): Promise<Page<T>> => {
  for (let asked = limit + SPARE; ; asked = MOST) {
    const query = { limit: asked, ...(after && { until: after.started_at }) }
    const found = await ask(query)
    const items = found.filter((one) => after === undefined || isBehind(after, one))
    if (items.length <= limit && found.length === asked && asked < MOST) continue
    const page = items.slice(0, limit)
    const last = page.at(-1)
    return last !== undefined && items.length > limit ? { items: page, next: encodeCursor(last) } : { items: page }
  }
}
