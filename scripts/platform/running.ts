import { CliError } from '../cli/fail.ts'
import type { Home } from './home.ts'
import { isLocked } from './lock.ts'
import { type PlatformRecord, readRecord } from './record.ts'

/** `up`: a supervisor lives. `crashed`: a record without one. `down`: nothing. */
export type Situation =
  | { readonly kind: 'up'; readonly record: PlatformRecord | undefined }
  | { readonly kind: 'crashed'; readonly record: PlatformRecord }
  | { readonly kind: 'down' }

/** What of a platform there is in a state folder. */
export const readSituation = (home: Home): Situation => {
  const record = readRecord(home)
  if (isLocked(home)) return { kind: 'up', record }
  return record === undefined ? { kind: 'down' } : { kind: 'crashed', record }
}

/** The record of the running platform. Throws CliError saying how to start it. */
export const requireRunning = (home: Home): PlatformRecord => {
  const now = readSituation(home)
  if (now.kind === 'up' && now.record !== undefined) return now.record
  throw new CliError(`the platform of ${home.root} is not running: start it with bun run up --detach`)
}

/** The address of a running service. Throws CliError when the platform or the service is not up. */
export const findUrl = (home: Home, service: string): string => {
  const record = requireRunning(home)
  const found = record.services[service]
  if (found !== undefined) return found.url
  const state = record.absent[service]?.state
  throw new CliError(
    state === undefined
      ? `${service} is not part of what runs: bun run down, then bun run up with its stack`
      : `${service} is ${state}: bun run logs ${service} says why`,
  )
}
