import { compress } from '#common/engines/zstd'
import { call, client } from '#common/http/client'
import type { Guard } from '#common/http/identity'
import { silentLog } from '#common/process/log'
import { bufferPool } from '#common/stream/buffer-pool'
import { limiter } from '#common/stream/limiter'
import { guardAs } from '#common/testing/app'
import { type Identities, identities } from '#common/testing/identities'
import { listening } from '#common/testing/wire'
import { encryptorAt, OWNER, plainOf, sessionId } from '#services/session-encryptor/fixture'
import type { Api } from '#services/session-encryptor/routes'
import { type Encryptor, encryptorOver } from './encryptor.ts'
import type { PipelineParts } from './pipeline.ts'
import { pipelines } from './pipelines.ts'
import { routes } from './routes.ts'

/** The way to session-encryptor over HTTP, with the chunker's own identity. */
export const toEncryptor = (url: string, who: Identities): Encryptor => {
  const options = { callee: 'session-encryptor', sign: who.sign('session-chunker') }
  return encryptorOver(client<Api>(url, options), call(url, options))
}

/** All that a pipeline needs, with pauses that are short. */
export const pipelineParts = (encryptor: Encryptor, now: () => number = Date.now): PipelineParts => ({
  now,
  encryptor,
  compress,
  level: 3,
  slot: limiter(3),
  pause: () => Bun.sleep(2),
  pool: (size) => bufferPool(size, 4),
})

/** session-chunker before an encryptor. */
export const chunkerFor = (
  encryptor: Encryptor,
  guard: Guard = guardAs('session-recorder'),
  now: () => number = Date.now,
) => {
  const all = pipelines(pipelineParts(encryptor, now))
  return { pipelines: all, app: routes({ pipelines: all, parts: { guard, log: silentLog } }) }
}

/** A real encryptor behind a real port and a chunker before it; it can be shut and opened again on its data. */
export const chunkerAndEncryptor = async (root: string, now: () => number = Date.now) => {
  const who = identities()
  const open = () => encryptorAt({ root, guard: who.guard('session-encryptor') })
  let behind = await open()
  let served = listening(behind.app)
  const encryptor = toEncryptor(served.url, who)
  const { app, pipelines: all } = chunkerFor(encryptor, undefined, now)

  const shut = async () => {
    await served.stop()
    await behind.close()
  }
  const reopen = async () => {
    behind = await open()
    served = listening(behind.app, served.port)
  }

  return {
    app,
    pipelines: all,
    encryptor,
    /** The encryptor as it is now. */
    behind: () => behind,
    plainOf: (session: string) => plainOf(behind, session),
    shut,
    reopen,
    newSession: (n: number, chunk_size = 1024) =>
      behind.sessions.create({ session: sessionId(n), owner: OWNER, chunk_size }),
  }
}

/** Bytes as a body that comes in pieces of these sizes; what is left comes as one. */
export async function* inPieces(bytes: Uint8Array, sizes: readonly number[] = []) {
  let at = 0
  for (const size of sizes) {
    if (size > 0 && at < bytes.length) yield bytes.slice(at, at + size)
    at += size
  }
  if (at < bytes.length) yield bytes.slice(at)
}
