import { t } from 'elysia'
import type { Aead } from '#common/engines/aead'
import type { Random } from '#common/engines/key-wrap'
import { MAX_PLAIN } from '#common/evidence/chunk-file'
import { checkGrant } from '#common/evidence/owner-grant'
import { onlyFor } from '#common/http/callers'
import type { Counter } from '#common/http/metrics'
import { problems, type ServiceParts, service } from '#common/http/service'
import { ChunkParams, ChunkRecord, SessionParams } from '#common/http/session-model'
import type { Store } from '#common/store/store'
import { limiter } from '#common/stream/limiter'
import { bodies } from './body.ts'
import type { ChunkFolder } from './chunk-folder.ts'
import { encryptChunk, recordOf } from './encrypt.ts'
import {
  DecryptRequest,
  EncryptQuery,
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

const octets = { headers: { 'content-type': 'application/octet-stream' } }

/** The HTTP face of session-encryptor. */
export const routes = ({
  store,
  sessions,
  folder,
  aead,
  random,
  now,
  maxSessionBytes,
  chunksWritten,
  parts,
}: EncryptorParts) => {
  const table = tables(store)
  const find = (session: string, index: number) => table.chunks.get(chunkId(session, index))
  const incident = async (session: string, index: number, reason: string) => {
    parts.log.error('incident', { session, index, reason })
    await table.incidents.insert({ id: crypto.randomUUID(), session, index, reason, at: now() })
  }
  const { take, spend } = bodies(AT_ONCE)
  const encrypt = encryptChunk({
    spend,
    sessions,
    folder,
    aead,
    random,
    now,
    maxSessionBytes,
    recordOf: find,
  })
  const read = reader({ sessions, folder, aead, recordOf: find, incident })
  const slot = limiter(AT_ONCE)

  return service('session-encryptor', { ...parts, maxBody: MAX_PLAIN })
    .post(
      '/sessions',
      async ({ body }) => {
        // Better no recording than one that breaks off at its first chunk.
        await folder.demandRoom()
        return sessions.create(body)
      },
      {
        body: NewSession,
        response: { 200: Progress, ...problems },
        beforeHandle: onlyFor('session-orchestrator'),
      },
    )
    .get('/sessions/:id', ({ params }) => sessions.progress(params.id), {
      params: SessionParams,
      response: { 200: Progress, ...problems },
    })
    .post('/sessions/:id/writer', ({ params }) => sessions.openWriter(params.id), {
      params: SessionParams,
      response: { 200: Writer, ...problems },
      beforeHandle: onlyFor('session-chunker'),
    })
    .post(
      '/sessions/:id/seal',
      async ({ params }) => {
        const sealed = await sessions.seal(params.id)
        // A crash between a chunk's file and its record leaves the file; nobody will come to replace it now.
        await folder.drop(params.id, sealed.chunk_count)
        return sealed
      },
      {
        params: SessionParams,
        response: { 200: Progress, ...problems },
        beforeHandle: onlyFor('session-orchestrator'),
      },
    )
    .post(
      '/encrypt',
      async ({ query, request }) => {
        const record = await encrypt(query, () => take(request), slot)
        chunksWritten?.inc()
        return record
      },
      {
        query: EncryptQuery,
        parse: 'none',
        response: { 200: ChunkRecord, ...problems },
        beforeHandle: onlyFor('session-chunker'),
      },
    )
    .get(
      '/sessions/:id/chunks',
      async ({ params, query }) => {
        const { from = 0, limit = 500 } = query
        const { chunk_count } = await sessions.progress(params.id)
        const chunks = await table.chunks.find({
          where: { session: params.id, index: { gte: from } },
          sort: [['index', 'asc']],
          limit,
        })
        return { chunks: chunks.map(recordOf), chunk_count }
      },
      { params: SessionParams, query: PageQuery, response: { 200: Page, ...problems } },
    )
    .get(
      '/sessions/:id/chunks/:index',
      async ({ params }) => new Response(await read.file(params.id, params.index), octets),
      {
        params: ChunkParams,
        response: { 200: t.Any(), ...problems },
      },
    )
    .post(
      '/sessions/:id/key',
      async ({ params, body }) => {
        checkGrant(body.grant, { session: params.id, owner: await sessions.owner(params.id), now: now() })
        parts.log.info('key-released', { session: params.id })
        return { session: params.id, session_key: (await sessions.key(params.id)).toHex() }
      },
      {
        params: SessionParams,
        body: KeyRequest,
        response: { 200: SessionKey, ...problems },
        beforeHandle: onlyFor('operator'),
      },
    )
    .post(
      '/decrypt',
      async ({ body }) => {
        checkGrant(body.grant, {
          session: body.session,
          owner: await sessions.owner(body.session),
          now: now(),
        })
        return new Response(await read.plain(body.session, body.index), octets)
      },
      { body: DecryptRequest, response: { 200: t.Any(), ...problems }, beforeHandle: onlyFor('operator') },
    )
}

export type Api = ReturnType<typeof routes>
