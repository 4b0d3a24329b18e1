// Only what needs no package may be imported before the install.
import { join } from 'node:path'
import { streams } from '#common/cli/streams'
import { printer } from '#common/cli/text'
import { AGAIN, ensureInstalled, rerun } from './bootstrap.ts'

const root = join(import.meta.dir, '..', '..')

const main = async (): Promise<number> => {
  const installed = await ensureInstalled({ root, write: printer(streams.out) })
  if (installed) return rerun(process.argv).exited
  delete process.env[AGAIN] // it is said to this process, not to the tests
  // A database that is named is for the tests of its driver; the services of all others keep their own files.
  const { MONGO_URL } = process.env
  for (const key of Object.keys(process.env)) if (key.startsWith('MONGO_')) delete process.env[key]
  if (MONGO_URL !== undefined) process.env['LUCID_TEST_MONGO_URL'] = MONGO_URL
  const { check } = await import('./run.ts')
  return check(root, process.argv.slice(2))
}

if (import.meta.main) process.exitCode = await main()
