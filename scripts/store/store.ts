import { isFault } from '#common/process/fault'
import type { Command } from '../cli/args.ts'
import { CliError, EXIT_USAGE, errorLine } from '../cli/fail.ts'
import { lookOf, plainLook } from '../cli/look.ts'
import { runCommand } from '../cli/run-command.ts'
import { holding } from './held.ts'
import { openLocation } from './location.ts'
import { copyStores, demandTwo, surveyAll, verifyStores } from './move.ts'
import { complaintOf, planReport, verifyReport } from './report.ts'
import { storeServices } from './schemas.ts'
import { type Location, parseLocation } from './store-location.ts'
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
      about:
        'sqlite:PATH (a state folder, a data folder, with --service a file), mongodb:// or mongodb+srv:// URL',
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

const locationOf = (flag: string, text: string): Location => {
  const parsed = parseLocation(text)
  if ('mistake' in parsed) throw new CliError(`--${flag}: ${parsed.mistake}`, { exitCode: EXIT_USAGE })
  return parsed.location
}

const jsonOf = (rows: readonly Row[], failed: boolean): string =>
  `${JSON.stringify({ equal: !failed, collections: rows }, null, 2)}\n`

const planJson = (surveys: readonly Survey[]): string => {
  const services = surveys.map(({ service, judged, found }) => ({
    service,
    would: judged.kind,
    collections: found.map(({ collection, total, kept }) => ({ collection, documents: total, there: kept })),
  }))
  return `${JSON.stringify({ services }, null, 2)}\n`
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
  const [source, target] = [locationOf('from', flags.from), locationOf('to', flags.to)]
  const dry = flags['dry-run']
  if (dry && what !== 'copy') throw new CliError('--dry-run is for copy', { exitCode: EXIT_USAGE })
  const services = storeServices().filter((name) => flags.service === undefined || name === flags.service)
  const ambient = process.env
  const ends = {
    from: openLocation(source, { end: 'source', services, only: flags.service, ambient }),
    to: openLocation(target, {
      end: what === 'copy' ? 'target' : 'source',
      services,
      only: flags.service,
      ambient,
    }),
  }
  demandTwo(ends, services)
  const look = flags.json ? plainLook : lookOf(process.stdout, process.env)
  const talk = { write: terminal.err, now: () => performance.now() }
  const stopped = holding()
  try {
    return await withExitCode(async () => {
      stopped.hold(ends.from.home)
      stopped.hold(ends.to.home)
      const surveys = what === 'copy' ? await surveyAll(services, ends) : []
      if (dry) {
        terminal.out(flags.json ? planJson(surveys) : `${planReport(surveys, look)}\n`)
        return 0
      }
      if (what === 'copy') stopped.holdNew(ends.to.home)
      const { rows, failed } =
        what === 'copy' ? await copyStores(surveys, ends, talk) : await verifyStores(services, ends, talk)
      terminal.out(flags.json ? jsonOf(rows, failed) : `${verifyReport(rows, look)}\n`)
      if (flags.json)
        for (const complaint of rows.flatMap((row) => complaintOf(row) ?? [])) terminal.err(`${complaint}\n`)
      return failed ? 1 : 0
    })
  } finally {
    stopped.release()
  }
})
