import { plainStyle } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import { errorCode } from '#common/process/error'
import type { Endpoint } from './endpoints.ts'

/** What the machine can do; handed in. Both reject with an error that has a `code` when they fail. */
export type Network = {
  readonly resolve: (host: string) => Promise<readonly string[]>
  readonly dial: (address: string, port: number) => Promise<number>
}

export type Reach = {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly needed_by: readonly string[]
  readonly addresses: readonly string[]
  readonly ok: boolean
  /** Time to open a connection, ms: the fastest and the middle of three. */
  readonly fastest_ms?: number
  readonly median_ms?: number
  readonly detail: string
}

const TRIES = 3

/** Of a name that nobody has, the engine asks further; where nobody answers, that is no answer instead of a no. */
const nameReasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known here',
  ENODATA: 'its name is not known here',
  ESERVFAIL: 'no name server has an answer for its name',
  ETIMEOUT: 'no name server has an answer for its name',
  ECONNREFUSED: 'there is no name server',
}

const wireReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'no way to its address',
  ENETUNREACH: 'no way to its network',
}

const reasonOf = (error: unknown, reasons: Readonly<Record<string, string>>): string => {
  const code = errorCode(error)
  return reasons[code] ?? (code || 'it failed')
}

const rounded = (ms: number) => Math.round(ms * 100) / 100

export type Found = { readonly addresses: readonly string[] } | { readonly detail: string }

/** Addresses of a name, or in one sentence why there is none. Never rejects. */
export const find = async (host: string, { resolve }: Pick<Network, 'resolve'>): Promise<Found> => {
  try {
    const addresses = await resolve(host)
    return addresses.length > 0 ? { addresses } : { detail: 'its name has no address' }
  } catch (error) {
    return { detail: reasonOf(error, nameReasons) }
  }
}

const dialled = async (
  { name, host, port, neededBy }: Endpoint,
  found: Found,
  { dial }: Pick<Network, 'dial'>,
): Promise<Reach> => {
  const own = { name, host, port, needed_by: neededBy }
  if ('detail' in found) return { ...own, addresses: [], ok: false, detail: found.detail }
  const { addresses } = found
  try {
    const times: number[] = []
    for (let i = 0; i < TRIES; i++) times.push(await dial(addresses[0] ?? host, port))
    const [fastest = 0, median = 0] = times.toSorted((a, b) => a - b)
    return { ...own, addresses, ok: true, fastest_ms: rounded(fastest), median_ms: rounded(median), detail: '' }
  } catch (error) {
    return { ...own, addresses, ok: false, detail: reasonOf(error, wireReasons) }
  }
}

/** Looks all names up at once, then connects to the first address of each, one by one. Never rejects. */
export const reach = async (places: readonly Endpoint[], network: Network): Promise<readonly Reach[]> => {
  const named = await Promise.all(places.map(async (place) => [place, await find(place.host, network)] as const))
  const all: Reach[] = []
  for (const [place, found] of named) all.push(await dialled(place, found, network))
  return all
}

/** A few by name, more by number: a line of a terminal is short. `--json` has them all. */
const callers = (names: readonly string[]): string => (names.length > 3 ? `${names.length} services` : names.join(', '))

/** A line a place that somebody needs, and a closing line. */
export const netTable = (found: readonly Reach[]): Text => {
  const drawn = table(
    [
      { title: 'service' },
      { title: 'address' },
      { title: 'state' },
      { title: 'ms min', align: 'right' },
      { title: 'ms med', align: 'right' },
      { title: 'needed by' },
    ],
    found.map(({ name, host, port, addresses, ok, fastest_ms, median_ms, needed_by, detail }) => [
      name,
      `${addresses.join(' ') || host}:${port}`,
      ok ? 'open' : detail,
      `${fastest_ms ?? ''}`,
      `${median_ms ?? ''}`,
      callers(needed_by),
    ]),
    plainStyle,
  )
  return text([drawn, '', `${found.filter(({ ok }) => ok).length} of ${found.length} open`])
}
