import type { StoreSchema } from '#common/store/schema'
import type { Declaration, Store } from '#common/store/store'

/** What was answered to a request with an Idempotency-Key; without `answer` nobody saw its end yet. Hashes, no bodies. */
export type AnswerDoc = {
  readonly id: string
  readonly person: string
  readonly request: string
  readonly at: number
  /** Until then whoever works on it is taken to be alive, epoch ms. */
  readonly until?: number
  readonly answer?: string
}

/** A session whose content is to be destroyed at `due`, or was. Times epoch ms. */
export type ErasureDoc = {
  readonly id: string
  readonly state: 'waiting' | 'erased'
  readonly by: string
  readonly asked_at: number
  readonly due: number
}

const answers: Declaration<AnswerDoc> = {
  name: 'api_answers',
  fields: { person: 'text', at: 'integer' },
  indexes: [['person'], ['at']],
}
const erasures: Declaration<ErasureDoc> = {
  name: 'api_erasures',
  fields: { state: 'text', due: 'integer' },
  indexes: [['state', 'due']],
}

/** All that api-server keeps. */
export const schema: StoreSchema = { collections: [answers, erasures], migrations: [] }

/** The collections of api-server. */
export const tables = (store: Store) => ({ answers: store.collection(answers), erasures: store.collection(erasures) })

export type Tables = ReturnType<typeof tables>
