import { type client, ok } from '#common/http/client'
import type { ChunkRecord } from '#common/http/session-model'
import type { Api as Merkle } from '#services/merkle-builder/routes'
import type { Api as Encryptor } from '#services/session-encryptor/routes'
import type { FinishParts } from './finish.ts'
import type { SessionsParts } from './sessions.ts'

const PAGE = 1000

/** What the orchestrator asks of the encryptor and the merkle-builder, over HTTP. */
export const pipelineOver = (
  encryptor: ReturnType<typeof client<Encryptor>>,
  merkle: ReturnType<typeof client<Merkle>>,
): Pick<FinishParts, 'seal' | 'records' | 'build'> & Pick<SessionsParts, 'openKey'> => ({
  openKey: (session) => ok(encryptor.sessions.post(session)),
  seal: (session) => ok(encryptor.sessions({ id: session }).seal.post()),
  records: async (session) => {
    const all: ChunkRecord[] = []
    for (;;) {
      const query = { from: all.length, limit: PAGE }
      const page = await ok(encryptor.sessions({ id: session }).chunks.get({ query }))
      all.push(...page.chunks)
      if (page.chunks.length === 0 || all.length >= page.chunk_count) return all
    }
  },
  build: (session, leaves) => ok(merkle.build.post({ session, leaves: [...leaves] })),
})
