import { ok } from '#common/http/client'
import { isKnown } from '#common/http/etag'
import { limiter } from '#common/stream/limiter'
import { answerBytes } from './byte-range.ts'
import type { Neighbours } from './neighbours.ts'

/** Chunk files in memory at once: each has up to 16 MiB. */
const AT_ONCE = 4

/** The chunks of a session; whoever asks was let in already. */
export const chunksOver = ({ encryptor, chunkFile }: Pick<Neighbours, 'encryptor' | 'chunkFile'>) => {
  const slot = limiter(AT_ONCE)
  return {
    list: async (id: string, query: { readonly from?: number; readonly limit?: number }) => {
      const { chunks, chunk_count } = await ok(encryptor.sessions({ id }).chunks.get({ query }))
      const next = (chunks.at(-1)?.index ?? chunk_count) + 1
      return { chunks: chunks.map(({ flags: _, ...chunk }) => chunk), chunk_count, ...(next < chunk_count && { next }) }
    },
    file: async (id: string, index: number, { headers }: Request): Promise<Response> => {
      // A chunk never changes: its place is its version.
      const tag = `"${id}.${index}"`
      if (isKnown(headers.get('if-none-match'), tag)) return new Response(null, { status: 304, headers: { etag: tag } })
      const bytes = await slot(async () => (await chunkFile(`/sessions/${id}/chunks/${index}`)).arrayBuffer())
      return answerBytes(new Uint8Array(bytes), headers.get('range'), tag)
    },
  }
}
