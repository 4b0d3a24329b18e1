import { plainStyle } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'

export type Onion = {
  readonly name: string
  /** Fifty-six characters and `.onion`. */
  readonly address: string
  /** All else that tor-proxy says of it. */
  readonly detail: Readonly<Record<string, unknown>>
}

export type Onions = { readonly onions: readonly Onion[] } | { readonly failure: string }

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isAddress = (value: unknown): value is string => typeof value === 'string' && /^[a-z2-7]{56}\.onion$/.test(value)

const onionOf = (value: unknown): Onion | undefined => {
  if (!isObject(value)) return undefined
  const { name, address, ...detail } = value
  return isAddress(address) ? { name: typeof name === 'string' ? name : '', address, detail } : undefined
}

/** Reads tor-proxy's /status: its list `onions`, each with a name and an address. */
export const onionsOf = (text: string): Onions => {
  const status = parsed(text)
  if (!isObject(status) || status['service'] !== 'tor-proxy') return { failure: 'what answers there is not tor-proxy' }
  const { onions } = status
  if (!Array.isArray(onions)) return { failure: 'its status has no list of onions' }
  const read = onions.map(onionOf)
  return read.every((one) => one !== undefined)
    ? { onions: read }
    : { failure: 'its status lists an onion without an address' }
}

const told = (detail: Onion['detail']): string =>
  Object.entries(detail)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')

export const onionTable = (onions: readonly Onion[]): Text =>
  onions.length === 0
    ? text(['tor-proxy keeps no onion service'])
    : table(
        [{ title: 'name' }, { title: 'address' }, { title: 'detail' }],
        onions.map(({ name, address, detail }) => [name, address, told(detail)]),
        plainStyle,
      )
