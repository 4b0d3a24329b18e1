import { isFault } from '../process/fault.ts'
import { fromHex } from '../stream/bytes.ts'
import { type AnchorDocument, isPending, parseAnchor, verifyAnchor } from './anchor.ts'
import {
  ANCHOR_NAME,
  entryNames,
  KEYS_NAME,
  MANIFEST_NAME,
  SEALED_KEYS_NAME,
  SIGNATURE_NAME,
} from './bundle.ts'
import type { Check } from './check.ts'
import { type Keys, parseKeys } from './keys.ts'
import { contentFaults, type Manifest, manifestHash, parseManifest } from './manifest.ts'
import { parseSealedKeys, type SealedKeys } from './owner-seal.ts'
import type { Reader } from './reader.ts'
import type { Scan } from './scan.ts'
import { type ManifestSignature, parseSignature, verifyHash } from './signature.ts'

/** A document of the bundle, or the sentence that says why there is none to judge. */
export type DocumentOrFault<T> = { readonly value: T } | { readonly fault: string }

/** 64 MiB of manifest are some 230,000 chunks; the other documents are small. Nothing larger is read into memory. */
const MAX_SIZES: Readonly<Record<string, number>> = { [MANIFEST_NAME]: 64 * 1024 * 1024 }
const MAX_SMALL = 4 * 1024 * 1024

const findDocument = async <T>(
  reader: Reader,
  { entries, cut }: Scan,
  name: string,
  parse: (bytes: Uint8Array<ArrayBuffer>) => T,
): Promise<DocumentOrFault<T>> => {
  const entry = entries.find((one) => one.name === name)
  if (entry === undefined)
    return { fault: `${name} missing${cut === undefined ? '' : ' (the file is truncated)'}` }
  if (entry.size > (MAX_SIZES[name] ?? MAX_SMALL))
    return { fault: `${name} has ${entry.size} bytes: too large to be one` }
  const bytes = await reader.read(entry.at, entry.size)
  try {
    return { value: parse(bytes) }
  } catch (error) {
    if (isFault(error)) return { fault: error.message }
    throw error
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
  const expected = entryNames(manifest.chunk_count, {
    keys: names.includes(KEYS_NAME),
    sealed: names.includes(SEALED_KEYS_NAME),
  })
  const length = cut === undefined ? Math.max(names.length, expected.length) : names.length
  for (let at = 0; at < length; at += 1) {
    if (names[at] === expected[at] || (at < names.length && names[at] === undefined)) continue
    if (names[at] === undefined) return `the archive ends where ${expected[at]} belongs`
    return `entry ${at} is ${names[at]}${expected[at] === undefined ? ', and no further entry belongs there' : `, where ${expected[at]} belongs`}`
  }
  return undefined
}

/** The lines on the archive itself: canonical ustar, entry order, nothing missing behind, nothing following. */
export const checkStructure = (scan: Scan, manifest: Manifest | undefined): readonly Check[] => {
  const named = manifest === undefined ? undefined : nameFault(scan, manifest)
  const faults = [
    ...(scan.cut === undefined ? [] : [`truncated: ${scan.cut}`]),
    ...scan.faults,
    ...(named === undefined ? [] : [named]),
  ]
  if (faults.length > 0) return faults.map((fault) => line('structure', false, fault))
  return [line('structure', true, `canonical ustar, ${scan.entries.length} entries in order`)]
}

/** The lines on the manifest's inner consistency. */
export const checkConsistency = ({ manifest, hash }: HashedManifest): readonly Check[] => {
  const faults = contentFaults(manifest)
  if (faults.length === 0)
    return [line('manifest', true, `session ${manifest.session_id}, manifest_hash ${hash.toHex()}`)]
  return faults.slice(0, 20).map((fault) => line('manifest', false, fault))
}

/** The hash that the chain holds for this session, where the bundle's anchor proves one. */
const provenHash = (anchor: DocumentOrFault<AnchorDocument>): string | undefined => {
  if (!('value' in anchor) || isPending(anchor.value)) return undefined
  try {
    verifyAnchor(anchor.value)
    return anchor.value.event.manifestHash
  } catch {
    return undefined
  }
}

/** The line on the session key's signature; where it fails, the anchor tells whether manifest or signature was altered. */
export const checkSignature = (
  { manifest, hash }: HashedManifest,
  { signature, anchor }: Documents,
): Check => {
  if ('fault' in signature) return line('signature', false, `bad signature: ${signature.fault}`)
  const { public_key, signature: bytes } = signature.value
  if (public_key !== manifest.session_public_key)
    return line(
      'signature',
      false,
      'bad signature: it is by another key than the session_public_key of the manifest',
    )
  if (verifyHash(hash, fromHex(bytes), fromHex(public_key)))
    return line('signature', true, `Ed25519 by the session key ${public_key}`)
  const anchored = provenHash(anchor)
  if (anchored === undefined)
    return line('signature', false, 'bad signature: the manifest or its signature was altered')
  return anchored === hash.toHex()
    ? line('signature', false, 'bad signature: the manifest is the anchored one, its signature was altered')
    : line('signature', false, 'manifest altered: its hash is neither the signed nor the anchored one')
}
