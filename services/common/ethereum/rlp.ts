import { RLP } from '@ethereumjs/rlp'
import { Fault } from '../process/fault.ts'

/**
 * RLP of somebody else's (Ethereum yellow paper, appendix B), looked at before it is decoded: a decoder copies the
 * rest of its input at each level (2.3 MB of nested lists cost 21 GB), so depth and number are counted first.
 */

export type RlpItem = Uint8Array | readonly RlpItem[]

/** `depth` = lists open at once; `items` = strings and lists, in all. */
export type RlpBounds = { readonly depth: number; readonly items: number }

const readHead = (bytes: Uint8Array, at: number) => {
  const first = bytes[at] ?? 0
  if (first < 0x80) return { head: 0, length: 1, isList: false }
  const isList = first >= 0xc0
  const short = first - (isList ? 0xc0 : 0x80)
  if (short < 56) return { head: 1, length: short, isList }
  const size = short - 55
  const length = bytes.subarray(at + 1, at + 1 + size).reduce((sum, byte) => sum * 256 + byte, 0)
  return { head: 1 + size, length, isList }
}

/** Why a decoder should not be given these bytes; undefined for bytes within the bounds, well-formed or not. */
export const findRlpExcess = (bytes: Uint8Array, { depth, items }: RlpBounds): string | undefined => {
  const ends: number[] = []
  let count = 0
  for (let at = 0; at < bytes.length; ) {
    while (ends.length > 0 && at >= (ends.at(-1) ?? 0)) ends.pop()
    const { head, length, isList } = readHead(bytes, at)
    count += 1
    if (count > items) return `holds more than ${items} items`
    if (isList) ends.push(at + head + length)
    if (ends.length > depth) return `is nested deeper than ${depth} lists`
    at += isList ? head : head + length
  }
  return undefined
}

/** Decodes exactly one item within the bounds. Throws Fault with the given code for anything else. */
export const decodeRlp = (bytes: Uint8Array, bounds: RlpBounds, code: string, what: string): RlpItem => {
  const excess = findRlpExcess(bytes, bounds)
  if (excess !== undefined) throw new Fault('invalid', code, `${what} ${excess}`)
  try {
    return RLP.decode(bytes)
  } catch (cause) {
    throw new Fault('invalid', code, `${what} is not RLP`, { cause })
  }
}

/** The item as a list. Throws Fault with the given code. */
export const rlpList = (item: RlpItem | undefined, code: string, what: string): readonly RlpItem[] => {
  if (item === undefined || item instanceof Uint8Array) throw new Fault('invalid', code, `${what} is not an RLP list`)
  return item
}

/** The item as bytes, of one length when given. Throws Fault with the given code. */
export const rlpBytes = (item: RlpItem | undefined, code: string, what: string, length?: number): Uint8Array => {
  if (!(item instanceof Uint8Array)) throw new Fault('invalid', code, `${what} is not an RLP string`)
  if (length !== undefined && item.length !== length)
    throw new Fault('invalid', code, `${what} has not ${length} bytes`)
  return item
}
