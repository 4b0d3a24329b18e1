import { CliError } from '../../cli/fail.ts'
import { type ChunkSize, firstChunk, grown, shrunk } from './chunk-size.ts'
import { ConnectionLost, type Network, RegistryError } from './network.ts'
import type { Registry } from './registry.ts'
import { TRIES, waitBefore } from './retry-after.ts'

/** A blob to send: `read` gives its bytes from `from` up to and without `to`. */
export type Source = {
  readonly digest: string
  readonly size: number
  readonly read: (from: number, to: number) => Promise<Uint8Array<ArrayBuffer>>
}

/** What is learnt about a connection, by all blobs that share it. */
export type Transfer = { chunk: ChunkSize; connection: 'shared' | 'own' }

export const newTransfer = (): Transfer => ({ chunk: firstChunk, connection: 'shared' })

/** Whether the repository has a blob. */
export const hasBlob = async ({ repository, call }: Registry, digest: string): Promise<boolean> => {
  // Some registries answer with the address of a blob elsewhere: it is there.
  const answers = [200, 302, 303, 307, 404]
  const response = await call({ method: 'HEAD', to: `/v2/${repository.name}/blobs/${digest}`, answers })
  await response.body?.cancel()
  return response.status !== 404
}

type Position = { readonly location: string; readonly offset: number }

const readLocation = (response: Response): string => {
  const location = response.headers.get('location')
  if (location === null)
    throw new CliError('the registry took an upload and did not say where: it is no registry of the OCI')
  return location
}

const parseRange = (response: Response): number | undefined => {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1]
  return last === undefined ? undefined : Number(last) + 1
}

const withDigest = (location: string, digest: string): string =>
  `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`

const begin = async ({ repository, call }: Registry): Promise<Position> => {
  const to = `/v2/${repository.name}/blobs/uploads/`
  const response = await call({ method: 'POST', to, answers: [202] })
  await response.body?.cancel()
  return { location: readLocation(response), offset: 0 }
}

/** Where an upload stands after a loss; from the start when the registry no longer knows. */
const findPosition = async (registry: Registry, { location }: Position, size: number): Promise<Position> => {
  try {
    const response = await registry.call({ method: 'GET', to: location, answers: [204] })
    const offset = parseRange(response)
    // `0-0` is both "nothing" and "one byte" in practice: either way it is safe to begin again.
    if (offset !== undefined && offset > 1 && offset <= size)
      return { location: response.headers.get('location') ?? location, offset }
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
  }
  return begin(registry)
}

const finish = async ({ call }: Registry, { location }: Position, digest: string): Promise<void> => {
  const response = await call({
    method: 'PUT',
    to: withDigest(location, digest),
    headers: { 'content-length': '0' },
    answers: [201, 204],
    tries: 1,
  })
  await response.body?.cancel()
}

type UploadOptions = {
  readonly network: Network
  readonly transfer: Transfer
  readonly onSent: (bytes: number) => void
}

/** Sends the next chunk and notes how the connection bore it. */
const sendChunk = async (
  { call }: Registry,
  { size, read }: Source,
  { location, offset }: Position,
  { transfer, onSent }: Pick<UploadOptions, 'transfer' | 'onSent'>,
): Promise<Position> => {
  const end = Math.min(offset + transfer.chunk.next, size)
  const body = await read(offset, end)
  try {
    const response = await call({
      method: 'PATCH',
      to: location,
      headers: { 'content-type': 'application/octet-stream', 'content-range': `${offset}-${end - 1}` },
      body,
      answers: [202, 204],
      tries: 1,
      connection: transfer.connection,
    })
    await response.body?.cancel()
    onSent(body.length)
    transfer.chunk = grown(transfer.chunk)
    return { location: readLocation(response), offset: parseRange(response) ?? end }
  } catch (error) {
    if (error instanceof ConnectionLost) {
      // Another blob may have learnt a smaller size in the meantime.
      transfer.chunk = shrunk(Math.min(body.length, transfer.chunk.ceiling))
      transfer.connection = 'own'
    }
    throw error
  }
}

/** A loss after which the upload goes on. 404 and 416: the registry has forgotten it, or counts otherwise. */
const isLoss = (error: unknown): error is ConnectionLost | RegistryError =>
  error instanceof ConnectionLost || (error instanceof RegistryError && (error.status === 404 || error.status === 416))

/**
 * Sends a blob in chunks. A chunk that is lost is asked about: what arrived is not sent again. A registry that has
 * forgotten the upload (docker-registry 2.8 does so for a chunk that came in part) gets it from the start, in smaller
 * chunks with a connection each. Throws ConnectionLost after TRIES losses in a row without a byte gained, RegistryError
 * when it refuses.
 */
export const upload = async (
  registry: Registry,
  source: Source,
  { network, ...options }: UploadOptions,
): Promise<void> => {
  let position = await begin(registry)
  let furthest = 0
  let losses = 0
  for (;;) {
    try {
      if (position.offset === source.size) return await finish(registry, position, source.digest)
      position = await sendChunk(registry, source, position, options)
      if (position.offset > furthest) losses = 0
      furthest = Math.max(furthest, position.offset)
    } catch (error) {
      if (!isLoss(error)) throw error
      losses++
      if (losses >= TRIES)
        throw new ConnectionLost(
          `${error.message}; ${losses} times in a row at byte ${position.offset}: try again later`,
        )
      await network.pause(waitBefore(losses + 1, null, network.random()))
      // The answer may have been lost, and not the upload.
      if (position.offset === source.size && (await hasBlob(registry, source.digest))) return
      position = await findPosition(registry, position, source.size)
    }
  }
}
