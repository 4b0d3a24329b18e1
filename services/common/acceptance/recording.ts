import type { AnchorDocument } from '#common/evidence/anchor'
import type { AuditEvent } from '#common/evidence/audit-event'
import { collectAudit } from '#common/evidence/audit-lines'
import { bundleParts } from '#common/evidence/bundle'
import { signGrant } from '#common/evidence/owner-grant'
import { deriveOwner } from '#common/evidence/tron-message'
import { concat, fromHex, utf8 } from '#common/stream/bytes'
import { type Loose, type ProbeClient, post, read, requireObject, requireThat } from './probe-client.ts'

/** A session that the probes made. Its owner is a key that nobody keeps. */
export type Recorded = {
  readonly id: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly ownerKey: Uint8Array<ArrayBuffer>
  /** From the first byte sent until all was durable and sealed, ms. */
  readonly ms: number
}

const LOOK_EVERY = 100
const GRANT_MS = 60_000

/** A secret key that is one of secp256k1: the order begins with ff bytes, so a draw fails in one of 2^128. */
const newOwner = (client: ProbeClient): Uint8Array<ArrayBuffer> => client.random(32)

/** Draws in pieces: 64 KiB is the most that the source gives at once. */
const noise = (client: ProbeClient, length: number): Uint8Array<ArrayBuffer> => {
  const PIECE = 65_536
  return concat(
    ...Array.from({ length: Math.ceil(length / PIECE) }, (_, at) =>
      client.random(Math.min(PIECE, length - at * PIECE)),
    ),
  )
}

/** Sends a recording of random bytes through the recorder, in one go. Throws what the pipeline says. */
export const record = async (client: ProbeClient, length: number): Promise<Recorded> => {
  const ownerKey = newOwner(client)
  const bytes = noise(client, length)
  const began = client.now()
  const { id } = await post(client, 'session-recorder', '/recordings/start', { owner: deriveOwner(ownerKey) })
  requireThat(typeof id === 'string', 'the recorder gave no id')
  const path = `/recordings/${String(id)}/stream?offset=0&end=true&whole=true`
  await client.call('session-recorder')(path, { method: 'PATCH', body: bytes })
  for (;;) {
    const at = await read(client, 'session-recorder', `/recordings/${String(id)}`)
    requireThat(at['state'] !== 'failed', `the recording failed: ${String(at['error'])}`)
    if (at['state'] === 'ended') {
      requireThat(at['complete'] === true, 'the recording ended without all of its bytes')
      return { id: String(id), bytes, ownerKey, ms: client.now() - began }
    }
    requireThat(client.now() - began < 60_000, `the recording is ${String(at['state'])} after 60 s`)
    await client.pause(LOOK_EVERY)
  }
}

/** Waits until a session is anchored; answers it. Throws after `anchorMs`, and when it failed. */
export const anchored = async (
  client: ProbeClient,
  id: string,
  { anchorMs }: { readonly anchorMs: number },
): Promise<Loose> => {
  const began = client.now()
  for (;;) {
    const session = await read(client, 'session-orchestrator', `/sessions/${id}`)
    requireThat(session['state'] !== 'failed', `the session failed: ${String(session['error'])}`)
    if (session['state'] === 'anchored') return session
    requireThat(
      client.now() - began < anchorMs,
      `the session is ${String(session['state'])} after ${anchorMs / 1000} s`,
    )
    await client.pause(LOOK_EVERY)
  }
}

/** The evidence bundle of an anchored session with its keys, whole, in memory: recordings of the probes are small. */
export const bundleOf = async (client: ProbeClient, { id, ownerKey }: Recorded): Promise<Uint8Array<ArrayBuffer>> => {
  const signed = await read(client, 'session-orchestrator', `/sessions/${id}/manifest`)
  const [manifest, public_key, signature] = ['manifest', 'public_key', 'signature'].map((key) => String(signed[key]))
  // The verifier reads both strictly: what is no anchor or no signature is named there.
  const anchor = (await read(client, 'blockchain-api', `/anchors/${id}`)) as unknown as AnchorDocument
  const expires = client.now() + GRANT_MS
  const grant = { expires, signature: signGrant({ session: id, expires }, ownerKey).toHex() }
  const { session_key } = requireObject(
    await post(client, 'session-encryptor', `/sessions/${id}/key`, { grant }),
    'the key',
  )
  const audit = await collectAudit(async (after) => {
    const page = await read(
      client,
      'session-orchestrator',
      `/sessions/${id}/audit${after === undefined ? '' : `?after=${after}`}`,
    )
    return page['events'] as readonly AuditEvent[] // named by the verifier where they are none
  })
  requireThat(audit !== undefined, 'the session has no audit events that a bundle could hold')
  const chunk = async (index: number) =>
    new Uint8Array(await (await client.call('session-encryptor')(`/sessions/${id}/chunks/${index}`)).arrayBuffer())
  const parts: Uint8Array[] = []
  const documents = {
    manifest: utf8(manifest ?? ''),
    signature: { alg: 'Ed25519', public_key: public_key ?? '', signature: signature ?? '' },
    anchor,
    keys: { session_key: fromHex(String(session_key), 32).toHex() },
    ...(audit && { audit }),
  } as const
  for await (const part of bundleParts(documents, chunk)) parts.push(part)
  return concat(...parts)
}
