/** Prints how many modules of the MongoDB driver are loaded: always, for an embedded store, for an unasked database. */
import '../http/main.ts'
import { Secret } from '../process/env.ts'
import { storeAt } from './open.ts'

const loaded = (): number => Object.keys(require.cache).filter((path) => path.includes('/node_modules/mongodb/')).length

const LUCID_DATA = process.argv[2] ?? ''
const counts = [loaded()]
await (await storeAt('session-chunker', { LUCID_DATA })).close()
counts.push(loaded())
const MONGO_URL = new Secret('mongodb://127.0.0.1:1/lucid')
await (await storeAt('session-chunker', { LUCID_DATA, MONGO_URL })).close()
counts.push(loaded())
console.log(JSON.stringify(counts))
