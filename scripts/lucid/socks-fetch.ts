import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { SocksProxyAgent } from 'socks-proxy-agent'

/** `fetch` as this room uses it. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

const answer = (incoming: IncomingMessage): Response => {
  const status = incoming.statusCode ?? 502
  const empty = [204, 205, 304].includes(status)
  if (empty) incoming.resume()
  // Node's type of a web stream is not the one that Response takes; the streams are the same.
  return new Response(empty ? null : (Readable.toWeb(incoming) as unknown as ReadableStream<Uint8Array>), {
    status,
    headers: Object.entries(incoming.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    ),
  })
}

/**
 * `fetch` through a SOCKS5 proxy (HOST:PORT) that also resolves the names, as an onion needs. Bun's own knows no SOCKS
 * and would ask the name server for the onion.
 */
export const socksFetch = (proxy: string): Fetch => {
  const agent = new SocksProxyAgent(`socks5h://${proxy}`)
  return async (input, init) => {
    const request = new Request(input as string, init)
    const streamed = init?.body instanceof ReadableStream
    const body = request.body === null || streamed ? undefined : new Uint8Array(await request.arrayBuffer())
    const send = request.url.startsWith('https:') ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const outgoing = send(
        request.url,
        {
          agent,
          method: request.method,
          headers: { ...Object.fromEntries(request.headers), ...(body && { 'content-length': body.length }) },
          signal: request.signal,
        },
        (incoming) => resolve(answer(incoming)),
      )
      outgoing.on('error', reject)
      if (streamed && request.body !== null)
        Readable.fromWeb(request.body as Parameters<typeof Readable.fromWeb>[0])
          .on('error', reject)
          .pipe(outgoing)
      else outgoing.end(body)
    })
  }
}
