import { CliError } from '../cli/fail.ts'
import { type Copied, copyService } from './copy.ts'
import type { Endpoints } from './endpoint.ts'
import { countDocuments, type ProgressOptions } from './meter.ts'
import { loadCollections, type ServiceCollections, type Survey, survey } from './survey.ts'
import { type Row, verifyService } from './verify.ts'

/** Throws CliError when both ends are one place. */
export const requireTwoPlaces = ({ from, to }: Endpoints, services: readonly string[]): void => {
  if (services.some((service) => from.identify(service) === to.identify(service)))
    throw new CliError('both locations are the same place', { exitCode: 64 })
}

/** Looks at every service before anything is written into any. Throws CliError, and Faults of the drivers. */
export const surveyAll = async (services: readonly string[], ends: Endpoints): Promise<readonly Survey[]> => {
  const surveys: Survey[] = []
  for (const one of await loadCollections(services)) surveys.push(await survey(one, ends))
  return surveys
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

const countBoth = async (kept: readonly ServiceCollections[], { from, to }: Endpoints): Promise<number> => {
  let total = 0
  for (const end of [from, to])
    for (const { service, collections } of kept) {
      await using reader = await end.read(service)
      for (const { name } of collections) total += await reader.count(name)
    }
  return total
}

const verifyAll = async (
  kept: readonly (ServiceCollections & { readonly copied?: readonly Copied[] })[],
  ends: Endpoints,
  options: ProgressOptions,
): Promise<readonly Row[]> => {
  const total = await countBoth(kept, ends)
  using counted = countDocuments({ what: 'verifying', before: 0, total }, options)
  const rows: Row[] = []
  for (const { copied = [], ...one } of kept) {
    const onDocument = (collection: string, size: number) => counted.add(`${one.service} ${collection}`, 1, size)
    rows.push(...(await verifyService(one, ends, { copied, onDocument })))
  }
  return rows
}

/** Verifies alone. */
export const verifyStores = async (
  services: readonly string[],
  ends: Endpoints,
  options: ProgressOptions,
): Promise<readonly Row[]> => verifyAll(await loadCollections(services), ends, options)

const copyAll = async (surveys: readonly Survey[], ends: Endpoints, options: ProgressOptions) => {
  const found = surveys.flatMap((one) => one.found)
  const before = sum(found.map(({ copy }) => copy?.documents ?? 0))
  const total = sum(found.map((one) => one.total))
  using counted = countDocuments({ what: 'copying', before, total }, options)
  const done: (ServiceCollections & { readonly copied: readonly Copied[] })[] = []
  for (const one of surveys) {
    const { service, collections } = one
    const copied = await copyService(one, ends, (collection, documents, bytes) =>
      counted.add(`${service} ${collection}`, documents, bytes),
    )
    done.push({ service, collections, copied })
  }
  return done
}

/** Copies what the surveys say, service by service, then reads both ends again. */
export const copyStores = async (
  surveys: readonly Survey[],
  ends: Endpoints,
  options: ProgressOptions,
): Promise<readonly Row[]> => verifyAll(await copyAll(surveys, ends, options), ends, options)
