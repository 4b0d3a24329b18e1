import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { EXIT_CANNOT_CREATE } from '#common/cli/sysexits'
import type { AnchorDocument } from '#common/evidence/anchor'
import { bundleParts, bundleSize } from '#common/evidence/bundle'
import type { SessionKeys } from '#common/evidence/keys'
import type { SealedKeys } from '#common/evidence/owner-seal'
import { type Call, ok } from '#common/http/client'
import { isFault } from '#common/process/fault'
import { syncFolderAsync } from '#common/process/sync-folder'
import { utf8 } from '#common/stream/bytes'
import { CliError } from '../cli/fail.ts'
import { makeGrant } from './owner.ts'
import type { Clients } from './upload.ts'

/** An export: what was written. */
export type Exported = {
  readonly file: string
  readonly bytes: number
  readonly chunks: number
  readonly anchored: boolean
}

const anchorOf = async (clients: Clients, session: string): Promise<AnchorDocument> => {
  try {
    return await ok(clients.chain().anchors({ session }).get())
  } catch (error) {
    if (isFault(error) && error.kind === 'missing') return { status: 'pending' }
    throw error
  }
}

/** The session key as only the owner can open it; undefined for a session without an owner's X25519 key. */
const sealedKeysOf = async (clients: Clients, session: string): Promise<SealedKeys | undefined> => {
  try {
    return await ok(clients.encryptor().sessions({ id: session }).key.sealed.get())
  } catch (error) {
    if (isFault(error, 'not-sealed-to-owner')) return undefined
    throw error
  }
}

const chunkFrom =
  (encryptor: Call, session: string) =>
  async (index: number): Promise<Uint8Array<ArrayBuffer>> => {
    const reply = await encryptor(`/sessions/${session}/chunks/${index}`)
    return new Uint8Array(await reply.arrayBuffer())
  }

const keysOf = async (clients: Clients, session: string, ownerKeyHex: string): Promise<SessionKeys> => {
  const grant = makeGrant(session, ownerKeyHex, Date.now())
  const { session_key } = await ok(clients.encryptor().sessions({ id: session }).key.post({ grant }))
  return { session_key }
}

/**
 * Writes the evidence bundle of a session to `file`: under another name first, so that the name always holds
 * a whole bundle. `ownerKey` (hex) asks for the keys too. Throws CliError when the file exists, Fault
 * `not-sealed-yet`, `chunk-damaged`, `grant-not-owner`.
 */
export const exportBundle = async (
  clients: Clients,
  session: string,
  {
    file,
    ownerKey,
    onProgress,
  }: {
    readonly file: string
    readonly ownerKey?: string
    readonly onProgress: (done: number, of: number) => void
  },
): Promise<Exported> => {
  const path = resolve(file)
  if (await stat(path).catch(() => undefined))
    throw new CliError(`${file} exists already: name another one with --out FILE`, {
      exitCode: EXIT_CANNOT_CREATE,
    })
  const signed = await ok(clients.orchestrator().sessions({ id: session }).manifest.get())
  const { manifest, alg, public_key, signature } = signed
  const anchor = await anchorOf(clients, session)
  const sealed = await sealedKeysOf(clients, session)
  const documents = {
    manifest: utf8(manifest),
    signature: { alg, public_key, signature },
    anchor,
    ...(ownerKey === undefined ? {} : { keys: await keysOf(clients, session, ownerKey) }),
    ...(sealed === undefined ? {} : { sealed }),
  }
  const size = bundleSize(documents)
  const chunk = chunkFrom(clients.raw('session-encryptor'), session)
  const unfinished = `${path}.part-${process.pid}`
  const out = await open(unfinished, 'wx', ownerKey === undefined ? 0o644 : 0o600).catch((cause) => {
    throw new CliError(`cannot write ${file}: ${cause.code}; name another place with --out FILE`, {
      exitCode: EXIT_CANNOT_CREATE,
      cause,
    })
  })
  let done = 0
  try {
    for await (const part of bundleParts(documents, chunk)) {
      await out.writeFile(part)
      done += part.length
      onProgress(done, size)
    }
    await out.sync()
    await out.close()
    await rename(unfinished, path)
    await syncFolderAsync(dirname(path))
  } catch (error) {
    await out.close().catch(() => {})
    await rm(unfinished, { force: true })
    throw error
  }
  const chunks: number = JSON.parse(manifest).chunk_count
  return { file, bytes: done, chunks, anchored: !('status' in anchor) }
}
