import type { Aead } from '#common/engines/aead'
import { fromHex } from '../stream/bytes.ts'
import type { Check } from './check.ts'
import type { Sink } from './file-edge.ts'
import type { Reader } from './reader.ts'
import { scanBundle } from './scan.ts'
import { type ChunkReport, type Decryption, verifyChunks } from './verify-chunks.ts'
import {
  checkAnchor,
  checkConsistency,
  checkSignature,
  checkStructure,
  type Documents,
  type HashedManifest,
  readDocuments,
} from './verify-documents.ts'

export type Verification = {
  readonly reader: Reader
  readonly aead: Aead
  /** The ledger's public key that the verifier trusts, 32 bytes as hex. */
  readonly trust?: string
  /** Where the plaintext goes; it is committed only when every check holds. Needs keys.json in the bundle. */
  readonly decryptTo?: Sink
  /** Bytes of chunks done, of all. */
  readonly onProgress?: (done: number, total: number) => void
}

const decryptionOf = ({ aead, decryptTo }: Verification, { keys }: Documents): Decryption | undefined =>
  keys === undefined || 'fault' in keys
    ? undefined
    : {
        aead,
        sessionKey: fromHex(keys.value.session_key, 32),
        ...(decryptTo === undefined ? {} : { sink: decryptTo }),
      }

const keyChecks = ({ keys }: Documents, { opened, openFault }: ChunkReport): readonly Check[] => {
  if (keys === undefined) return []
  if ('fault' in keys) return [{ check: 'keys', ok: false, detail: keys.fault }]
  if (openFault !== undefined)
    return [{ check: 'keys', ok: false, detail: `the session key does not fit: ${openFault}` }]
  return opened === 0
    ? [{ check: 'keys', ok: false, detail: 'the session key cannot be checked: chunk 0 is not intact' }]
    : [{ check: 'keys', ok: true, detail: 'the session key opens this session' }]
}

const passChunks = (
  work: Verification,
  scan: Awaited<ReturnType<typeof scanBundle>>,
  hashed: HashedManifest,
  documents: Documents,
) => {
  const decryption = decryptionOf(work, documents)
  return verifyChunks({
    reader: work.reader,
    scan,
    manifest: hashed.manifest,
    ...(decryption === undefined ? {} : { decryption }),
    ...(work.onProgress === undefined ? {} : { onProgress: work.onProgress }),
  })
}

/**
 * Verifies a bundle with nothing but its bytes: one line a check in the order of SPEC section 4, several where
 * several things are wrong, as far as the bundle can soundly be judged. Memory does not grow with the bundle.
 * Give the lines to `concludeChecks`. Throws only what reader and sink throw.
 */
export async function* verifyBundle(work: Verification): AsyncGenerator<Check, void, undefined> {
  let sound = true
  let settled = work.decryptTo === undefined
  const tell = (check: Check): Check => {
    sound &&= check.ok !== false
    return check
  }
  try {
    const scan = await scanBundle(work.reader)
    const documents = await readDocuments(work.reader, scan)
    const { manifest } = documents
    if ('fault' in manifest) {
      yield* checkStructure(scan, undefined)
      yield {
        check: 'manifest',
        ok: false,
        detail: `${manifest.fault}; without it nothing else can be judged`,
      }
      return
    }
    const hashed = manifest.value
    yield* checkStructure(scan, hashed.manifest).map(tell)
    yield* checkConsistency(hashed).map(tell)
    yield tell(checkSignature(hashed, documents))
    const chunks = await passChunks(work, scan, hashed, documents)
    yield* chunks.checks.map(tell)
    yield tell(checkAnchor(hashed, documents.anchor, work.trust))
    yield* keyChecks(documents, chunks).map(tell)
    if (work.decryptTo === undefined) return
    if (documents.keys === undefined)
      yield { check: 'decrypt', ok: false, detail: 'nothing written: the bundle holds no keys.json' }
    else if (!sound || chunks.opened !== hashed.manifest.chunk_count)
      yield { check: 'decrypt', ok: false, detail: 'nothing written: not every check holds' }
    else {
      settled = true
      await work.decryptTo.commit()
      yield { check: 'decrypt', ok: true, detail: `${hashed.manifest.total_plain} bytes written` }
    }
  } finally {
    if (!settled) await work.decryptTo?.abort()
  }
}
