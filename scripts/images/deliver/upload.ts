import { CliError } from '../../cli/fail.ts'
import { type ChunkSize, firstChunk, grown, shrunk } from './chunk-size.ts'
import { ConnectionLost, type Line, type Registry, RegistryError } from './registry.ts'
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

/** Where an upload stands: its address changes with every answer. */
type Place = { readonly location: string; readonly offset: number }

const readLocation = (response: Response): string => {
  const location = response.headers.get('location')
  if (location === null)
    throw new CliError('the registry took an upload and did not say where: it is no registry of the OCI')
  return location
}

/** Bytes that the registry has, from its `Range: 0-N`; undefined when it does not say. */
const durable = (response: Response): number | undefined => {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1]
  return last === undefined ? undefined : Number(last) + 1
}

const withDigest = (location: string, digest: string): string =>
  `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`

/**
 * Sends a blob in chunks. A chunk that is lost is asked about: what arrived is not sent again. A registry that has
 * forgotten the upload (docker-registry 2.8 does so for a chunk that came in part) gets it from the start, in smaller
 * chunks with a connection each. Throws ConnectionLost after TRIES losses in a row without a byte gained, RegistryError
 * when it refuses.
 */
export const upload = async (
  registry: Registry,
  source: Source,
  {
    line,
    transfer,
    onSent,
  }: { readonly line: Line; readonly transfer: Transfer; readonly onSent: (bytes: number) => void },
): Promise<void> => {
  const { repository, call } = registry
  const uploads = `/v2/${repository.name}/blobs/uploads/`

  const begin = async (): Promise<Place> => {
    const response = await call({ method: 'POST', to: uploads, answers: [202] })
    await response.body?.cancel()
    return { location: readLocation(response), offset: 0 }
  }

  /** Where an upload stands after a loss; from the start when the registry no longer knows. */
  const whereNow = async ({ location }: Place): Promise<Place> => {
    try {
      const response = await call({ method: 'GET', to: location, answers: [204] })
      const offset = durable(response)
      // `0-0` is both "nothing" and "one byte" in practice: either way it is safe to begin again.
      if (offset !== undefined && offset > 1 && offset <= source.size)
        return { location: response.headers.get('location') ?? location, offset }
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
    }
    return begin()
  }

  const step = async (place: Place): Promise<Place | 'done'> => {
    if (place.offset === source.size) {
      const to = withDigest(place.location, source.digest)
      const response = await call({
        method: 'PUT',
        to,
        headers: { 'content-length': '0' },
        answers: [201, 204],
        tries: 1,
      })
      await response.body?.cancel()
      return 'done'
    }
    const end = Math.min(place.offset + transfer.chunk.next, source.size)
    const body = await source.read(place.offset, end)
    try {
      const response = await call({
        method: 'PATCH',
        to: place.location,
        headers: {
          'content-type': 'application/octet-stream',
          'content-range': `${place.offset}-${end - 1}`,
        },
        body,
        answers: [202, 204],
        tries: 1,
        connection: transfer.connection,
      })
      await response.body?.cancel()
      onSent(body.length)
      transfer.chunk = grown(transfer.chunk)
      return { location: readLocation(response), offset: durable(response) ?? end }
    } catch (error) {
      if (error instanceof ConnectionLost) {
        // Another blob may have learnt a smaller size in the meantime.
        transfer.chunk = shrunk(Math.min(body.length, transfer.chunk.ceiling))
        transfer.connection = 'own'
      }
      throw error
    }
  }

  let place = await begin()
  let furthest = 0
  let losses = 0
  for (;;) {
    try {
      const next = await step(place)
      if (next === 'done') return
      place = next
      if (place.offset > furthest) losses = 0
      furthest = Math.max(furthest, place.offset)
    } catch (error) {
      // 404 and 416: it has forgotten this upload, or counts otherwise.
      const forgotten = error instanceof RegistryError && (error.status === 404 || error.status === 416)
      if (!(error instanceof ConnectionLost) && !forgotten) throw error
      losses++
      if (losses >= TRIES)
        throw new ConnectionLost(
          `${error.message}; ${losses} times in a row at byte ${place.offset}: try again later`,
        )
      await line.pause(waitBefore(losses + 1, null, line.random()))
      // The answer may have been lost, and not the upload.
      if (place.offset === source.size && (await hasBlob(registry, source.digest))) return
      place = await whereNow(place)
    }
  }
}
