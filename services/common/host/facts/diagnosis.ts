import { type Counters, type LimitUse, parseCounters } from './counters.ts'
import { parseHashes } from './deployed.ts'
import type { Sections } from './sections.ts'
import { parseJson, readNumber, readObject, readString, readText } from './values.ts'

/** A program that listens; `who` and `pid` are root's to see. */
export type Listener = { readonly ip: string; readonly port: number; readonly who: string; readonly pid: number }

/** The Compose file of a stack as the host's own Compose reads it. */
export type ComposedStack = {
  readonly stack: string
  /** Its answer: JSON, or a complaint. */
  readonly answer: string
  readonly hashes: Readonly<Record<string, string>>
}

/** The end of a container in the last quarter of an hour, and whether it was for want of memory. */
export type EngineEvent = {
  readonly id: string
  readonly name: string
  readonly exitCode: number | undefined
  readonly outOfMemory: boolean
}

/** What only a diagnosis asks: read at the level `diagnosis`. */
export type Diagnosis = Counters & {
  readonly composed: readonly ComposedStack[]
  readonly releaseFile: unknown
  /** There is a release before this one. */
  readonly previous: boolean
  readonly backups: boolean
  /** Files of a transfer that did not end. */
  readonly leftovers: readonly { readonly name: string; readonly size: number }[]
  /** Share of the last 10 s in which something waited for the disk, percent; undefined where the kernel does not count. */
  readonly ioPressure: number | undefined
  readonly cmdline: string
  readonly listeners: readonly Listener[]
  /** Those that use most, `ps -o pcpu= -o rss= -o pid= -o args=`. */
  readonly processes: readonly string[]
  readonly nameServers: readonly string[]
  /** yes, no or empty. */
  readonly ntp: string
  readonly events: readonly EngineEvent[]
  /** By container id. */
  readonly limitUse: Readonly<Record<string, LimitUse>>
}

const parseListener = (line: string): readonly Listener[] => {
  const [, , , local = ''] = line.trim().split(/\s+/)
  const [, ip = '', port = ''] = /^(.*):(\d+)$/.exec(local) ?? []
  const [, who = '', pid = '0'] = /users:\(\("([^"]+)",pid=(\d+)/.exec(line) ?? []
  return port === '' ? [] : [{ ip: ip.replaceAll(/[[\]]/g, ''), port: Number(port), who, pid: Number(pid) }]
}

const parseEvent = (line: string): EngineEvent => {
  const { id, name, exitCode, action } = readObject(parseJson(line))
  const code = readString(exitCode)
  return {
    id: readText(id),
    name: readText(name),
    exitCode: code === '' ? undefined : readNumber(code),
    outOfMemory: action === 'oom',
  }
}

/** Reads the sections of diagnosis.sh; undefined when they are not there, or not to their end. */
export const parseDiagnosis = (sections: Sections): Diagnosis | undefined => {
  if (!sections.has('end-diagnosis')) return undefined
  const lines = (name: string) => sections.get(name) ?? []
  const io = lines('pressure').find((line) => line.startsWith('io '))
  return {
    ...parseCounters(sections),
    composed: [...sections].flatMap(([key, answer]) =>
      key.startsWith('compose ')
        ? [
            {
              stack: key.slice('compose '.length),
              answer: answer.join('\n'),
              hashes: parseHashes(lines(key.replace('compose', 'hashes'))),
            },
          ]
        : [],
    ),
    releaseFile: parseJson(lines('release-json').join('\n')),
    previous: lines('previous').length > 0,
    backups: lines('backups').length > 0,
    leftovers: lines('leftovers').map((line) => {
      const words = line.trim().split(/\s+/)
      return { name: words.at(-1) ?? '', size: readNumber(words[4]) }
    }),
    ioPressure: io === undefined ? undefined : readNumber(/avg10=([\d.]+)/.exec(io)?.[1]),
    cmdline: lines('cmdline').join(' '),
    listeners: lines('listeners').flatMap(parseListener),
    processes: lines('processes').map((line) => line.trim()),
    nameServers: lines('nameservers').map((line) => line.trim()),
    ntp: lines('ntp')[0] ?? '',
    events: lines('events').map(parseEvent),
  }
}
