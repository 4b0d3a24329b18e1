import { Fault } from '../process/fault.ts'
import type { Shape } from './shape.ts'

/** What every driver answers in the same words. */

export const stale = (shape: Shape) =>
  new Fault('conflict', 'stale', `this ${shape.name} document was changed meanwhile: read it again, then repeat`)

export const missing = (shape: Shape) => new Fault('missing', 'missing', `${shape.name} has no document with this id`)

export const duplicate = (collection: string, cause?: unknown) =>
  new Fault('conflict', 'duplicate', `${collection} holds this id or unique value already`, { cause })

export const diskFull = (cause: unknown) =>
  new Fault(
    'unavailable',
    'disk-full',
    'the disk that holds the data is full and nothing was written: free space there, then repeat the request',
    { retryAfter: 30_000, cause },
  )

export const closedStore = () =>
  new Fault('unavailable', 'store-closed', 'the store is closed: the service is stopping')

export const declaredTwice = (shape: Shape) =>
  new Fault('invalid', 'bad-declaration', `${shape.name} is declared twice, differently`)

export const kindChanged = (shape: Shape, field: string, was: string) =>
  new Fault(
    'invalid',
    'declaration-changed',
    `${shape.name}.${field} is kept as ${was}: a change of kind needs a migration`,
  )
