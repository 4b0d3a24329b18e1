import { collectionsOf } from './collections.ts'
import { copyService } from './copy.ts'
import { openLocation } from './location.ts'
import { parseLocation } from './store-location.ts'
import { survey } from './survey.ts'

// The child of the kill test: copies one service in small batches and prints a line after each, until killed.
const [from = '', to = ''] = process.argv.slice(2)
const service = 'session-encryptor' as const
const limits = { documents: 50, bytes: 1_000_000 }

const side = (text: string, end: 'source' | 'target') => {
  const parsed = parseLocation(text)
  if ('mistake' in parsed) throw new Error(parsed.mistake)
  return openLocation(parsed.location, { end, services: [service], ambient: {}, limits })
}

const ends = { from: side(from, 'source'), to: side(to, 'target') }
const plan = await survey({ service, collections: await collectionsOf(service) }, ends)
await copyService(plan, ends, (collection, documents) => process.stdout.write(`${collection} ${documents}\n`))
process.stdout.write('over\n')
