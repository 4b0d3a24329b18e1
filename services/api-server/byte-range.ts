import { Fault } from '#common/process/fault'

/** Bytes `from` to `to`, both included, of `size`. */
export type ByteRange = { readonly from: number; readonly to: number; readonly size: number }

/**
 * The one range of bytes that a Range header asks for (RFC 9110, 14.2); undefined for the whole, which is also the answer
 * to what is no range or more than one. Throws Fault `range` code `range-not-satisfiable`.
 */
export const parseRange = (header: string | null, size: number): ByteRange | undefined => {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  const isSuffix = first === ''
  const from = isSuffix ? Math.max(0, size - Number(last)) : Number(first)
  const to = isSuffix || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (!isSuffix && last !== '' && Number(last) < from) return undefined
  if (from >= size || (isSuffix && Number(last) === 0))
    throw new Fault('range', 'range-not-satisfiable', `it has ${size} bytes`, { extra: { size } })
  return { from, to, size }
}

/** The answer with all of the bytes, or with those that were asked for. */
export const answerBytes = (bytes: Uint8Array<ArrayBuffer>, header: string | null, tag: string): Response => {
  const range = parseRange(header, bytes.length)
  const headers = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes', etag: tag }
  if (range === undefined) return new Response(bytes, { headers })
  const { from, to, size } = range
  return new Response(bytes.subarray(from, to + 1), {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${from}-${to}/${size}` },
  })
}
