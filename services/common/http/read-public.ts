import { addressesOf, withAddress } from './name-server.ts'

/** What was read, or in one sentence why it was not. */
export type Reading = { readonly text: string } | { readonly failure: string }

/** The body of a reply, while it is not longer than `maxBytes`. Rejects as reading a body does. */
export const readBounded = async (reply: Response, maxBytes: number): Promise<Reading> => {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of reply.body ?? []) {
    size += piece.byteLength
    if (size > maxBytes) return { failure: `its answer has more than ${maxBytes} bytes` }
    pieces.push(piece)
  }
  return { text: new TextDecoder().decode(Buffer.concat(pieces)) }
}

const failureOf = (error: unknown, timeoutMs: number): string =>
  error instanceof Error && error.name === 'TimeoutError' ? `no answer within ${timeoutMs} ms` : 'it cannot be reached'

/** Reads what a service shows without a token. Bounded in time and bytes; follows no redirect; never rejects. */
export const readPublic = async (
  url: string,
  { timeoutMs, maxBytes }: { readonly timeoutMs: number; readonly maxBytes: number },
): Promise<Reading> => {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    // By address: one name that nobody knows must not hold up the others that are read beside it.
    const [address] = await addressesOf(new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'), { timeoutMs })
    const reply = await fetch(address === undefined ? url : withAddress(url, address), {
      signal,
      redirect: 'manual',
      keepalive: false,
    })
    if (reply.status !== 200) return { failure: `it answered with status ${reply.status}` }
    return await readBounded(reply, maxBytes)
  } catch (error) {
    return { failure: failureOf(error, timeoutMs) }
  }
}
