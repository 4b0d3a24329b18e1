import { dirname, resolve } from 'node:path'
import { type AnchorDocument, isPending } from '#common/evidence/anchor'
import { collectAudit } from '#common/evidence/audit-lines'
import { type BundleDocuments, bundleParts, bundleSize } from '#common/evidence/bundle'
import { fileSink } from '#common/evidence/file-edge'
import type { SessionKeys } from '#common/evidence/keys'
import { parseManifest } from '#common/evidence/manifest'
import type { SealedKeys } from '#common/evidence/owner-seal'
import { type Call, ok } from '#common/http/client'
import { isFault } from '#common/process/fault'
import { syncFolderAsync } from '#common/process/sync-folder'
import { utf8 } from '#common/stream/bytes'
import { beforeInterrupt } from '../cli/interrupt.ts'
import { makeGrant } from './owner.ts'
import type { Clients } from './upload.ts'

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

/** audit.jsonl; undefined for a session that an older release opened. */
const findAudit = (clients: Clients, session: string, withheld?: readonly string[]): Promise<Uint8Array | undefined> =>
  collectAudit(async (after) => {
    const query = after === undefined ? {} : { after }
    return (await ok(clients.orchestrator().sessions({ id: session }).audit.get({ query }))).events
  }, withheld)

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

type ExportOptions = {
  readonly file: string
  /** The owner's key (hex), which asks for the session key too. */
  readonly ownerKey?: string
  /** Types of audit events whose bodies stay away. */
  readonly withheld?: readonly string[]
  readonly onProgress: (done: number, of: number) => void
}

/** All of a bundle but its chunks. */
const collectDocuments = async (
  clients: Clients,
  session: string,
  { ownerKey, withheld }: Pick<ExportOptions, 'ownerKey' | 'withheld'>,
): Promise<BundleDocuments> => {
  const signed = await ok(clients.orchestrator().sessions({ id: session }).manifest.get())
  const { manifest, alg, public_key, signature } = signed
  const anchor = await anchorOf(clients, session)
  const sealed = await sealedKeysOf(clients, session)
  const audit = await findAudit(clients, session, withheld)
  return {
    manifest: utf8(manifest),
    signature: { alg, public_key, signature },
    anchor,
    ...(ownerKey === undefined ? {} : { keys: await keysOf(clients, session, ownerKey) }),
    ...(sealed === undefined ? {} : { sealed }),
    ...(audit === undefined ? {} : { audit }),
  }
}

/**
 * Writes the evidence bundle of a session to `file`: under another name first, so that the name always holds
 * a whole bundle. Throws what `fileSink` throws, and Fault
 * `not-sealed-yet`, `never-sealed`, `chunk-damaged`, `grant-not-owner`. Answers what was written, and how many gaps its
 * manifest states (one at the end for a recording that broke off).
 */
export const exportBundle = async (
  clients: Clients,
  session: string,
  { file, onProgress, ...chosen }: ExportOptions,
) => {
  const out = await fileSink(file, { mode: chosen.ownerKey === undefined ? 0o644 : 0o600 })
  const forget = beforeInterrupt(out.abort)
  try {
    const documents = await collectDocuments(clients, session, chosen)
    const size = bundleSize(documents)
    let done = 0
    for await (const part of bundleParts(documents, chunkFrom(clients.raw('session-encryptor'), session))) {
      await out.write(part)
      done += part.length
      onProgress(done, size)
    }
    await out.commit()
    await syncFolderAsync(dirname(resolve(file)))
    const { chunk_count: chunks, gaps } = parseManifest(documents.manifest)
    return { file, bytes: done, chunks, gaps: gaps.length, anchored: !isPending(documents.anchor) }
  } catch (error) {
    await out.abort()
    throw error
  } finally {
    forget()
  }
}
