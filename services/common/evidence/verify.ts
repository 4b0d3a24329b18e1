import type { Aead } from '#common/engines/aead'
import { errorMessage } from '../process/error.ts'
import { Fault } from '../process/fault.ts'
import { type Check, concludeChecks, type Verdict } from './check.ts'
import type { Sink } from './file-edge.ts'
import { chunkKeysFor } from './keys.ts'
import type { Manifest } from './manifest.ts'
import type { Reader } from './reader.ts'
import { type Scan, scanBundle } from './scan.ts'
import { buildStatement, type Statement } from './statement.ts'
import { judgeAnchor } from './verify-anchor.ts'
import { checkAudit } from './verify-audit.ts'
import { type ChunkReport, type Decryption, verifyChunks } from './verify-chunks.ts'
import {
  checkConsistency,
  checkSignature,
  checkStructure,
  type Documents,
  type HashedManifest,
  provenEvent,
  readDocuments,
} from './verify-documents.ts'
import { checkKeys, type Unlocked, unlockKeys } from './verify-keys.ts'
import { checkGaps, checkTimes } from './verify-times.ts'

export type Verification = {
  readonly reader: Reader
  readonly aead: Aead
  /** The ledger's public key that the verifier trusts, 32 bytes as hex. */
  readonly trust?: string
  /** The owner's X25519 secret key, 32 bytes: opens the session key of keys.sealed.json. */
  readonly ownerKey?: Uint8Array
  /** Where the plaintext goes; it is committed only when nothing is wrong. Needs keys for all chunks in the bundle. */
  readonly decryptTo?: Sink
  readonly onProgress?: (done: number, total: number) => void
}

const decryptionOf = (
  { aead, decryptTo }: Verification,
  { keys }: Unlocked,
  session: string,
): Decryption | undefined =>
  keys === undefined || 'fault' in keys
    ? undefined
    : { aead, keyFor: chunkKeysFor(keys.value, session), ...(decryptTo === undefined ? {} : { sink: decryptTo }) }

/** What of the manifest is to be believed where the chunks contradict it. */
const weighManifest = ({ manifest, hash }: HashedManifest, { anchor }: Documents, signed: boolean) => {
  const proven = provenEvent(anchor)
  return {
    root: proven?.merkleRoot ?? manifest.merkle_root,
    isAuthentic: signed || proven?.manifestHash === hash.toHex(),
  }
}

const passChunks = (
  work: Verification,
  scan: Scan,
  manifest: Manifest,
  weight: ReturnType<typeof weighManifest>,
  unlocked: Unlocked,
) => {
  const decryption = decryptionOf(work, unlocked, manifest.session_id)
  return verifyChunks({
    reader: work.reader,
    scan,
    manifest,
    ...weight,
    ...(decryption === undefined ? {} : { decryption }),
    ...(work.onProgress === undefined ? {} : { onProgress: work.onProgress }),
  })
}

/** What a verification says beside its checks. `undone` = why what was asked for beside the verdict (plaintext, opening by the owner's key) was not done. */
export type Findings = { readonly statement?: Statement; readonly undone?: unknown }

const undone = (code: string, why: string): Fault => new Fault('missing', code, `nothing was decrypted: ${why}`)

/** Gives the plaintext its name, or says why there is none: a Fault of ours, or what the sink threw. */
const commitPlain = async (
  sink: Sink,
  sound: boolean,
  { keys, locked }: Unlocked,
  { written, writeError }: ChunkReport,
): Promise<unknown> => {
  if (!sound) return undone('not-sound', 'not every check holds')
  if (keys === undefined)
    return locked ?? undone('no-keys', 'the bundle holds no keys.json; export it with --with-keys')
  if (writeError !== undefined) return writeError
  if (!written) return undone('no-keys', 'keys.json holds no key for some chunks')
  return sink.commit().then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** The lines on a bundle whose manifest can be read, and what they leave to do. */
async function* judgeSession(work: Verification, scan: Scan, documents: Documents, hashed: HashedManifest) {
  let sound = true
  const tell = (check: Check): Check => {
    sound &&= check.ok !== false
    return check
  }
  const { manifest } = hashed
  yield* checkStructure(scan, manifest).map(tell)
  yield* checkConsistency(hashed).map(tell)
  const signature = tell(checkSignature(hashed, documents))
  yield signature
  const unlocked = unlockKeys(manifest, documents, work.ownerKey)
  const weight = weighManifest(hashed, documents, signature.ok === true)
  const chunks = await passChunks(work, scan, manifest, weight, unlocked)
  yield* chunks.checks.map(tell)
  const { check, registration } = judgeAnchor(hashed, documents.anchor, work.trust)
  yield tell(check)
  yield* checkTimes(manifest, registration?.blockTime).map(tell)
  yield* checkGaps(manifest).map(tell)
  const audit = await checkAudit(work.reader, scan, manifest)
  yield* audit.checks.map(tell)
  yield* checkKeys(manifest, documents, unlocked, chunks).map(tell)
  const statement = buildStatement({
    manifest,
    registration,
    opened: chunks.opened,
    trust: work.trust,
    audit,
    sealed: documents.sealed !== undefined && work.ownerKey === undefined,
  })
  return { sound, statement, unlocked, chunks }
}

/**
 * Verifies a bundle with nothing but its bytes: one line a check in the order of SPEC section 4, several where
 * several things are wrong, as far as the bundle can soundly be judged. Memory does not grow with the bundle.
 * Give the lines to `concludeChecks`. What becomes of the plaintext comes last and is no part of the verdict.
 * Throws only what the reader throws.
 */
export async function* verifyBundle(work: Verification): AsyncGenerator<Check, Findings, undefined> {
  const { decryptTo } = work
  let settled = decryptTo === undefined
  try {
    const scan = await scanBundle(work.reader)
    const documents = await readDocuments(work.reader, scan)
    if ('fault' in documents.manifest) {
      yield* checkStructure(scan, undefined)
      const detail = `${documents.manifest.fault}; without it nothing else can be judged`
      yield { check: 'manifest', ok: false, detail }
      return decryptTo === undefined ? {} : { undone: undone('not-sound', 'not every check holds') }
    }
    const hashed = documents.manifest.value
    const { sound, statement, unlocked, chunks } = yield* judgeSession(work, scan, documents, hashed)
    const missed = decryptTo && (await commitPlain(decryptTo, sound, unlocked, chunks))
    settled = missed === undefined
    if (missed !== undefined) yield { check: 'decrypt', ok: 'skipped', detail: errorMessage(missed) }
    else if (decryptTo !== undefined) yield { check: 'decrypt', ok: true, detail: `${statement.bytes} bytes written` }
    const reason = missed ?? unlocked.locked
    return { statement, ...(reason === undefined ? {} : { undone: reason }) }
  } finally {
    if (!settled) await decryptTo?.abort()
  }
}

/** A verification to its end. */
export type Judgement = Findings & { readonly verdict: Verdict; readonly checks: readonly Check[] }

/** Verifies a bundle and concludes; `onCheck` gets each line as soon as it is known. Throws what the reader throws. */
export const judgeBundle = async (
  work: Verification,
  onCheck: (check: Check) => void = () => {},
): Promise<Judgement> => {
  const checks: Check[] = []
  const lines = verifyBundle(work)
  try {
    for (;;) {
      const { done, value } = await lines.next()
      if (done) return { ...value, verdict: concludeChecks(checks), checks }
      checks.push(value)
      onCheck(value)
    }
  } finally {
    await lines.return({})
  }
}
