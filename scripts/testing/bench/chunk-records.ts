import type { ChunkRecord } from '#common/http/session-model'
import type { Declaration } from '#common/store/store'
import { type Random, seeded } from '../durability/random.ts'

type ChunkDoc = ChunkRecord & { readonly id: string; readonly session: string; readonly epoch: number }

/** The table of chunk records as session-encryptor declares it; a test holds the two together. */
export const chunkTable: Declaration<ChunkDoc> = {
  name: 'encryptor_chunks',
  fields: { session: 'text', index: 'integer' },
  required: ['session', 'index'],
  unique: [['session', 'index']],
}

export const chunkId = (session: string, index: number): string => `${session}/${index}`

/** A session and how many chunks it has. */
export type SessionSize = { readonly session: string; readonly chunks: number }

const hex = ({ below }: Random, length: number): string => {
  let text = ''
  while (text.length < length)
    text += below(2 ** 32)
      .toString(16)
      .padStart(8, '0')
  return text.slice(0, length)
}

/** A UUIDv4, so that ids come in no order, as they do. */
const sessionId = (random: Random): string => {
  const digits = hex(random, 32)
  const variant = '89ab'[random.below(4)]
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`
}

const SHORTEST = 16
const LONGEST = 1500

/** Sessions of 16 to 1,500 chunks, many short and few long ones, with `records` chunks in all. */
export const makeSessions = (records: number, seed: number): readonly SessionSize[] => {
  const random = seeded(seed)
  const sizes: SessionSize[] = []
  for (let left = records; left > 0; ) {
    const share = random.below(1_000_000) / 1_000_000
    const chunks = Math.min(left, Math.round(SHORTEST * (LONGEST / SHORTEST) ** share))
    sizes.push({ session: sessionId(random), chunks })
    left -= chunks
  }
  return sizes
}

/** Sessions that are recorded at the same time. */
const AT_ONCE = 16

const record = (random: Random, session: string, index: number, at: number, last: boolean): ChunkDoc => ({
  id: chunkId(session, index),
  session,
  epoch: 1,
  index,
  flags: last ? 1 : 0,
  plain: 8_388_608,
  comp: 6_000_000 + random.below(2_000_000),
  cipher: 6_000_016 + random.below(2_000_000),
  leaf: hex(random, 64),
  sha256: hex(random, 64),
  nonce: hex(random, 48),
  at,
})

/** All chunk records in the order they would be written: sixteen sessions in rotation until each has ended. */
export function* makeRecords(sessions: readonly SessionSize[], seed: number): Generator<ChunkDoc> {
  const random = seeded(seed)
  const waiting = sessions.values()
  const open = Array.from({ length: AT_ONCE }, () => ({ size: waiting.next().value, index: 0 }))
  let at = 1_700_000_000_000
  for (let step = 0, idle = 0; idle < AT_ONCE; step++) {
    const slot = open[step % AT_ONCE]
    if (slot?.size === undefined) {
      idle += 1
      continue
    }
    idle = 0
    at += 250
    const { session, chunks } = slot.size
    yield record(random, session, slot.index, at, slot.index === chunks - 1)
    slot.index += 1
    if (slot.index === chunks) {
      slot.size = waiting.next().value
      slot.index = 0
    }
  }
}
