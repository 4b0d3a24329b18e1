import { isFault } from '../process/fault.ts'
import type { Collection, Declaration, Store } from '../store/store.ts'

export type Job = {
  readonly id: string
  readonly state: 'queued' | 'taken' | 'done'
  readonly at?: number | null
  readonly weight?: number
  readonly urgent?: boolean
  readonly owner?: string
  readonly slot?: string
  readonly detail?: { readonly tags: readonly string[] }
}

export const Jobs: Declaration<Job> = {
  name: 'jobs',
  fields: { state: 'text', at: 'integer', weight: 'real', urgent: 'boolean', owner: 'text', slot: 'text' },
  unique: [['owner', 'slot']],
  indexes: [['state', 'at']],
}

/** `kind/code` of the fault that a promise is rejected with; what else it threw, undefined for nothing. */
export const faultOf = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return isFault(error) ? `${error.kind}/${error.code}` : error
}

export const ids = (docs: readonly { readonly id: string }[]) => docs.map(({ id }) => id)
export const job = (id: string, more: Partial<Job> = {}): Job => ({ id, state: 'queued', ...more })

/** An empty store and its jobs, anew for each test. */
export type Subject = { readonly store: () => Store; readonly jobs: () => Collection<Job> }
