import type { MarkedVolume } from '../volume-mark.ts'
import { type Certificate, parseCertificates } from './certificate.ts'
import { type Container, parseContainer } from './container.ts'
import { type DeployState, parseDeployState } from './deploy-state.ts'
import type { Deployed } from './deployed.ts'
import type { Diagnosis } from './diagnosis.ts'
import { type Disk, parseDisks } from './disks.ts'
import { parseMarkedVolumes } from './marked-volumes.ts'
import { parseMemoryUse } from './memory-use.ts'
import type { NetworkFact, Route } from './networks.ts'
import type { Readiness } from './readiness.ts'
import { parseSections, type Sections } from './sections.ts'
import { dropUndefined, parseJson, readCount, readObject, readText } from './values.ts'

/** The container engine: what it says, or why it says nothing. */
export type Engine =
  | {
      readonly is: 'up'
      readonly version: string
      readonly root: string
      /** False where the kernel neither counts nor limits the memory of containers. */
      readonly limitsMemory: boolean
      /** As images call it: `linux/arm64`; empty when it does not say. */
      readonly platform: string
    }
  | { readonly is: 'down'; readonly why: string }
  | { readonly is: 'absent' }

/** Something that runs by the clock: when it last went well (epoch ms; undefined: never), and whether the last run did. */
export type Stamp = { readonly at?: number; readonly ok: boolean; readonly id: string }

/** What a host says of itself; only this shape is trusted. Times epoch ms, sizes bytes. */
export type HostFacts = {
  /** The text came to its end. */
  readonly whole: boolean
  readonly at?: number
  readonly dir?: string
  readonly engine: Engine
  readonly containers: readonly Container[]
  /** `containers` are all that there are; false when the engine did not tell, or not to the end. */
  readonly allContainers: boolean
  /** Compose files of the committed release that are not as they were brought; none where no copies are. */
  readonly changedFiles?: readonly string[]
  /** Names of the engine's volumes; of an engine that does not tell, or a collector of an older release, nothing. */
  readonly volumes?: readonly string[]
  /** What lies in ours, where a container was there to look. */
  readonly markedVolumes?: readonly MarkedVolume[]
  /** Of the platform's folder and of the engine's; each file system once. */
  readonly disks: readonly Disk[]
  readonly memory?: {
    readonly total: number
    readonly available: number
    readonly swapTotal: number
    readonly swapFree: number
  }
  readonly load?: readonly [one: number, five: number, fifteen: number]
  readonly cpus?: number
  /** Seconds since the kernel was started. */
  readonly uptime?: number
  /** Processes that the kernel killed for want of memory since it was started, in containers and outside. */
  readonly oomKills?: number
  readonly temperature?: number
  /** The Raspberry Pi's bits: 0 under-voltage, 1 frequency capped, 2 throttled, 3 soft limit; from 16: has happened. */
  readonly throttled?: number
  readonly certificates: readonly Certificate[]
  readonly backup?: Stamp
  readonly drill?: Stamp
  readonly deployed?: Deployed
  readonly readiness?: Readiness
  readonly networks?: readonly NetworkFact[]
  readonly routes?: readonly Route[]
  readonly diagnosis?: Diagnosis
} & DeployState

const platforms: Readonly<Record<string, string>> = {
  x86_64: 'linux/amd64',
  aarch64: 'linux/arm64',
  arm64: 'linux/arm64',
}

const parseEngine = (line = ''): Engine => {
  if (line === 'absent' || line === '') return { is: 'absent' }
  if (line.startsWith('failed: '))
    return { is: 'down', why: readText(line.slice('failed: '.length)) || 'it does not say why' }
  const { version, root, memoryLimit, architecture } = readObject(parseJson(line))
  const said = readText(version)
  return said === ''
    ? { is: 'down', why: 'its answer cannot be read' }
    : {
        is: 'up',
        version: said,
        root: readText(root),
        limitsMemory: memoryLimit === true,
        platform: platforms[readText(architecture)] ?? '',
      }
}

const parseMemory = (lines: readonly string[]): HostFacts['memory'] => {
  const of = (name: string) => readCount(lines.find((line) => line.startsWith(`${name}:`))?.match(/(\d+) kB/)?.[1])
  const [total, available] = [of('MemTotal'), of('MemAvailable')]
  return total === undefined || available === undefined
    ? undefined
    : {
        total: total * 1024,
        available: available * 1024,
        swapTotal: (of('SwapTotal') ?? 0) * 1024,
        swapFree: (of('SwapFree') ?? 0) * 1024,
      }
}

const parseLoad = (line = ''): HostFacts['load'] => {
  const [one = Number.NaN, five = Number.NaN, fifteen = Number.NaN] = line.split(' ').slice(0, 3).map(Number)
  return [one, five, fifteen].every((value) => value >= 0) ? [one, five, fifteen] : undefined
}

/** `throttled=0x50005` of the program, or the bare digits of the kernel's file. */
const parseThrottled = (line = ''): number | undefined => {
  const digits = /^(?:throttled=)?(?:0x)?([0-9a-f]{1,8})$/.exec(line.trim())?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits, 16)
}

const parseStamp = (lines: readonly string[]): Stamp | undefined => {
  const { at, ok, id } = readObject(parseJson(lines.join('\n')))
  const moment = readCount(at)
  return typeof ok === 'boolean' && (moment !== undefined || !ok)
    ? { ...(moment !== undefined && { at: moment }), ok, id: readText(id) }
    : undefined
}

const scaled = (value: number | undefined, factor: number) => (value === undefined ? undefined : value * factor)

const parseContainers = (sections: Sections): readonly Container[] => {
  const lines = (name: string) => sections.get(name) ?? []
  const used = parseMemoryUse(lines('memory-in-use'), lines('stats'))
  return lines('containers')
    .map((line) => parseContainer(line, used))
    .filter((container) => container !== undefined)
}

/** What the collector printed, from the level `cron` on; undefined when it is none of its. Never throws. */
export const parseFacts = (text: string): HostFacts | undefined => {
  const sections = parseSections(text)
  const lines = (name: string) => sections.get(name) ?? []
  const first = (name: string) => lines(name)[0]
  if (first('facts') !== '1') return undefined
  const containers = parseContainers(sections)
  const listed = readCount(first('containers')?.match(/^listed (\d+)$/)?.[1])
  const dir = readText(first('platform'))
  return {
    whole: sections.has('end'),
    engine: parseEngine(first('engine')),
    containers,
    allContainers: listed !== undefined && containers.length >= listed,
    disks: parseDisks(sections),
    certificates: parseCertificates(lines('certificates')),
    ...(dir.startsWith('/') && { dir }),
    ...parseDeployState(sections),
    ...dropUndefined({
      changedFiles: sections.get('changed-files')?.map((line) => readText(line)),
      volumes: sections.get('volumes'),
      markedVolumes: parseMarkedVolumes(lines('volume-marks')),
      at: scaled(readCount(first('date')), 1000),
      memory: parseMemory(lines('memory')),
      load: parseLoad(first('load')),
      cpus: readCount(first('cpus')),
      uptime: readCount(first('uptime')?.split('.')[0]),
      oomKills: readCount(first('oom-kills')),
      temperature: scaled(readCount(first('temperature')), 1 / 1000),
      throttled: parseThrottled(first('throttled')),
      backup: parseStamp(lines('backup')),
      drill: parseStamp(lines('drill')),
    }),
  }
}
