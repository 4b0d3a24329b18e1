import { copyService } from './copy.ts'
import { findEndpoint } from './endpoint.ts'
import { parseLocation } from './location.ts'
import { loadCollections, survey } from './survey.ts'

// The child of the kill test: copies one service in small batches and prints a line after each, until killed.
const [from = '', to = ''] = process.argv.slice(2)
const services = ['session-encryptor']
const limits = { documents: 50, bytes: 1_000_000 }

const find = (text: string, end: 'source' | 'target') => {
  const parsed = parseLocation(text)
  if ('mistake' in parsed) throw new Error(parsed.mistake)
  return findEndpoint(parsed.location, { end, services, ambient: {}, limits })
}

const ends = { from: find(from, 'source'), to: find(to, 'target') }
for (const one of await loadCollections(services))
  await copyService(await survey(one, ends), ends, (collection, documents) =>
    process.stdout.write(`${collection} ${documents}\n`),
  )
process.stdout.write('over\n')
