import { type Call, type client, ok } from '#common/http/client'
import type { ChunkRecord } from '#common/http/session-model'
import type { Api } from '#services/session-encryptor/routes'

/** Where the encryptor stands with a session, and the epoch under which we may append. */
export type Writer = {
  readonly epoch: number
  readonly chunk_size: number
  readonly chunk_count: number
  readonly total_plain: number
  readonly last: boolean
  readonly sealed: boolean
  readonly last_byte_at?: number
}

/** What the chunker asks of session-encryptor. */
export type Encryptor = {
  readonly openWriter: (session: string) => Promise<Writer>
  readonly progress: (session: string) => Promise<Omit<Writer, 'epoch'>>
  readonly encrypt: (
    chunk: {
      readonly session: string
      readonly index: number
      readonly epoch: number
      readonly flags: number
      readonly plain: number
      /** Nothing follows this chunk, though it does not carry the last flag. */
      readonly broken: boolean
      /** When the chunk's last byte came from the source, epoch ms. */
      readonly last_byte_at: number
    },
    bytes: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ) => Promise<ChunkRecord>
}

/** The encryptor over HTTP; bytes go as one body with its length, so a cut-off body is never taken for a chunk. */
export const encryptorOver = (api: ReturnType<typeof client<Api>>, reach: Call): Encryptor => ({
  openWriter: (session) => ok(api.sessions({ id: session }).writer.post()),
  progress: (session) => ok(api.sessions({ id: session }).get()),
  encrypt: async ({ session, index, epoch, flags, plain, broken, last_byte_at }, bytes, signal) => {
    const query = new URLSearchParams({
      session,
      index: String(index),
      epoch: String(epoch),
      flags: String(flags),
      plain: String(plain),
      broken: String(broken),
      last_byte_at: String(last_byte_at),
    })
    const reply = await reach(`/encrypt?${query}`, {
      method: 'POST',
      body: bytes,
      signal,
      headers: { 'content-type': 'application/octet-stream' },
    })
    return (await reply.json()) as ChunkRecord // the callee checks its replies against this schema
  },
})
