import { type Listening, parseListening } from './networks.ts'
import type { Sections } from './sections.ts'
import { readCount, readText } from './values.ts'

/** What a release needs of a host: read at the level `preflight` and above. Sizes are bytes. */
export type Readiness = {
  /** `uname -m`, `uname -r` */
  readonly machine: string
  readonly kernel: string
  readonly compose: string
  readonly flock: boolean
  /** `/etc/machine-id` holds an id (machine-id(5)); what it is stays there. */
  readonly machineId: boolean
  /** The platform's folder, or the nearest above it that is there, can be written. */
  readonly writable: boolean
  /** On the disks of the platform's folder and of the engine's. */
  readonly freePlatform: number
  readonly freeEngine: number
  readonly listening: readonly Listening[]
  /** Secrets that are there, `owner/KEY`, of those that were asked for. */
  readonly secrets: readonly string[]
  readonly volumes: readonly string[]
  /** The key whose signature the host takes; undefined before the first deploy. */
  readonly signer: string | undefined
}

/** Reads the sections of preflight.sh; undefined when they are not there, or not to their end. */
export const parseReadiness = (sections: Sections): Readiness | undefined => {
  if (!sections.has('end-preflight')) return undefined
  const lines = (name: string) => sections.get(name) ?? []
  const first = (name: string) => readText(lines(name)[0])
  const free = (of: string) =>
    (readCount(
      lines('free')
        .find((line) => line.startsWith(`${of} `))
        ?.split(' ')[1],
    ) ?? 0) * 1024
  const [machine = '', kernel = ''] = lines('machine')
  const signer = first('signer')
  return {
    machine,
    kernel,
    compose: first('compose-version'),
    flock: first('programs') !== '',
    machineId: first('machine-id') === '1',
    writable: first('writable') === 'yes',
    freePlatform: free('platform'),
    freeEngine: free('engine'),
    listening: parseListening(lines('sockets')),
    secrets: lines('secrets'),
    volumes: lines('volumes'),
    signer: /^[0-9a-f]{64}$/.test(signer) ? signer : undefined,
  }
}
