import { decodeTar, type ReadEntry } from '#common/stream/untar'
import { ar } from './ar.ts'
import { decompress } from './decompress.ts'

/** A Debian package (deb(5)): its files and the text of its control file. */
export type Deb = { readonly control: string; readonly files: readonly ReadEntry[] }

const member = async (members: ReadonlyMap<string, Uint8Array>, start: string): Promise<readonly ReadEntry[]> => {
  const found = [...members].find(([name]) => name.startsWith(start))
  if (found === undefined) throw new RangeError(`a Debian package has no ${start}`)
  // The root itself belongs to no package.
  return decodeTar(await decompress(...found)).filter(({ path }) => path !== '')
}

/** Reads a package. Throws RangeError when it is broken. */
export const readDeb = async (bytes: Uint8Array): Promise<Deb> => {
  const members = ar(bytes)
  const control = (await member(members, 'control.tar')).find(({ path }) => path === 'control')
  if (control === undefined) throw new RangeError('a Debian package has no control file')
  return { control: new TextDecoder().decode(control.data), files: await member(members, 'data.tar') }
}
