import type { TarEntry } from '#common/stream/tar'
import { type Elf, isElf, readElf } from '../format/elf.ts'

/** Something in a layer that a bill of materials names. */
export type Component = {
  readonly kind: 'deb' | 'npm'
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Of a Debian package: the source package that advisories are about. */
  readonly source?: string
  /** SPDX expressions of npm packages, or the short names in a Debian copyright file. */
  readonly licences: readonly string[]
  readonly sha256?: string
  readonly integrity?: string
  /** Paths in the image of what it brought; none when it is inside the program's own files. */
  readonly files: readonly string[]
}

export type ElfFile = Elf & { readonly path: string }

/** The content of a layer, before it is packed. */
export type LayerContent = {
  readonly title: string
  readonly entries: readonly TarEntry[]
  readonly components: readonly Component[]
  /** Paths of what no component brought: we wrote it. */
  readonly own: readonly string[]
}

/** A packed layer; cached as JSON beside its blob. */
export type PackedLayer = {
  readonly title: string
  readonly digest: string
  readonly diffId: string
  /** Bytes of the blob, and of the tar inside. */
  readonly size: number
  readonly unpacked: number
  readonly components: readonly Component[]
  readonly own: readonly string[]
  readonly elf: readonly ElfFile[]
  readonly libraries: readonly string[]
}

const isLibrary = (path: string): boolean => /\.so(\.|$)|\/ld-linux-/.test(path)

/** The programs and libraries among entries, and what each needs. */
export const readElfFiles = (entries: readonly TarEntry[]): Pick<PackedLayer, 'elf' | 'libraries'> => ({
  elf: entries.flatMap((entry) =>
    entry.type === 'file' && isElf(entry.data) ? [{ path: entry.path, ...readElf(entry.data) }] : [],
  ),
  libraries: entries.filter(({ path, type }) => type !== 'folder' && isLibrary(path)).map(({ path }) => path),
})
