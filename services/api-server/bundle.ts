import type { AnchorDocument } from '#common/evidence/anchor'
import { collectAudit } from '#common/evidence/audit-lines'
import { type BundleDocuments, bundleName, bundleParts, bundleSize } from '#common/evidence/bundle'
import type { OwnerGrant } from '#common/evidence/owner-grant'
import { ok } from '#common/http/client'
import { isFault } from '#common/process/fault'
import { utf8 } from '#common/stream/bytes'
import type { Neighbours } from './neighbours.ts'
import { toStream } from './stream-body.ts'

/** What `work` answers, or `instead` where it fails with one of these codes. */
export const orElse = async <R, I>(work: Promise<R>, codes: readonly string[], instead: I): Promise<R | I> => {
  try {
    return await work
  } catch (error) {
    if (isFault(error) && codes.includes(error.code)) return instead
    throw error
  }
}

const pending: AnchorDocument = { status: 'pending' }

/** All of a bundle but its chunks; with the session key where its owner signed a grant. */
const collectDocuments = async (
  neighbours: Neighbours,
  id: string,
  grant: OwnerGrant | undefined,
): Promise<BundleDocuments> => {
  const { orchestrator, encryptor, chain } = neighbours
  const { manifest, alg, public_key, signature } = await ok(orchestrator.sessions({ id }).manifest.get())
  const anchor = await orElse(ok(chain.anchors({ session: id }).get()), ['not-on-chain'], pending)
  const sealed = await orElse(
    ok(encryptor.sessions({ id }).key.sealed.get()),
    ['not-sealed-to-owner', 'key-erased'],
    undefined,
  )
  const audit = await collectAudit(async (after) => {
    const query = after === undefined ? {} : { after }
    return (await ok(orchestrator.sessions({ id }).audit.get({ query }))).events
  })
  const key = grant && (await ok(encryptor.sessions({ id }).key.post({ grant })))
  return {
    manifest: utf8(manifest),
    signature: { alg, public_key, signature },
    anchor,
    ...(key && { keys: { session_key: key.session_key } }),
    ...(sealed && { sealed }),
    ...(audit && { audit }),
  }
}

/**
 * The evidence bundle of a session as a stream of a known length: one chunk is in memory at a time. Throws Fault
 * `not-sealed-yet`, `never-sealed`, `key-erased` and those of a grant; a chunk that fails later cuts the answer.
 */
export const answerBundle = async (neighbours: Neighbours, id: string, grant?: OwnerGrant): Promise<Response> => {
  const documents = await collectDocuments(neighbours, id, grant)
  const chunk = async (index: number) => {
    const reply = await neighbours.chunkFile(`/sessions/${id}/chunks/${index}`)
    return new Uint8Array(await reply.arrayBuffer())
  }
  return new Response(toStream(bundleParts(documents, chunk)), {
    headers: {
      'content-type': 'application/x-tar',
      'content-length': String(bundleSize(documents)),
      'content-disposition': `attachment; filename="${bundleName(id)}"`,
      'cache-control': 'no-store',
    },
  })
}
