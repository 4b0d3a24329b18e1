import { describe, expect, test } from 'bun:test'
import { auditTables } from '../audit/collections.ts'
import { entryFault, type LogEntry } from '../audit/entry.ts'
import { verifyHead } from '../audit/head.ts'
import { auditLog } from '../audit/log.ts'
import { derivePublicKey } from '../evidence/signature.ts'
import { silentLog } from '../process/log.ts'
import type { Store } from '../store/store.ts'

const seed = new Uint8Array(32).fill(7)
export const AUDIT_KEY = derivePublicKey(seed).toHex()

/** A stream of `merkle-builder` over a store, by a clock that goes on a second a look. */
export const auditOn = (store: Store) => {
  let at = 1_760_000_000_000
  return auditLog({ store, service: 'merkle-builder', seed, now: () => (at += 1000), log: silentLog })
}

/** Everything that a stream holds. */
export const readAll = async (stream: ReturnType<typeof auditOn>): Promise<readonly LogEntry[]> => {
  const all: LogEntry[] = []
  for (;;) {
    const { entries } = await stream.read({ after: all.at(-1)?.seq ?? -1, limit: 500 })
    if (entries.length === 0) return all
    all.push(...entries)
  }
}

/** What is wrong with a stream, undefined when it is whole. */
export const streamFault = (entries: readonly LogEntry[]): string | undefined =>
  entries.map((entry, n) => entryFault('merkle-builder', entries[n - 1], entry)).find((fault) => fault)

const did = (n: number) => ({ action: 'POST /do/:n', caller: 'operator', params: { n }, status: 200 })

/** What an audit stream promises on every store. `open` gives an empty store each time it is called. */
export const auditContract = (name: string, open: () => Promise<Store>): void => {
  const using = async (work: (store: Store) => Promise<void>): Promise<void> => {
    const store = await open()
    await work(store).finally(() => store.close())
  }

  describe(`an audit stream on ${name}`, () => {
    test('has each action once, in one chain, however many come at the same moment', () =>
      using(async (store) => {
        const stream = auditOn(store)
        await Promise.all(Array.from({ length: 250 }, (_, n) => stream.append(did(n))))
        const entries = await readAll(stream)
        expect(streamFault(entries)).toBeUndefined()
        expect(entries.map(({ params }) => params['n'])).toEqual(Array.from({ length: 250 }, (_, n) => n))
        expect(entries[0]).toEqual({ ...did(0), ...entries[0] } as LogEntry)
      }))

    test('stays one chain when two processes write it', () =>
      using(async (store) => {
        const [one, two] = [auditOn(store), auditOn(store)]
        await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? one : two).append(did(n))))
        const entries = await readAll(auditOn(store))
        expect(streamFault(entries)).toBeUndefined()
        expect(new Set(entries.map(({ params }) => params['n'])).size).toBe(40)
      }))

    test('is signed as far as it goes whenever it is asked for its head, and when it ends', () =>
      using(async (store) => {
        const stream = auditOn(store)
        await expect(stream.head()).rejects.toMatchObject({ code: 'nothing-audited' })
        await stream.append(did(0))
        const head = await stream.head()
        expect(verifyHead(head, AUDIT_KEY)).toBe(true)
        expect(await stream.head()).toEqual(head)
        await stream.append(did(1))
        await stream.close()
        const { entries, heads } = await auditOn(store).read({ after: -1, limit: 10 })
        expect(heads.map(({ seq, hash }) => ({ seq, hash }))).toEqual(entries.map(({ seq, hash }) => ({ seq, hash })))
      }))

    test('goes on where it ended, also behind what it does not know to have written', () =>
      using(async (store) => {
        await auditOn(store).append(did(0))
        const { entries } = auditTables(store)
        let fail = true
        const lossy = {
          ...store,
          collection: ((declared: never) => ({
            ...store.collection(declared),
            insertMany: async (docs: never, options: never) => {
              const done = await entries.insertMany(docs, options)
              if (!fail) return done
              fail = false
              throw new Error('the answer was lost')
            },
          })) as never,
        }
        const stream = auditOn(lossy)
        await expect(stream.append(did(1))).rejects.toMatchObject({ kind: 'unavailable', code: 'not-audited' })
        await stream.append(did(2))
        const all = await readAll(auditOn(store))
        expect(streamFault(all)).toBeUndefined()
        expect(all.map(({ params }) => params['n'])).toEqual([0, 1, 2])
      }))
  })
}
