import { at, list, number, parsed, text } from './read.ts'

/** A file system as `df` shows it. Sizes are bytes, `inodes` a share of 1. */
export type Disk = {
  readonly device: string
  readonly mount: string
  readonly size: number
  readonly free: number
  readonly used: number
  readonly inodes: number
  /** The kernel mounted it read-only. */
  readonly readOnly: boolean
}

export type Route = { readonly to: string; readonly device: string; readonly line: string }
export type Listener = {
  readonly ip: string
  readonly port: number
  readonly who: string
  readonly pid: number
}

/** The machine under the containers. */
export type Host = {
  /** Its clock, epoch seconds, and how far it is ahead of ours, seconds. */
  readonly now: number
  readonly ahead: number
  readonly machine: string
  readonly kernel: string
  readonly engine: {
    readonly version: string
    readonly memoryLimit: boolean
    readonly root: string
    readonly architecture: string
  }
  readonly cpus: number
  readonly load: number
  /** Bytes. */
  readonly memory: {
    readonly total: number
    readonly available: number
    readonly swapTotal: number
    readonly swapFree: number
  }
  /** Pages a second that went to and came from swap while we looked. */
  readonly swapping: number
  readonly disks: readonly Disk[]
  /** Device to the milliseconds that one operation took while we looked, with the number of operations. */
  readonly waits: readonly { readonly device: string; readonly ms: number; readonly operations: number }[]
  /** Share of the last 10 s in which something waited for the disk, percent; undefined where the kernel does not count. */
  readonly ioPressure: number | undefined
  readonly throttled: number | undefined
  /** Degrees Celsius. */
  readonly temperature: number | undefined
  readonly memoryCgroup: boolean
  readonly cmdline: string
  readonly routes: readonly Route[]
  readonly listeners: readonly Listener[]
  readonly processes: readonly string[]
  readonly nameservers: readonly string[]
  readonly ntp: string
  /** Files of a transfer that did not end. */
  readonly leftovers: readonly { readonly name: string; readonly size: number }[]
}

type Sections = ReadonlyMap<string, string>

const lines = (looked: Sections, name: string): readonly string[] =>
  (looked.get(name) ?? '').split('\n').filter(Boolean)

const keyed = (looked: Sections, name: string): ReadonlyMap<string, number> =>
  new Map(
    lines(looked, name).map((line) => {
      const [key = '', value = '0'] = line.replace(':', ' ').trim().split(/\s+/)
      return [key, Number(value)]
    }),
  )

const inodeShare = (line: string): readonly [string, number] => {
  const words = line.split(/\s+/)
  return [words.slice(5).join(' '), number(words[4]) / 100]
}

const disksOf = (looked: Sections): readonly Disk[] => {
  const inodes = new Map(lines(looked, 'inodes').map(inodeShare))
  const options = new Map(
    lines(looked, 'mounts').map((line) => [line.split(' ')[1], line.split(' ')[3] ?? '']),
  )
  const seen = new Map<string, Disk>()
  for (const line of lines(looked, 'disk')) {
    const [device = '', size, used, free, , ...mount] = line.split(/\s+/)
    const on = mount.join(' ')
    seen.set(on, {
      device,
      mount: on,
      size: number(size) * 1024,
      used: number(used) * 1024,
      free: number(free) * 1024,
      inodes: inodes.get(on) ?? 0,
      readOnly: (options.get(on) ?? '').split(',').includes('ro'),
    })
  }
  return [...seen.values()]
}

type Counted = { readonly operations: number; readonly ms: number }

/** Reads and writes that ended, and the time they took (Documentation/admin-guide/iostats.rst). */
const diskCounts = (looked: Sections, name: string): ReadonlyMap<string, Counted> =>
  new Map(
    lines(looked, name).map((line) => {
      const [, , device = '', reads, , , readMs, writes, , , writeMs] = line.trim().split(/\s+/)
      return [device, { operations: number(reads) + number(writes), ms: number(readMs) + number(writeMs) }]
    }),
  )

const waitsOf = (looked: Sections): Host['waits'] => {
  const before = diskCounts(looked, 'diskstats 1')
  return [...diskCounts(looked, 'diskstats 2')].flatMap(([device, now]) => {
    const then = before.get(device)
    const operations = now.operations - (then?.operations ?? now.operations)
    if (then === undefined || operations <= 0 || /^(?:loop|ram|zram)/.test(device)) return []
    return [{ device, operations, ms: (now.ms - then.ms) / operations }]
  })
}

