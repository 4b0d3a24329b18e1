import type { EntryType, ReadEntry } from '#common/stream/untar'
import { type Elf, isElf, readElf } from '../format/elf.ts'
import { type Banned, bannedByContent, scriptLine } from './programs.ts'
import { type Fingerprints, findSecrets } from './secrets.ts'

/** What the rules need to know of one entry of a layer; its bytes are let go. */
export type Fact = {
  readonly path: string
  readonly type: EntryType
  readonly mode: number
  readonly uid: number
  readonly target: string
  readonly attributes: readonly string[]
  /** The `#!` line; undefined when it is no script. */
  readonly script: string | undefined
  /** `broken` when it begins like one and cannot be read. */
  readonly elf: Elf | 'broken' | undefined
  readonly banned: readonly { readonly banned: Banned; readonly program: string }[]
  readonly secrets: readonly string[]
  /** Text of the records that packages leave, and of `/etc/passwd`; undefined for others. */
  readonly text: string | undefined
}

const record = /^var\/lib\/dpkg\/|^etc\/(?:passwd|group)$/

const elfOf = (data: Uint8Array): Elf | 'broken' | undefined => {
  if (!isElf(data)) return undefined
  try {
    return readElf(data)
  } catch {
    return 'broken'
  }
}

/** Reads everything that matters out of an entry. */
export const extractFact = (entry: ReadEntry, own: Fingerprints): Fact => {
  const { path, type, mode, uid, target, attributes, data } = entry
  const file = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const elf = elfOf(data)
  return {
    path,
    type,
    mode,
    uid,
    target,
    attributes,
    script: scriptLine(file),
    elf,
    banned: elf === undefined ? [] : bannedByContent(file),
    secrets: findSecrets(file, own),
    text: type === 'file' && record.test(path) ? file.toString('utf8') : undefined,
  }
}
