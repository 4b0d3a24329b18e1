import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AnyElysia } from 'elysia'
import { aeadEngine } from '#common/engines/aead'
import type { Random } from '#common/engines/key-wrap'
import { splitChunkFile } from '#common/evidence/chunk-file'
import { openChunk } from '#common/evidence/open-chunk'
import type { Guard } from '#common/http/identity'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { concat } from '#common/stream/bytes'
import { guardAs } from '#common/testing/app'
import { derived } from '#common/testing/sample-session'
import { chunkFolder } from './chunk-folder.ts'
import { routes } from './routes.ts'
import { sessions } from './sessions.ts'

/** A session id that is a UUIDv4 for every small number. */
export const sessionId = (n = 0) => `a1b2c3d4-e5f6-4789-8abc-${n.toString(16).padStart(12, '0')}`

export const OWNER = 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8'
export const MASTER_KEY = derived(1, 'master key')

/** A folder of the test's own; `remove` deletes it. */
export const ownFolder = () => {
  const root = mkdtempSync(join(tmpdir(), 'lucid-pipeline-'))
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) }
}

/** Random bytes that are the same in every run. */
export const countedRandom = (): Random => {
  let calls = 0
  return (size) => derived(calls++, 'random').slice(0, size)
}

export type EncryptorOptions = {
  readonly root: string
  readonly guard?: Guard
  /** Puts something between the service and its store. */
  readonly over?: (store: Store) => Store
  readonly random?: Random
  readonly now?: () => number
  readonly freeBytesKept?: number
  readonly maxSessionBytes?: number
}

/** session-encryptor on the store and the folder under `root`, which may hold what an earlier one left. */
export const encryptorAt = async (options: EncryptorOptions) => {
  const {
    root,
    guard = guardAs('session-chunker'),
    random = (size) => crypto.getRandomValues(new Uint8Array(size)),
  } = options
  const { now = Date.now, freeBytesKept = 0, maxSessionBytes = 10 ** 9 } = options
  const { over = (store: Store) => store } = options
  const store = over(sqliteStore({ path: join(root, 'store.sqlite') }))
  const folder = chunkFolder({ root: join(root, 'chunks'), freeBytesKept })
  const all = sessions({ store, masterKey: MASTER_KEY, random, markErased: () => {} })
  const parts = { store, sessions: all, folder, aead: await aeadEngine(), random, now, maxSessionBytes }
  /** The same service as another caller sees it. */
  const appFor = (as: Guard) => routes({ ...parts, parts: { guard: as, log: silentLog } })
  return { ...parts, app: appFor(guard), appFor, close: () => store.close() }
}

/** Everything that is durable of a session, decrypted and joined. */
export const plainOf = async (
  { sessions: all, folder, aead }: Awaited<ReturnType<typeof encryptorAt>>,
  session: string,
): Promise<Uint8Array> => {
  const { chunk_count } = await all.progress(session)
  const sessionKey = await all.key(session)
  const plains: Uint8Array[] = []
  for (let index = 0; index < chunk_count; index++) {
    const { header, sealed } = splitChunkFile(await folder.read(session, index))
    plains.push(await openChunk(header, sealed, { aead, sessionKey }))
  }
  return concat(...plains)
}

/** A POST or GET with bytes, as status and parsed body (bytes where it is no JSON). */
export const send = async (app: AnyElysia, method: string, path: string, body?: Uint8Array<ArrayBuffer>) => {
  const reply = await app.handle(
    new Request(`http://localhost${path}`, {
      method,
      ...(body === undefined ? {} : { body, headers: { 'content-length': String(body.length) } }),
    }),
  )
  const json = reply.headers.get('content-type')?.includes('json')
  return { status: reply.status, body: json ? await reply.json() : new Uint8Array(await reply.arrayBuffer()) }
}

/** What goes to POST /encrypt. */
export type Sent = {
  readonly session?: string
  readonly index: number
  readonly epoch: number
  readonly flags?: number
  readonly plain?: number
  readonly broken?: boolean
  readonly last_byte_at?: number
}

/** Sends a chunk to an app. */
export const encryptInto = (app: AnyElysia, sent: Sent, bytes: Uint8Array<ArrayBuffer>) => {
  const { session = sessionId(), index, epoch, flags = 0, plain = bytes.length, broken = false } = sent
  const query = new URLSearchParams({
    session,
    index: String(index),
    epoch: String(epoch),
    flags: String(flags),
    plain: String(plain),
    broken: String(broken),
    ...(sent.last_byte_at === undefined ? {} : { last_byte_at: String(sent.last_byte_at) }),
  })
  return send(app, 'POST', `/encrypt?${query}`, bytes)
}
