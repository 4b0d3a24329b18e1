import { parseSections, type Sections } from '#common/host/facts/sections'
import { parseJson, readAt, readList, readNumber, readObject, readString } from '#common/host/facts/values'
import type { Dialled, Walked } from './inside.ts'

/** A path of the host: what is there, or why it could not be inspected. */
export type FileFact =
  | { readonly kind: 'file' | 'folder' | 'other'; readonly mode: string; readonly uid: number; readonly size: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unknown'; readonly answer: string }

/** What was asked because of what should be there, much of it from inside containers. */
export type CloserFacts = {
  /** Platform of each expected image; undefined where the host does not hold it. */
  readonly images: Readonly<Record<string, string | undefined>>
  readonly files: Readonly<Record<string, FileFact>>
  readonly logs: Readonly<Record<string, readonly string[]>>
  readonly walked: Readonly<Record<string, Walked>>
  /** Container id to the bytes of its logs. */
  readonly logSizes: Readonly<Record<string, number>>
  /** What containers reached, by the name of the one that tried. */
  readonly dialled: Readonly<Record<string, readonly Dialled[]>>
  /** Loopback port of the host to the fault of a connection; empty is well. */
  readonly ports: Readonly<Record<string, string>>
  readonly gaps: readonly string[]
}

export const NOTHING_CLOSER: CloserFacts = {
  images: {},
  files: {},
  logs: {},
  walked: {},
  logSizes: {},
  dialled: {},
  ports: {},
  gaps: [],
}

const kinds: Readonly<Record<string, 'file' | 'folder'>> = { '-': 'file', d: 'folder' }

/** A line of `ls -lnd`: mode, links, uid, gid, size. */
export const parseFile = (line: string): FileFact => {
  if (/No such file|Not a directory/i.test(line)) return { kind: 'missing' }
  const [, type = '', mode = '', uid = '', size = ''] =
    /^(\S)([rwxsStT-]{9})\S*\s+\d+\s+(\d+)\s+\d+\s+(\d+)/.exec(line) ?? []
  if (mode === '') return { kind: 'unknown', answer: line }
  return { kind: kinds[type] ?? 'other', mode, uid: Number(uid), size: Number(size) }
}

const parsePlatform = (line: string): string | undefined => /^sha256:[0-9a-f]{64}\|(\S+)$/.exec(line.trim())?.[1]

/** The last line, since what the engine warns of comes before it. */
const parseAnswer = (lines: readonly string[]): unknown => parseJson(lines.at(-1) ?? '')

const parseDialled = (lines: readonly string[]): readonly Dialled[] =>
  readList(parseAnswer(lines)).map((one) => ({
    host: readString(readAt(one, 'host')),
    port: readNumber(readAt(one, 'port')),
    addresses: readList(readAt(one, 'addresses')).map(readString),
    fault: readString(readAt(one, 'fault')),
  }))

const parseWalked = (value: unknown): Walked => {
  const names = (key: string) => readList(readAt(value, key)).map(readString)
  const count = (key: string) => readNumber(readAt(value, key))
  return {
    name: readString(readAt(value, 'name')),
    uid: count('uid'),
    gid: count('gid'),
    mark: readString(readAt(value, 'mark')),
    mode: count('mode'),
    entries: count('entries'),
    foreign: count('foreign'),
    foreignPaths: names('foreignPaths'),
    closed: count('closed'),
    closedPaths: names('closedPaths'),
    cut: readAt(value, 'cut') === true,
    size: count('size'),
    free: count('free'),
    inodes: count('inodes'),
    readOnly: readAt(value, 'readOnly') === true,
    largest: readList(readAt(value, 'largest')).map((one) => ({
      path: readString(readAt(one, 'path')),
      size: readNumber(readAt(one, 'size')),
    })),
  }
}

type Entry = readonly [key: string, lines: readonly string[]]

const selectSections = (sections: Sections, name: string): readonly Entry[] =>
  [...sections].flatMap(([key, lines]) =>
    key.startsWith(`${name} `) ? [[key.slice(name.length + 1), lines] as const] : [],
  )

const findGaps = (sections: Sections): readonly string[] => {
  if ((sections.get('probe') ?? []).length === 0)
    return [
      'the inside of networks and volumes: no image with Bun is on the host (that of server-tools, or any of ours)',
    ]
  const asked: readonly Entry[] = [
    ...selectSections(sections, 'dial'),
    ['ports', sections.get('ports') ?? ['[]']],
    ['walk', sections.get('walk') ?? ['{}']],
  ]
  return asked.flatMap(([what, lines]) =>
    parseAnswer(lines) === undefined ? [`${what}: ${lines.at(-1) || 'no answer'}`] : [],
  )
}

/** Reads what the closer script printed. */
export const parseCloser = (text: string): CloserFacts => {
  const sections = parseSections(text)
  const record = <T>(name: string, parse: (lines: readonly string[]) => T) =>
    Object.fromEntries(selectSections(sections, name).map(([key, lines]) => [key, parse(lines)]))
  const walk = parseAnswer(sections.get('walk') ?? [])
  return {
    images: record('image', ([line = '']) => parsePlatform(line)),
    files: record('file', ([line = '']) => parseFile(line)),
    logs: record('log', (lines) => lines),
    walked: Object.fromEntries(
      readList(readAt(walk, 'volumes'))
        .map(parseWalked)
        .map((one) => [one.name, one]),
    ),
    logSizes: Object.fromEntries(
      Object.entries(readObject(readAt(walk, 'logs'))).map(([id, size]) => [id, readNumber(size)]),
    ),
    dialled: record('dial', parseDialled),
    ports: Object.fromEntries(
      parseDialled(sections.get('ports') ?? []).map(({ port, fault }) => [String(port), fault]),
    ),
    gaps: findGaps(sections),
  }
}
