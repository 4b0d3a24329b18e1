import { t } from 'elysia'
import type { Aead } from '#common/engines/aead'
import type { Random } from '#common/engines/key-wrap'
import { MAX_PLAIN } from '#common/evidence/chunk-file'
import { checkGrant } from '#common/evidence/owner-grant'
import { SealedKeys } from '#common/evidence/owner-seal'
import { noteAudit } from '#common/http/audited'
import type { Counter } from '#common/http/metrics'
import { problems, replies, type ServiceParts, service } from '#common/http/service'
import { ChunkParams, ChunkRecord, SessionParams } from '#common/http/session-model'
import type { Store } from '#common/store/store'
import { limiter } from '#common/stream/limiter'
import { bodies } from './body.ts'
import type { ChunkFolder } from './chunk-folder.ts'
import { publicRecord } from './chunk-rules.ts'
import { encryptChunk } from './encrypt.ts'
import {
  DecryptRequest,
  EncryptQuery,
  type Grant,
  KeyRequest,
  NewSession,
  Page,
  PageQuery,
  Progress,
  SessionKey,
  Writer,
} from './model.ts'
import { reader } from './read.ts'
import type { Sessions } from './sessions.ts'
import { chunkId, tables } from './store.ts'

export type EncryptorParts = {
  readonly store: Store
  readonly sessions: Sessions
  readonly folder: ChunkFolder
  readonly aead: Aead
  readonly random: Random
  readonly now: () => number
  readonly maxSessionBytes: number
  readonly chunksWritten?: Counter
  readonly parts: ServiceParts
}

/** Chunks in work at once: each costs about 23 MB, and two keep both cores of a small machine busy. */
const AT_ONCE = 3

const octets = (bytes: Uint8Array<ArrayBuffer>) =>
  new Response(bytes, { headers: { 'content-type': 'application/octet-stream' } })

const handlers = ({ chunksWritten, parts, ...rest }: EncryptorParts) => {
  const { store, sessions, folder, now } = rest
  const table = tables(store)
  const findRecord = (session: string, index: number) => table.chunks.get(chunkId(session, index))
  const incident = async (session: string, index: number, reason: string) => {
    parts.log.error('incident', { session, index, reason })
    await table.incidents.insert({ id: crypto.randomUUID(), session, index, reason, at: now() })
  }
  const { take, spend } = bodies(AT_ONCE)
  const read = reader({ ...rest, sessionKey: sessions.key, findRecord, incident })
  const encrypt = encryptChunk({ ...rest, spend, slot: limiter(AT_ONCE), findRecord, holds: read.holds })
  return {
    read,
    create: async (request: NewSession) => {
      // Better no recording than one that breaks off at its first chunk.
      await folder.requireRoom()
      noteAudit({ session: request.session })
      return sessions.create(request)
    },
    seal: async (session: string) => {
      const sealed = await sessions.seal(session)
      // A crash between a chunk's file and its record leaves the file; nobody will come to replace it now.
      await folder.drop(session, sealed.chunk_count)
      return sealed
    },
    encrypt: async (query: EncryptQuery, request: Request) => {
      const record = await encrypt(query, () => take(request))
      chunksWritten?.inc()
      return record
    },
    page: async (session: string, { from = 0, limit = 500 }: typeof PageQuery.static) => {
      const { chunk_count } = await sessions.progress(session)
      const chunks = await table.chunks.find({
        where: { session, index: { gte: from } },
        sort: [['index', 'asc']],
        limit,
      })
      return { chunks: chunks.map(publicRecord), chunk_count }
    },
    checkGrant: async (session: string, grant: Grant) =>
      checkGrant(grant, { session, owner: await sessions.owner(session), now: now() }),
  }
}

const ofSession = { params: SessionParams, response: { 200: Progress, ...problems } }

/** The HTTP face of session-encryptor. */
export const routes = (encryptor: EncryptorParts) => {
  const { sessions, parts, now } = encryptor
  const { read, create, seal, encrypt, page, checkGrant } = handlers(encryptor)
  return service('session-encryptor', { ...parts, maxBody: MAX_PLAIN })
    .post('/sessions', ({ body }) => create(body), { body: NewSession, ...replies(Progress, 'session-orchestrator') })
    .get('/sessions/:id', ({ params }) => sessions.progress(params.id), { ...ofSession, callers: ['session-chunker'] })
    .post('/sessions/:id/writer', ({ params }) => sessions.openWriter(params.id), {
      params: SessionParams,
      ...replies(Writer, 'session-chunker'),
      unaudited: 'a step of the pipeline: session-recorder takes the recording',
    })
    .post('/sessions/:id/seal', ({ params }) => seal(params.id), {
      ...ofSession,
      unaudited: 'a step of the pipeline: session-orchestrator seals the session',
      callers: ['session-orchestrator'],
    })
    .post('/encrypt', ({ query, request }) => encrypt(query, request), {
      query: EncryptQuery,
      parse: 'none',
      ...replies(ChunkRecord, 'session-chunker'),
      unaudited: 'a step of the pipeline: each chunk stands in the manifest',
    })
    .get('/sessions/:id/chunks', ({ params, query }) => page(params.id, query), {
      params: SessionParams,
      query: PageQuery,
      ...replies(Page, 'session-orchestrator', 'api-server'),
    })
    .get('/sessions/:id/chunks/:index', async ({ params }) => octets(await read.file(params.id, params.index)), {
      params: ChunkParams,
      ...replies(t.Any(), 'operator', 'api-server'),
    })
    .delete(
      '/sessions/:id/key',
      async ({ params: { id } }) => {
        await sessions.erase(id, now())
        parts.log.info('key-erased', { session: id })
        return sessions.progress(id)
      },
      { ...ofSession, callers: ['api-server'] },
    )
    .get('/sessions/:id/key/sealed', ({ params }) => sessions.sealedKey(params.id), {
      params: SessionParams,
      ...replies(SealedKeys, 'operator', 'api-server'),
    })
    .post(
      '/sessions/:id/key',
      async ({ params: { id }, body }) => {
        await checkGrant(id, body.grant)
        parts.log.info('key-released', { session: id })
        return { session: id, session_key: (await sessions.key(id)).toHex() }
      },
      { params: SessionParams, body: KeyRequest, ...replies(SessionKey, 'operator', 'api-server') },
    )
    .post(
      '/decrypt',
      async ({ body: { session, index, grant } }) => {
        noteAudit({ session, index })
        await checkGrant(session, grant)
        return octets(await read.plain(session, index))
      },
      { body: DecryptRequest, ...replies(t.Any(), 'operator') },
    )
}

export type Api = ReturnType<typeof routes>
