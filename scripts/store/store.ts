import type { Command } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle, plainStyle } from '#common/cli/style'
import { jsonText, type Text } from '#common/cli/text'
import { isFault } from '#common/process/fault'
import { CliError, errorLine } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { storeServices } from '../derive/store-schemas.ts'
import { findEndpoint } from './endpoint.ts'
import { exclusive, hasRun } from './exclusive.ts'
import { type Location, parseLocation } from './location.ts'
import { copyStores, requireTwoPlaces, surveyAll, verifyStores } from './move.ts'
import { describeDifference, planReport, verifyReport } from './report.ts'
import type { Survey } from './survey.ts'
import type { Row } from './verify.ts'

/** Moves what the services keep between the drivers of the store. */
export const command = {
  name: 'store',
  about: 'copies what the services keep to another place or database, and verifies it document by document',
  positionals: [
    {
      name: 'WHAT',
      about: 'copy goes on where an earlier copy broke off, then verifies',
      required: true,
      choices: ['copy', 'verify'],
    },
  ],
  flags: {
    from: {
      type: 'string',
      value: 'LOCATION',
      about: 'sqlite:PATH (a state folder, a data folder, with --service a file), mongodb:// or mongodb+srv:// URL',
      required: true,
    },
    to: { type: 'string', value: 'LOCATION', about: 'the same, where it goes', required: true },
    service: { type: 'string', value: 'NAME', about: 'this service alone', choices: storeServices() },
    'dry-run': { type: 'boolean', about: 'copy: look at both ends and print what would be done' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: [
    'bun run store copy --from sqlite:.lucid --to sqlite:/mnt/disk/lucid',
    "bun run store copy --from sqlite:.lucid --to 'mongodb://USER:PASSWORD@db/lucid?authSource=admin'",
    'bun run store verify --from sqlite:.lucid --to sqlite:/mnt/disk/lucid',
  ],
  exits: {
    0: 'both ends hold the same documents (with --dry-run: nothing stands against the copy)',
    1: 'a document differs, or an end is refused; the last line says which and why',
    2: 'a store could not be reached, read or written; nothing is lost: the same command goes on',
  },
} as const satisfies Command

const UNAVAILABLE = 2

const readLocation = (flag: string, text: string): Location => {
  const parsed = parseLocation(text)
  if ('mistake' in parsed) throw new CliError(`--${flag}: ${parsed.mistake}`, { exitCode: EXIT_USAGE })
  return parsed.location
}

const rowsJson = (rows: readonly Row[], equal: boolean): Text => jsonText({ equal, collections: rows })

const planJson = (surveys: readonly Survey[]): Text => {
  const services = surveys.map(({ service, state, found }) => ({
    service,
    would: state,
    collections: found.map(({ collection, total, kept }) => ({ collection, documents: total, there: kept })),
  }))
  return jsonText({ services })
}

/** A store that cannot serve has an exit code of its own, since the same command may help then. */
const withExitCode = async <R>(work: () => Promise<R>): Promise<R> => {
  try {
    return await work()
  } catch (error) {
    if (!isFault(error) || error.kind !== 'unavailable') throw error
    throw new CliError(errorLine(error), { exitCode: UNAVAILABLE, cause: error })
  }
}

await runCommand(import.meta.main, command, async ({ flags, positionals: [what], terminal }) => {
  const [source, target] = [readLocation('from', flags.from), readLocation('to', flags.to)]
  const dry = flags['dry-run']
  const copies = what === 'copy'
  if (dry && !copies) throw new CliError('--dry-run is for copy', { exitCode: EXIT_USAGE })
  const services = storeServices().filter((name) => flags.service === undefined || name === flags.service)
  const options = { services, only: flags.service, ambient: process.env }
  const from = findEndpoint(source, { end: 'source', ...options })
  const to = findEndpoint(target, { end: copies ? 'target' : 'source', ...options })
  const ends = { from, to }
  requireTwoPlaces(ends, services)
  const style = flags.json ? plainStyle : detectStyle(process.stdout, process.env)
  const progress = { print: terminal.err, now: () => performance.now() }
  const homes = [from, to].flatMap(({ home }) => home ?? [])
  const [used, fresh] = [homes.filter(hasRun), homes.filter((home) => !hasRun(home))]

  const copy = async (): Promise<readonly Row[] | undefined> => {
    const surveys = await surveyAll(services, ends)
    // Where no platform ever ran there is nothing to lock until something is written.
    if (!dry) return exclusive(fresh, () => copyStores(surveys, ends, progress))
    terminal.out(flags.json ? planJson(surveys) : planReport(surveys, style))
    return undefined
  }
  const rows = await withExitCode(() =>
    exclusive(used, () => (copies ? copy() : verifyStores(services, ends, progress))),
  )
  if (rows === undefined) return 0
  const isEqual = rows.every(({ verdict }) => verdict === 'equal')
  terminal.out(flags.json ? rowsJson(rows, isEqual) : verifyReport(rows, style))
  if (flags.json)
    for (const difference of rows.flatMap((row) => describeDifference(row) ?? [])) terminal.err(`${difference}\n`)
  return isEqual ? 0 : 1
})
