import type { Elf } from '../format/elf.ts'
import { lookUp, type Root } from './root.ts'

/** e_machine and the folder of libraries, by platform (psABI; Debian's multiarch). */
export const machines: Readonly<Record<string, { readonly machine: number; readonly triplet: string }>> = {
  'linux/amd64': { machine: 62, triplet: 'x86_64-linux-gnu' },
  'linux/arm64': { machine: 183, triplet: 'aarch64-linux-gnu' },
}

/** Where the loader looks when a file says nothing, in its order (ld.so(8)). */
const systemFolders = (triplet: string): readonly string[] => [
  `lib/${triplet}`,
  `usr/lib/${triplet}`,
  'lib64',
  'usr/lib64',
  'lib',
  'usr/lib',
]

const runpathFolders = (elf: Elf, path: string): readonly string[] =>
  elf.runpath
    .split(':')
    .filter(Boolean)
    .map((folder) =>
      folder.replace(/\$\{?ORIGIN\}?/g, `/${path.slice(0, Math.max(0, path.lastIndexOf('/')))}`),
    )

/** The programs and libraries of an image that lack something, as sentences. Pure. */
export const missingLibraries = (root: Root, platform: string): readonly string[] => {
  const target = machines[platform]
  if (target === undefined) return [`nothing is known of ${platform}`]
  const found: string[] = []
  for (const [path, { elf }] of root) {
    if (elf === undefined) continue
    if (elf === 'broken') {
      found.push(`/${path} begins like a program and is broken`)
      continue
    }
    if (elf.machine !== target.machine) {
      found.push(`/${path} is for another machine (e_machine ${elf.machine})`)
      continue
    }
    if (elf.interpreter !== '' && lookUp(root, elf.interpreter)?.elf === undefined)
      found.push(`/${path} needs the loader ${elf.interpreter}`)
    const folders = [...runpathFolders(elf, path), ...systemFolders(target.triplet)]
    for (const name of elf.needed) {
      const places = name.includes('/') ? [name] : folders.map((folder) => `${folder}/${name}`)
      const there = places.some((place) => {
        const library = lookUp(root, place)?.elf
        return library !== undefined && library !== 'broken' && library.machine === target.machine
      })
      if (!there) found.push(`/${path} needs ${name}`)
    }
  }
  return found
}
