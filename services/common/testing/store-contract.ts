import { afterEach, beforeEach, describe, test } from 'bun:test'
import type { Store } from '../store/store.ts'
import { batchSuite, contentSuite, documentSuite } from './store-contract-documents.ts'
import { Jobs, type Subject } from './store-contract-jobs.ts'
import { checkAgainstModel } from './store-contract-model.ts'
import { querySuite, refusalSuite, uniqueKeySuite } from './store-contract-queries.ts'
import { atomicSuite, endSuite, isolationSuite } from './store-contract-transactions.ts'

const suites = [
  documentSuite,
  batchSuite,
  contentSuite,
  querySuite,
  uniqueKeySuite,
  refusalSuite,
  atomicSuite,
  isolationSuite,
  endSuite,
]

/** The promises of store.ts, as one suite. `open` gives an empty store each time it is called. */
export const storeContract = (name: string, open: () => Promise<Store>): void => {
  describe(`${name} keeps the store contract`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())
    const subject: Subject = { store: () => store, jobs: () => store.collection(Jobs) }
    for (const suite of suites) suite(subject)

    test('it answers like a plain map, whatever is asked of it in whatever order', () => checkAgainstModel(open))
  })
}