const routesOf = (looked: Sections): readonly Route[] =>
  lines(looked, 'routes').map((line) => ({
    line: line.trim(),
    to: line.trim().split(/\s+/)[0] ?? '',
    device: /\bdev (\S+)/.exec(line)?.[1] ?? '',
  }))

const listenersOf = (looked: Sections): readonly Listener[] =>
  lines(looked, 'listeners').flatMap((line) => {
    const [, , , local = ''] = line.trim().split(/\s+/)
    const [, ip = '', port = ''] = /^(.*):(\d+)$/.exec(local) ?? []
    const [, who = '', pid = '0'] = /users:\(\("([^"]+)",pid=(\d+)/.exec(line) ?? []
    return port === '' ? [] : [{ ip: ip.replaceAll(/[[\]]/g, ''), port: Number(port), who, pid: Number(pid) }]
  })

/** Bits as the firmware gives them: `throttled=0x50005`, or hexadecimal alone in /sys. */
const throttledOf = (said: string): number | undefined => {
  const [, hex] = /(?:throttled=)?(?:0x)?([0-9a-f]+)\s*$/i.exec(said) ?? []
  return hex === undefined ? undefined : Number.parseInt(hex, 16)
}

const memoryCgroup = (looked: Sections, engineHasIt: boolean): boolean => {
  const row = lines(looked, 'cgroups').find((line) => /^memory\s/.test(line))
  // Version 2 lists no memory row on newer kernels; the engine then says whether it can limit.
  return row === undefined ? engineHasIt : row.trim().split(/\s+/)[3] === '1' && engineHasIt
}

/** Reads the machine's part of a first look. `now` is our own clock in the middle of the look's first answer, epoch seconds. */
export const hostOf = (looked: Sections, now: number): Host => {
  const engine = parsed(looked.get('docker') ?? '')
  const memory = keyed(looked, 'meminfo')
  const swap = (name: string) => {
    const counts = keyed(looked, name)
    return (counts.get('pswpin') ?? 0) + (counts.get('pswpout') ?? 0)
  }
  const io = lines(looked, 'pressure').find((line) => line.startsWith('io some'))
  const heat = looked.get('temperature') ?? ''
  const clock = number(looked.get('date'))
  const [machine = '', kernel = ''] = lines(looked, 'uname')
  const kib = (key: string) => (memory.get(key) ?? 0) * 1024
  return {
    now: clock,
    ahead: clock - now,
    machine,
    kernel,
    engine: {
      version: text(at(engine, 'ServerVersion')),
      memoryLimit: at(engine, 'MemoryLimit') !== false,
      root: text(at(engine, 'DockerRootDir')),
      architecture: text(at(engine, 'Architecture')),
    },
    cpus: number(looked.get('cpus')) || number(at(engine, 'NCPU')) || 1,
    load: number((looked.get('loadavg') ?? '').split(' ')[1]),
    memory: {
      total: kib('MemTotal'),
      available: kib('MemAvailable'),
      swapTotal: kib('SwapTotal'),
      swapFree: kib('SwapFree'),
    },
    swapping: swap('vmstat 2') - swap('vmstat 1'),
    disks: disksOf(looked),
    waits: waitsOf(looked),
    ioPressure: io === undefined ? undefined : number(/avg10=([\d.]+)/.exec(io)?.[1]),
    throttled: throttledOf(looked.get('throttled') ?? ''),
    temperature: heat === '' ? undefined : number(heat) / 1000,
    memoryCgroup: memoryCgroup(looked, at(engine, 'MemoryLimit') !== false),
    cmdline: looked.get('cmdline') ?? '',
    routes: routesOf(looked),
    listeners: listenersOf(looked),
    processes: lines(looked, 'processes').map((line) => line.trim()),
    nameservers: lines(looked, 'resolv').flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? []),
    ntp: (looked.get('ntp') ?? '').split('=')[1] ?? '',
    leftovers: lines(looked, 'leftovers').map((line) => {
      const words = line.trim().split(/\s+/)
      return { name: words.at(-1) ?? '', size: number(words[4]) }
    }),
  }
}

/** Whether the engine answered; its last words where it did not. */
export const engineTrouble = (looked: Sections): string | undefined => {
  if (looked.has('absent')) return 'docker is not installed there'
  const said = looked.get('docker') ?? ''
  const engine = parsed(said)
  const errors = list(at(engine, 'ServerErrors')).map(text)
  if (engine === undefined) return said.split('\n').at(-1) || 'docker does not answer there'
  return errors[0]
}
