/** IPv4 networks as numbers. */

type Range = { readonly from: number; readonly to: number; readonly bits: number }

const address = (text: string): number | undefined => {
  const parts = text.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255))
    return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

/** A CIDR, or a lone address as one of 32 bits; undefined for anything else, `default` too. */
const range = (text: string): Range | undefined => {
  const [start = '', length = '32'] = text.split('/')
  const at = address(start)
  const bits = Number(length)
  if (at === undefined || !Number.isInteger(bits) || bits < 0 || bits > 32) return undefined
  const size = 2 ** (32 - bits)
  const from = Math.floor(at / size) * size
  return { from, to: from + size - 1, bits }
}

/** Whether two networks share an address. */
export const overlap = (a: string, b: string): boolean => {
  const [one, two] = [range(a), range(b)]
  return one !== undefined && two !== undefined && one.from <= two.to && two.from <= one.to
}

/** Whether a route to `route` takes packets away from `subnet`: it is inside it or the same, so it is at least as specific. */
export const takes = (route: string, subnet: string): boolean => {
  const [one, two] = [range(route), range(subnet)]
  return one !== undefined && two !== undefined && one.bits >= two.bits && overlap(route, subnet)
}
