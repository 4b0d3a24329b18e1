import { CliError } from '../cli/fail.ts'
import { type Wanted, wantedOf } from './collections.ts'
import { copyService } from './copy.ts'
import type { Opened } from './location.ts'
import { meter } from './meter.ts'
import { type Survey, survey } from './survey.ts'
import { type Row, verifyService } from './verify.ts'

export type Ends = { readonly from: Opened; readonly to: Opened }
export type Talk = { readonly write: (text: string) => void; readonly now: () => number }

/** Throws CliError when both ends are one place. */
export const demandTwo = ({ from, to }: Ends, services: readonly string[]): void => {
  if (services.some((service) => from.same(service) === to.same(service)))
    throw new CliError('both locations are the same place', { exitCode: 64 })
}

/** Looks at every service before anything is written into any. Throws CliError, and Faults of the drivers. */
export const surveyAll = async (services: readonly string[], ends: Ends): Promise<readonly Survey[]> => {
  const surveys: Survey[] = []
  for (const one of await wantedOf(services)) surveys.push(await survey(one, ends))
  return surveys
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

const countBoth = async (wanted: readonly Wanted[], { from, to }: Ends): Promise<number> => {
  let total = 0
  for (const side of [from, to])
    for (const { service, collections } of wanted) {
      const reader = await side.read(service)
      for (const { name } of collections) total += await reader.count(name)
      await reader.close()
    }
  return total
}

type Checked = { readonly rows: readonly Row[]; readonly failed: boolean }

const verifyAll = async (
  wanted: readonly (Wanted & { readonly brought?: Awaited<ReturnType<typeof copyService>> })[],
  ends: Ends,
  talk: Talk,
): Promise<Checked> => {
  const counted = meter({ what: 'verifying', before: 0, total: await countBoth(wanted, ends) }, talk)
  const rows: Row[] = []
  try {
    for (const { brought = [], ...one } of wanted) {
      const onDocument = (collection: string, size: number) =>
        counted.add(`${one.service} ${collection}`, 1, size)
      rows.push(...(await verifyService(one, ends, { brought, onDocument })))
    }
  } finally {
    counted.done()
  }
  return { rows, failed: rows.some(({ verdict }) => verdict !== 'equal') }
}

/** Verifies alone. */
export const verifyStores = async (services: readonly string[], ends: Ends, talk: Talk): Promise<Checked> =>
  verifyAll(await wantedOf(services), ends, talk)

/** Copies what the surveys say, service by service, then reads both ends again. */
export const copyStores = async (surveys: readonly Survey[], ends: Ends, talk: Talk): Promise<Checked> => {
  const found = surveys.flatMap((one) => one.found)
  const counted = meter(
    {
      what: 'copying',
      before: sum(found.map(({ copy }) => copy?.documents ?? 0)),
      total: sum(found.map(({ total }) => total)),
    },
    talk,
  )
  const brought: (Survey & { readonly brought: Awaited<ReturnType<typeof copyService>> })[] = []
  try {
    for (const one of surveys) {
      const onBatch = (collection: string, documents: number, bytes: number) =>
        counted.add(`${one.service} ${collection}`, documents, bytes)
      brought.push({ ...one, brought: await copyService(one, ends, onBatch) })
    }
  } finally {
    counted.done()
  }
  return verifyAll(
    brought.map(({ service, collections, brought }) => ({ service, collections, brought })),
    ends,
    talk,
  )
}
