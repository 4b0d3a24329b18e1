import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { backoff, retry } from '#common/process/backoff'
import { errorCode, errorMessage } from '#common/process/error'
import { CliError } from '../../cli/fail.ts'
import { type Checksum, checksum, readBlob, writeBlob } from './cache.ts'

/** Where a download comes from is asked for only when the cache does not have it. */
export type Source = {
  readonly what: string
  readonly checksum: Checksum
  readonly size?: number
  readonly address: () => Promise<string>
  readonly remedy: string
}

/** Gets a file from an address; undefined when there is none (404, 410). Throws for anything else that goes wrong. */
export type Get = (address: string) => Promise<Uint8Array | undefined>

const TRIES = 3
const IDLE_MS = 60_000

const shown = (address: string): string => {
  const url = new URL(address)
  url.username = ''
  url.password = ''
  return url.href
}

const once = async (address: string): Promise<Uint8Array | undefined> => {
  if (address.startsWith('file:')) return new Uint8Array(await readFile(fileURLToPath(address)))
  const answer = await fetch(address, { signal: AbortSignal.timeout(10 * IDLE_MS) })
  if (answer.status === 404 || answer.status === 410) return undefined
  if (!answer.ok) throw new Error(`status ${answer.status}`)
  const bytes = new Uint8Array(await answer.arrayBuffer())
  const expectedLength = answer.headers.get('content-length')
  if (
    expectedLength !== null &&
    answer.headers.get('content-encoding') === null &&
    Number(expectedLength) !== bytes.length
  )
    throw new Error(`${bytes.length} of ${expectedLength} bytes came`)
  return bytes
}

const isAbsent = (error: unknown): boolean => errorCode(error) === 'ENOENT'

/** The live way: three tries over http, https or file. Throws CliError that names the address without credentials. */
export const get: Get = async (address) => {
  try {
    return await retry(() => once(address), {
      tries: TRIES,
      isPassing: (error) => !isAbsent(error),
      delay: (failures) => backoff(failures - 1, { first: 200, most: IDLE_MS }),
      pause: Bun.sleep,
    })
  } catch (cause) {
    if (isAbsent(cause)) return undefined
    throw new CliError(`${shown(address)} cannot be fetched: ${errorMessage(cause)}`, { cause })
  }
}

/** The bytes that a checksum names, cached or fetched. Throws CliError for what has gone or is not what was pinned. */
export const obtain = async (cache: string, source: Source, fetched: Get = get): Promise<Uint8Array> => {
  const cached = readBlob(cache, source.checksum)
  if (cached !== undefined) return cached
  const address = await source.address()
  const bytes = await fetched(address)
  if (bytes === undefined)
    throw new CliError(`${source.what} is no longer at ${shown(address)}; pin what there is now: ${source.remedy}`)
  if (source.size !== undefined && bytes.length !== source.size)
    throw new CliError(
      `${source.what} from ${shown(address)} has ${bytes.length} bytes, the lock says ${source.size}: nothing was cached`,
    )
  if (checksum(bytes, source.checksum.algorithm).hex !== source.checksum.hex)
    throw new CliError(
      `${source.what} from ${shown(address)} is not what the lock pins (${source.checksum.algorithm}): nothing was cached`,
    )
  writeBlob(cache, bytes, source.checksum.algorithm)
  return bytes
}
