import { type Container, containerOf } from './container.ts'
import { type Host, hostOf } from './host-facts.ts'
import type { Dialled, Walked } from './look/inside.ts'
import { at, fields, list, number, parsed, parsedLines, text } from './read.ts'
import { type Usage, usageOf } from './usage.ts'
import type { Wanted } from './wanted.ts'

export type NetworkFact = {
  readonly id: string
  readonly subnet: string
  readonly internal: boolean
  readonly bridge: string
}

/** A path of the host: what is there, or why it could not be looked at. */
export type FileFact =
  | {
      readonly kind: 'file' | 'folder' | 'other'
      readonly mode: string
      readonly uid: number
      readonly size: number
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unknown'; readonly said: string }

/** Everything that was seen of a host. The rules read this and nothing else. */
export type Facts = {
  readonly dir: string
  readonly host: Host
  /** Undefined where nothing of Lucid is deployed. */
  readonly wanted: Wanted | undefined
  readonly containers: readonly Container[]
  readonly networks: Readonly<Record<string, NetworkFact>>
  readonly volumes: readonly string[]
  /** Platform of each wanted image; undefined where the host does not hold it. */
  readonly images: Readonly<Record<string, string | undefined>>
  readonly files: Readonly<Record<string, FileFact>>
  /** Last lines of containers that are not well. */
  readonly logs: Readonly<Record<string, readonly string[]>>
  readonly usage: Readonly<Record<string, Usage>>
  readonly walked: Readonly<Record<string, Walked>>
  /** Container id to the bytes of its logs. */
  readonly logSizes: Readonly<Record<string, number>>
  /** What containers reached, by the name of the one that tried. */
  readonly dialled: Readonly<Record<string, readonly Dialled[]>>
  /** Loopback port of the host to the fault of a connection; empty is well. */
  readonly ports: Readonly<Record<string, string>>
  /** Containers that the kernel ended for want of memory in the last quarter of an hour. */
  readonly outOfMemory: readonly string[]
  readonly backups: boolean
  /** There is a release before this one. */
  readonly previous: boolean
  /** What could not be looked at, each with its reason. */
  readonly gaps: readonly string[]
}

type Sections = ReadonlyMap<string, string>

const networksOf = (looked: Sections): Readonly<Record<string, NetworkFact>> =>
  Object.fromEntries(
    parsedLines(looked.get('networks') ?? '').map((value) => {
      const id = text(at(value, 'Id'))
      return [
        text(at(value, 'Name')),
        {
          id,
          subnet: text(at(list(at(value, 'IPAM', 'Config'))[0], 'Subnet')),
          internal: at(value, 'Internal') === true,
          bridge: text(at(value, 'Options', 'com.docker.network.bridge.name')) || `br-${id.slice(0, 12)}`,
        },
      ] as const
    }),
  )

const kinds: Readonly<Record<string, 'file' | 'folder'>> = { '-': 'file', d: 'folder' }

/** A line of `ls -lnd`: mode, links, uid, gid, size. */
export const fileOf = (said: string): FileFact => {
  if (/No such file|Not a directory/i.test(said)) return { kind: 'missing' }
  const [, type = '', mode = '', uid = '', size = ''] =
    /^(\S)([rwxsStT-]{9})\S*\s+\d+\s+(\d+)\s+\d+\s+(\d+)/.exec(said) ?? []
  if (mode === '') return { kind: 'unknown', said }
  return { kind: kinds[type] ?? 'other', mode, uid: Number(uid), size: Number(size) }
}

const prefixed = (looked: Sections, prefix: string): readonly (readonly [string, string])[] =>
  [...looked].flatMap(([name, value]) =>
    name.startsWith(`${prefix} `) ? [[name.slice(prefix.length + 1), value] as const] : [],
  )

const platformOf = (said: string): string | undefined => /^sha256:[0-9a-f]{64}\|(\S+)$/.exec(said.trim())?.[1]

/** The last line, since what the engine warns of comes before it. */
const answer = (said: string): unknown => parsed(said.split('\n').at(-1) ?? '')

const dialledOf = (said: string): readonly Dialled[] =>
  list(answer(said)).map((one) => ({
    host: text(at(one, 'host')),
    port: number(at(one, 'port')),
    addresses: list(at(one, 'addresses')).map(text),
    fault: text(at(one, 'fault')),
  }))

const walkedOf = (value: unknown): Walked => {
  const names = (key: string) => list(at(value, key)).map(text)
  const count = (key: string) => number(at(value, key))
  return {
    name: text(at(value, 'name')),
    uid: count('uid'),
    gid: count('gid'),
    mode: count('mode'),
    entries: count('entries'),
    foreign: count('foreign'),
    foreignPaths: names('foreignPaths'),
    closed: count('closed'),
    closedPaths: names('closedPaths'),
    cut: at(value, 'cut') === true,
    size: count('size'),
    free: count('free'),
    inodes: count('inodes'),
    readOnly: at(value, 'readOnly') === true,
    largest: list(at(value, 'largest')).map((one) => ({
      path: text(at(one, 'path')),
      size: number(at(one, 'size')),
    })),
  }
}

const gapsOf = (second: Sections | undefined): readonly string[] => {
  if (second === undefined) return []
  if ((second.get('probe') ?? '') === '')
    return [
      'the inside of networks and volumes: no image with Bun is on the host (that of server-tools, or any of ours)',
    ]
  return [
    ...prefixed(second, 'dial'),
    ['ports', second.get('ports') ?? '[]'] as const,
    ['walk', second.get('walk') ?? '{}'] as const,
  ].flatMap(([what, said]) =>
    answer(said) === undefined ? [`${what}: ${said.split('\n').at(-1) || 'no answer'}`] : [],
  )
}

export const containersOf = (looked: Sections): readonly Container[] =>
  parsedLines(looked.get('containers') ?? '').map(containerOf)

/** Between two restarts the engine shows 0: what it ended with is then in the engine's events. */
const lastExit = (looked: Sections, one: Container): Container => {
  if (one.status !== 'running' || one.restarts === 0) return one
  const died = parsedLines(looked.get('events') ?? '').findLast(
    (event) =>
      text(at(event, 'Actor', 'Attributes', 'exitCode')) !== '' && text(at(event, 'Actor', 'ID')) === one.id,
  )
  return died === undefined ? one : { ...one, exitCode: number(at(died, 'Actor', 'Attributes', 'exitCode')) }
}

/** Puts two looks together. `now` is our own clock when the first one answered, epoch seconds. */
export const factsOf = (
  first: Sections,
  second: Sections | undefined,
  {
    dir,
    now,
    wanted,
    gaps = [],
  }: {
    readonly dir: string
    readonly now: number
    readonly wanted: Wanted | undefined
    readonly gaps?: readonly string[]
  },
): Facts => {
  const closer: Sections = second ?? new Map()
  const walk = answer(closer.get('walk') ?? '')
  return {
    dir,
    host: hostOf(first, now),
    wanted,
    containers: containersOf(first).map((one) => lastExit(first, one)),
    networks: networksOf(first),
    volumes: parsedLines(first.get('volumes') ?? '').map((value) => text(at(value, 'Name'))),
    images: Object.fromEntries(prefixed(closer, 'image').map(([name, said]) => [name, platformOf(said)])),
    files: Object.fromEntries(prefixed(closer, 'file').map(([path, said]) => [path, fileOf(said)])),
    logs: Object.fromEntries(
      prefixed(closer, 'log').map(([name, said]) => [name, said.split('\n').filter(Boolean)]),
    ),
    usage: usageOf(first),
    walked: Object.fromEntries(
      list(at(walk, 'volumes'))
        .map(walkedOf)
        .map((one) => [one.name, one]),
    ),
    logSizes: Object.fromEntries(
      Object.entries(fields(at(walk, 'logs'))).map(([id, size]) => [id, number(size)]),
    ),
    dialled: Object.fromEntries(prefixed(closer, 'dial').map(([name, said]) => [name, dialledOf(said)])),
    ports: Object.fromEntries(
      dialledOf(closer.get('ports') ?? '').map(({ port, fault }) => [String(port), fault]),
    ),
    outOfMemory: parsedLines(first.get('events') ?? '')
      .filter((event) => text(at(event, 'status')) === 'oom' || text(at(event, 'Action')) === 'oom')
      .map((event) => text(at(event, 'Actor', 'Attributes', 'name'))),
    backups: (first.get('backups') ?? '') !== '',
    previous: (first.get('previous') ?? '') !== '',
    gaps: [...gaps, ...gapsOf(second)],
  }
}
