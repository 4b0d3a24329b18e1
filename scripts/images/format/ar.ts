/** The archive format of Debian packages (deb(5), ar(5)). Pure. */

const MAGIC = '!<arch>\n'
const HEADER = 60
const ascii = new TextDecoder('latin1')

/** Members by name, in order. Throws RangeError for anything that is no whole archive. */
export const ar = (archive: Uint8Array): ReadonlyMap<string, Uint8Array> => {
  if (ascii.decode(archive.subarray(0, MAGIC.length)) !== MAGIC) throw new RangeError('this is no ar archive')
  const members = new Map<string, Uint8Array>()
  for (let at = MAGIC.length; at < archive.length; ) {
    const header = ascii.decode(archive.subarray(at, at + HEADER))
    if (header.length !== HEADER || !header.endsWith('`\n')) throw new RangeError('an ar header is broken')
    const name = header.slice(0, 16).trimEnd().replace(/\/$/, '')
    const size = Number(header.slice(48, 58).trim())
    const data = archive.subarray(at + HEADER, at + HEADER + size)
    if (!Number.isInteger(size) || data.length !== size) throw new RangeError(`the ar member ${name} is not whole`)
    members.set(name, data)
    at += HEADER + size + (size % 2)
  }
  return members
}
