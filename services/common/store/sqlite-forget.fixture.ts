import { sqliteStore } from './sqlite.ts'

// The child of the kill test: keeps secrets, destroys every second one, says so, and waits to be killed.
const [path = ''] = process.argv.slice(2)
const store = sqliteStore({ path })
const secrets = store.collection<{ id: string; wrapped: string }>({ name: 'keys', fields: {}, secret: true })
for (let n = 0; n < 40; n += 1) await secrets.insert({ id: `${n}`, wrapped: `<secret ${n}>`.repeat(30) })
for (let n = 0; n < 40; n += 2) await secrets.remove(`${n}`)
process.stdout.write('destroyed\n')
await new Promise(() => {})
