import type { Elf } from './elf.ts'
import { type Platform, platforms } from './platform.ts'

/** Whether every program and library of an image finds what it is linked against (ld.so(8)). Pure. */

/** A program or library by its path, without a leading `/`. */
export type Linked = Pick<Elf, 'machine' | 'interpreter' | 'needed' | 'runpath'> & { readonly path: string }

/** Where the loader looks when a file says nothing, in its order. */
const systemFolders = (triplet: string): readonly string[] => [
  `lib/${triplet}`,
  `usr/lib/${triplet}`,
  'lib64',
  'usr/lib64',
  'lib',
  'usr/lib',
]

const runpathFolders = ({ path, runpath }: Linked): readonly string[] =>
  runpath
    .split(':')
    .filter(Boolean)
    .map((folder) => folder.replace(/\$\{?ORIGIN\}?/g, `/${path.slice(0, Math.max(0, path.lastIndexOf('/')))}`))

/** What is missing or of another machine, as sentences; empty is good. `holds`: whether a path leads to a library that fits. */
export const findLinkageFaults = (
  platform: Platform,
  files: readonly Linked[],
  holds: (path: string) => boolean,
): readonly string[] => {
  const { machine, triplet } = platforms[platform]
  return files.flatMap((file) => {
    const folders = [...runpathFolders(file), ...systemFolders(triplet)]
    const isFound = (name: string) =>
      name.includes('/') ? holds(name) : folders.some((folder) => holds(`${folder}/${name}`))
    // What such a file needs is for another machine too.
    if (file.machine !== machine) return [`/${file.path} is for another machine (e_machine ${file.machine})`]
    return [
      ...(file.interpreter === '' || holds(file.interpreter)
        ? []
        : [`/${file.path} needs the loader ${file.interpreter}`]),
      ...file.needed.filter((name) => !isFound(name)).map((name) => `/${file.path} needs ${name}`),
    ]
  })
}
