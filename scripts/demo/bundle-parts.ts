import { decodeBundleHeader, encodeBundleEntry } from '#common/evidence/tar'
import { Fault } from '#common/process/fault'
import { concat } from '#common/stream/bytes'
import { END_SIZE, padded } from '#common/stream/tar'

/** An entry of a bundle, in order. */
export type Part = { readonly name: string; readonly content: Uint8Array }

/** The entries of a sound bundle as views of its bytes. Throws Fault `not-a-bundle`. */
export const disassemble = (bundle: Uint8Array): readonly Part[] => {
  const parts: Part[] = []
  for (let at = 0; at < bundle.length - END_SIZE; ) {
    const header = decodeBundleHeader(bundle.subarray(at, at + 512))
    if (header === undefined) throw new Fault('invalid', 'not-a-bundle', `no entry header at byte ${at}`)
    parts.push({ name: header.name, content: bundle.subarray(at + 512, at + 512 + header.size) })
    at += 512 + padded(header.size)
  }
  return parts
}

/** A bundle of these entries: canonical ustar with its end mark. */
export const assemble = (parts: readonly Part[]): Uint8Array<ArrayBuffer> =>
  concat(...parts.map(({ name, content }) => encodeBundleEntry(name, content)), new Uint8Array(END_SIZE))

/** Throws Fault `not-a-bundle` when there is no such entry. */
export const findContent = (parts: readonly Part[], name: string): Uint8Array => {
  const found = parts.find((part) => part.name === name)
  if (found === undefined) throw new Fault('invalid', 'not-a-bundle', `the bundle holds no ${name}`)
  return found.content
}

/** The bundle with another content of one entry. Throws Fault `not-a-bundle`. */
export const replacePart = (parts: readonly Part[], name: string, content: Uint8Array): readonly Part[] => {
  findContent(parts, name)
  return parts.map((part) => (part.name === name ? { name, content } : part))
}
