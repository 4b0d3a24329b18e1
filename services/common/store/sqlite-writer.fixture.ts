import { sqliteStore } from './sqlite.ts'

// The child of the kill test: one acknowledged id a line, singles and transactions in turn, until it is killed.
const [path = '', run = ''] = process.argv.slice(2)
const store = sqliteStore({ path })
const Entries = { name: 'entries', fields: {} } as const
const entries = store.collection<{ id: string; pair?: string }>(Entries)
const padding = 'x'.repeat(900)

for (let n = 0; ; n += 1) {
  const id = `${run}-${n}`
  if (n % 2 === 0) await entries.insert({ id, ...{ padding } })
  else
    await store.transaction(async (tx) => {
      const both = tx.collection<{ id: string; pair?: string }>(Entries)
      await both.insert({ id, pair: `${id}-pair` })
      await both.insert({ id: `${id}-pair`, pair: id })
    })
  process.stdout.write(`${id}\n`)
}
