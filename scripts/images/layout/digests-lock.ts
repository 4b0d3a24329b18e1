import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { CliError } from '../../cli/fail.ts'
import { parseDocument } from '../format/oci.ts'

/** Service to the digest of its image, beside the images. */
export const LOCK_FILE = 'images.lock.json'

const Digest = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' })
const Lock = Type.Object({ services: Type.Record(Type.String(), Type.Object({ digest: Digest })) })

/** What was built: service to digest, and the exact bytes, which may be signed. */
export type ReadLock = {
  readonly path: string
  readonly bytes: Uint8Array
  readonly digests: Readonly<Record<string, string>>
}

/** Reads the lock of a folder of images. Throws CliError when it is missing or no lock. */
export const readImagesLock = (images: string): ReadLock => {
  const path = join(images, LOCK_FILE)
  if (!existsSync(path)) throw new CliError(`${path} is missing: bun run build-distroless makes it`)
  const bytes = readFileSync(path)
  const { services } = parseDocument(Lock, bytes, path)
  return {
    path,
    bytes,
    digests: Object.fromEntries(Object.entries(services).map(([name, { digest }]) => [name, digest])),
  }
}
