import { type Certificate, certificatesOf } from './certificate.ts'
import { type Container, containerOf, memoryByContainer } from './container.ts'
import { type Deploy, deployOf } from './deploy-facts.ts'
import { countOf, jsonOf, objectOf, textOf } from './read.ts'
import { type Sections, sectionsOf } from './sections.ts'

/** The container engine: what it says, or why it says nothing. */
export type Engine =
  | { readonly is: 'up'; readonly version: string; readonly root: string; readonly limitsMemory: boolean }
  | { readonly is: 'down'; readonly why: string }
  | { readonly is: 'absent' }

/** The file system that holds a folder; sizes in bytes. */
export type Disk = { readonly mount: string; readonly size: number; readonly free: number }

/** Something that runs by the clock: when it last went well (epoch ms; undefined: never), and whether the last run did. */
export type Stamp = { readonly at?: number; readonly ok: boolean; readonly id: string }

/** What a host says of itself. Nothing in it is trusted to be true, only to have this shape. Times are epoch ms, sizes bytes. */
export type Facts = {
  /** The text came to its end. */
  readonly whole: boolean
  /** The host's clock. */
  readonly at?: number
  /** The platform's folder, when it is there. */
  readonly dir?: string
  readonly engine: Engine
  readonly containers: readonly Container[]
  /** `containers` are all that there are; false when the engine did not tell, or not to the end. */
  readonly allContainers: boolean
  /** Of the platform's folder and of the engine's; each file system once. */
  readonly disks: readonly Disk[]
  readonly memory?: { readonly total: number; readonly available: number }
  readonly load?: readonly [one: number, five: number, fifteen: number]
  readonly cpus?: number
  /** Seconds since the kernel was started. */
  readonly uptime?: number
  /** Processes that the kernel killed for want of memory since it was started, in containers and outside. */
  readonly oomKills?: number
  /** Degrees Celsius. */
  readonly temperature?: number
  /** The Raspberry Pi's bits: 0 under-voltage, 1 frequency capped, 2 throttled, 3 soft limit; from 16: has happened. */
  readonly throttled?: number
  readonly certificates: readonly Certificate[]
  readonly backup?: Stamp
  readonly drill?: Stamp
} & Deploy

const engineOf = (line = ''): Engine => {
  if (line === 'absent' || line === '') return { is: 'absent' }
  if (line.startsWith('failed: '))
    return { is: 'down', why: textOf(line.slice('failed: '.length)) || 'it does not say why' }
  const { version, root, memoryLimit } = objectOf(jsonOf(line))
  const said = textOf(version)
  return said === ''
    ? { is: 'down', why: 'its answer cannot be read' }
    : { is: 'up', version: said, root: textOf(root), limitsMemory: memoryLimit === true }
}

/** A line of `df -Pk` after the word that says of what: the mount may hold blanks, the device does not. */
const diskOf = (line: string): Disk | undefined => {
  const [, size, free, mount = ''] = /^\w+ \S+ +(\d+) +\d+ +(\d+) +\S+ +(\/.*)$/.exec(line) ?? []
  const [sizeKiB, freeKiB] = [countOf(size), countOf(free)]
  return sizeKiB === undefined || freeKiB === undefined || sizeKiB === 0
    ? undefined
    : { mount: textOf(mount), size: sizeKiB * 1024, free: freeKiB * 1024 }
}

const memoryOf = (lines: readonly string[]): Facts['memory'] => {
  const of = (name: string) =>
    countOf(lines.find((line) => line.startsWith(`${name}:`))?.match(/(\d+) kB/)?.[1])
  const [total, available] = [of('MemTotal'), of('MemAvailable')]
  return total === undefined || available === undefined
    ? undefined
    : { total: total * 1024, available: available * 1024 }
}

const loadOf = (line = ''): Facts['load'] => {
  const [one = Number.NaN, five = Number.NaN, fifteen = Number.NaN] = line.split(' ').slice(0, 3).map(Number)
  return [one, five, fifteen].every((value) => value >= 0) ? [one, five, fifteen] : undefined
}

/** `throttled=0x50005` of the program, or the bare digits of the kernel's file. */
const throttledOf = (line = ''): number | undefined => {
  const digits = /^(?:throttled=)?(?:0x)?([0-9a-f]{1,8})$/.exec(line.trim())?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits, 16)
}

const stampOf = (lines: readonly string[]): Stamp | undefined => {
  const { at, ok, id } = objectOf(jsonOf(lines.join('\n')))
  const moment = countOf(at)
  return typeof ok === 'boolean' && (moment !== undefined || !ok)
    ? { ...(moment !== undefined && { at: moment }), ok, id: textOf(id) }
    : undefined
}

const scaled = (value: number | undefined, factor: number) =>
  value === undefined ? undefined : value * factor

/** Undefined fields left out. */
const known = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined> // what fromEntries cannot say
  }

const containersOf = (sections: Sections): readonly Container[] => {
  const lines = (name: string) => sections.get(name) ?? []
  const used = memoryByContainer(lines('memory-in-use'), lines('stats'))
  return lines('containers')
    .map((line) => containerOf(line, used))
    .filter((container) => container !== undefined)
}

/**
 * Reads what health/facts.sh printed. Undefined when the text is none of its; a section that is missing or cannot be
 * read leaves its fact out. Never throws, whatever the text.
 */
export const parseFacts = (text: string): Facts | undefined => {
  const sections = sectionsOf(text)
  const lines = (name: string) => sections.get(name) ?? []
  const first = (name: string) => lines(name)[0]
  if (first('facts') !== '1') return undefined
  const disks = lines('disk')
    .map(diskOf)
    .filter((disk) => disk !== undefined)
  const containers = containersOf(sections)
  const listed = countOf(first('containers')?.match(/^listed (\d+)$/)?.[1])
  const dir = textOf(first('platform'))
  return {
    whole: sections.has('end'),
    engine: engineOf(first('engine')),
    containers,
    allContainers: listed !== undefined && containers.length >= listed,
    disks: [...new Map(disks.map((disk) => [disk.mount, disk])).values()],
    certificates: certificatesOf(lines('certificates')),
    ...(dir.startsWith('/') && { dir }),
    ...deployOf(sections),
    ...known({
      at: scaled(countOf(first('date')), 1000),
      memory: memoryOf(lines('memory')),
      load: loadOf(first('load')),
      cpus: countOf(first('cpus')),
      uptime: countOf(first('uptime')?.split('.')[0]),
      oomKills: countOf(first('oom-kills')),
      temperature: scaled(countOf(first('temperature')), 1 / 1000),
      throttled: throttledOf(first('throttled')),
      backup: stampOf(lines('backup')),
      drill: stampOf(lines('drill')),
    }),
  }
}
