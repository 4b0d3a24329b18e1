import { findLinkageFaults } from '../format/linkage.ts'
import { type Platform, platformNames, platforms } from '../format/platform.ts'
import { lookUp, type Root } from './root.ts'

const isKnown = (platform: string): platform is Platform => platformNames.some((name) => name === platform)

/** The programs and libraries of an image that lack something, as sentences. Pure. */
export const missingLibraries = (root: Root, platform: string): readonly string[] => {
  if (!isKnown(platform)) return [`nothing is known of ${platform}`]
  const { machine } = platforms[platform]
  const files = [...root].flatMap(([path, { elf }]) =>
    elf === undefined || elf === 'broken' ? [] : [{ ...elf, path }],
  )
  const broken = [...root].filter(([, { elf }]) => elf === 'broken')
  return [
    ...broken.map(([path]) => `/${path} begins like a program and is broken`),
    ...findLinkageFaults(platform, files, (path) => {
      const elf = lookUp(root, path)?.elf
      return elf !== undefined && elf !== 'broken' && elf.machine === machine
    }),
  ]
}
