import { detectStyle, type Style } from '#common/cli/style'
import { type Cell, type Column, table } from '#common/cli/table'
import type { Text } from '#common/cli/text'
import { formatTime } from '#common/evidence/times'
import { configFrom } from './config.ts'
import { listKeys } from './own-key.ts'

/** A cell, the time of something (epoch ms), or somebody's address. */
type Value = Cell | { readonly at: number } | { readonly person: string }

/** The names of the keys of this machine, by address; none where a file there is no key. */
export const keyNames = (): ReadonlyMap<string, string> => {
  try {
    return new Map(listKeys(configFrom(process.env)).map(({ name, key }) => [key.address, name]))
  } catch {
    return new Map()
  }
}

/** How a reader recognises somebody: by the name of the key here, if there is one, and the ends of the address; in a pipe in full. */
export const nameAddress = ({ live }: Style): ((address: string) => string) => {
  if (!live) return (address) => address
  const names = keyNames()
  return (address) =>
    /^T\w{33}$/.test(address)
      ? `${names.has(address) ? `${names.get(address)} ` : ''}${address.slice(0, 6)}…${address.slice(-4)}`
      : address
}

/** A table of what people did: for a reader times to the second and people as one recognises them, in a pipe both in full. */
export const peopleTable = (titles: readonly (string | Column)[], rows: readonly (readonly Value[])[]): Text => {
  const style = detectStyle(process.stdout, process.env)
  const name = nameAddress(style)
  const show = (value: Value): Cell => {
    if (typeof value === 'string' || 'text' in value) return value
    if ('person' in value) return name(value.person)
    const time = formatTime(value.at)
    return style.live ? time.replace('T', ' ').replace(/\.\d+Z$/, 'Z') : time
  }
  const columns = titles.map((title) => (typeof title === 'string' ? { title } : title))
  return table(
    columns,
    rows.map((row) => row.map(show)),
    style,
  )
}
