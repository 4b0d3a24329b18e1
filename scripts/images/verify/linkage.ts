import { posix } from 'node:path'
import { type Platform, platforms } from '../format/platform.ts'

/** Whether every program and library of an image finds what it is linked against. Pure. */

export type Linked = {
  readonly path: string
  readonly machine: number
  readonly interpreter: string
  readonly needed: readonly string[]
  readonly runpath: string
}

const inUsr = (path: string): string => path.replace(/^\//, '').replace(/^(lib|lib64)\//, 'usr/$1/')

/** Folders that the loader searches: those named in the file, then Debian's own. */
const searched = ({ path, runpath }: Linked, triplet: string): readonly string[] => [
  ...runpath
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => inUsr(posix.normalize(folder.replace(/^\$\{?ORIGIN\}?/, `/${posix.dirname(path)}`)))),
  `usr/lib/${triplet}`,
  'usr/lib',
  'usr/lib64',
]

/** What is missing or of another processor, one line each; empty is good. Paths are those of a merged /usr. */
export const linkageFaults = (
  platform: Platform,
  files: readonly Linked[],
  libraries: readonly string[],
): readonly string[] => {
  const { machine, triplet } = platforms[platform]
  const there = new Set(libraries)
  return files.flatMap((one) => [
    ...(one.machine === machine ? [] : [`${one.path} is for another processor`]),
    ...(one.interpreter === '' || there.has(inUsr(one.interpreter))
      ? []
      : [`${one.path} needs the loader ${one.interpreter}`]),
    ...one.needed
      .filter((name) => !searched(one, triplet).some((folder) => there.has(`${folder}/${name}`)))
      .map((name) => `${one.path} needs ${name}`),
  ])
}
