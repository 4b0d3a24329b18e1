import { isFault } from '../process/fault.ts'
import { free, fromHex } from '../stream/bytes.ts'
import { ANCHOR_BOUNDS, type AnchorDocument, type AnchorEvent, isPending, parseAnchor, verifyAnchor } from './anchor.ts'
import {
  ANCHOR_NAME,
  AUDIT_NAME,
  entryName,
  KEYS_NAME,
  MANIFEST_NAME,
  SEALED_KEYS_NAME,
  SIGNATURE_NAME,
} from './bundle.ts'
import { type DocumentBounds, SMALL_DOCUMENT } from './canonical-json.ts'
import { type Check, listFaults } from './check.ts'
import { KEYS_BOUNDS, type Keys, parseKeys } from './keys.ts'
import { contentFaults, longestManifest, type Manifest, manifestHash, parseManifest } from './manifest.ts'
import { parseSealedKeys, type SealedKeys } from './owner-seal.ts'
import type { Reader } from './reader.ts'
import type { Scan } from './scan.ts'
import { type ManifestSignature, parseSignature, verifyHash } from './signature.ts'

/** A document of the bundle, or the sentence that says why there is none to judge. */
export type DocumentOrFault<T> = { readonly value: T } | { readonly fault: string }

const SIZES: Readonly<Record<string, DocumentBounds>> = { [ANCHOR_NAME]: ANCHOR_BOUNDS, [KEYS_NAME]: KEYS_BOUNDS }

/** Bytes of a document that a bundle of `bundle` bytes can need. Nothing larger is read into memory. */
const longestDocument = (name: string, bundle: number): number => {
  if (name === MANIFEST_NAME) return longestManifest(bundle)
  return (SIZES[name] ?? SMALL_DOCUMENT).size
}

const findDocument = async <T>(
  reader: Reader,
  { entries, cut }: Scan,
  name: string,
  parse: (bytes: Uint8Array<ArrayBuffer>) => T,
): Promise<DocumentOrFault<T>> => {
  const entry = entries.find((one) => one.name === name)
  if (entry === undefined) return { fault: `${name} missing${cut === undefined ? '' : ' (the file is truncated)'}` }
  if (entry.size > longestDocument(name, reader.size))
    return { fault: `${name} has ${entry.size} bytes: more than it can need here` }
  const bytes = await reader.read(entry.at, entry.size)
  try {
    return { value: parse(bytes) }
  } catch (error) {
    if (isFault(error)) return { fault: error.message }
    throw error
  } finally {
    free(bytes)
  }
}

const findOptional = async <T>(
  reader: Reader,
  scan: Scan,
  name: string,
  parse: (bytes: Uint8Array<ArrayBuffer>) => T,
): Promise<DocumentOrFault<T> | undefined> =>
  scan.entries.some((entry) => entry.name === name) ? findDocument(reader, scan, name, parse) : undefined

export type HashedManifest = { readonly manifest: Manifest; readonly hash: Uint8Array }

/** All documents of a bundle. `keys` and `sealed` (the session key, sealed to the owner) are undefined when the bundle has none. */
export type Documents = {
  readonly manifest: DocumentOrFault<HashedManifest>
  readonly signature: DocumentOrFault<ManifestSignature>
  readonly anchor: DocumentOrFault<AnchorDocument>
  readonly keys: DocumentOrFault<Keys> | undefined
  readonly sealed: DocumentOrFault<SealedKeys> | undefined
}

/** Reads and parses the documents; faults of their content come back as sentences, faults of the reader are thrown. */
export const readDocuments = async (reader: Reader, scan: Scan): Promise<Documents> => ({
  manifest: await findDocument(reader, scan, MANIFEST_NAME, (bytes) => ({
    manifest: parseManifest(bytes),
    hash: manifestHash(bytes),
  })),
  signature: await findDocument(reader, scan, SIGNATURE_NAME, parseSignature),
  anchor: await findDocument(reader, scan, ANCHOR_NAME, parseAnchor),
  keys: await findOptional(reader, scan, KEYS_NAME, parseKeys),
  sealed: await findOptional(reader, scan, SEALED_KEYS_NAME, parseSealedKeys),
})

/** A line of the verification. */
export const line = (check: Check['check'], ok: Check['ok'], detail: string): Check => ({ check, ok, detail })

/** The first place where the entry names are not what the manifest demands, as a sentence. */
const nameFault = ({ entries, cut }: Scan, manifest: Manifest): string | undefined => {
  const names = entries.map((entry) => entry.name)
  const contents = {
    chunks: manifest.chunk_count,
    keys: names.includes(KEYS_NAME),
    sealed: names.includes(SEALED_KEYS_NAME),
    audit: names.includes(AUDIT_NAME),
  }
  for (const [place, name] of names.entries()) {
    const expected = entryName(place, contents)
    if (name === undefined || name === expected) continue
    return `entry ${place} is ${name}${expected === undefined ? ', and no further entry belongs there' : `, where ${expected} belongs`}`
  }
  const next = cut === undefined ? entryName(names.length, contents) : undefined
  return next === undefined ? undefined : `the archive ends where ${next} belongs`
}

/** The lines on the archive itself: canonical ustar, entry order, nothing missing behind, nothing following. */
export const checkStructure = (scan: Scan, manifest: Manifest | undefined): readonly Check[] => {
  const named = manifest === undefined ? undefined : nameFault(scan, manifest)
  const faults = [
    ...(scan.cut === undefined ? [] : [`truncated: ${scan.cut}`]),
    ...scan.faults,
    ...(named === undefined ? [] : [named]),
  ]
  if (faults.length > 0) return listFaults('structure', faults)
  const order = manifest === undefined ? ', their order not judged' : ' in order'
  return [line('structure', true, `canonical ustar, ${scan.entries.length} entries${order}`)]
}

/** The lines on the manifest's inner consistency. */
export const checkConsistency = ({ manifest, hash }: HashedManifest): readonly Check[] => {
  const faults = contentFaults(manifest)
  if (faults.length === 0)
    return [line('manifest', true, `session ${manifest.session_id}, manifest_hash ${hash.toHex()}`)]
  return listFaults('manifest', faults)
}

/** What the chain holds for a session, where the bundle's anchor proves it. */
export const provenEvent = (anchor: DocumentOrFault<AnchorDocument>): AnchorEvent | undefined => {
  if (!('value' in anchor) || isPending(anchor.value)) return undefined
  try {
    verifyAnchor(anchor.value)
    return anchor.value.event
  } catch {
    return undefined
  }
}

/** The line on the session key's signature; where it fails, the anchor tells whether manifest or signature was altered. */
export const checkSignature = ({ manifest, hash }: HashedManifest, { signature, anchor }: Documents): Check => {
  if ('fault' in signature) return line('signature', false, `bad signature: ${signature.fault}`)
  const { public_key, signature: bytes } = signature.value
  if (public_key !== manifest.session_public_key)
    return line('signature', false, 'bad signature: it is by another key than the session_public_key of the manifest')
  if (verifyHash(hash, fromHex(bytes), fromHex(public_key)))
    return line('signature', true, `Ed25519 by the session key ${public_key}`)
  const anchored = provenEvent(anchor)?.manifestHash
  if (anchored === undefined)
    return line('signature', false, 'bad signature: the manifest or its signature was altered')
  return anchored === hash.toHex()
    ? line('signature', false, 'bad signature: the manifest is the anchored one, its signature was altered')
    : line('signature', false, 'manifest altered: its hash is neither the signed nor the anchored one')
}
