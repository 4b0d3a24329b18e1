import { createHash } from 'node:crypto'

const HEAD = /^((?:\/\/ @bun\n)?)((?:import\{[^}]*\}from"\.\/[^"]+";)+)/

/** Sorted by what is imported: the same in every program, and each chunk imports all that it needs itself. */
const sortImports = (text: string): string =>
  text.replace(HEAD, (_, mark: string, imports: string) => {
    const statements = imports.split(/(?<=;)/)
    return `${mark}${statements.toSorted().join('')}`
  })

/**
 * The bundler names a chunk after a hash that also depends on where it was started. Here each is named after its
 * contents, with the names of other chunks in them left out, so that the same program has the same bytes
 * everywhere, and the same chunk of two programs is one layer. Pure. Throws RangeError when two chunks would get one name.
 */
export const renameChunks = (
  files: Readonly<Record<string, Uint8Array>>,
  entry: string,
): Readonly<Record<string, Uint8Array>> => {
  const chunks = Object.keys(files).filter((name) => name !== entry)
  if (chunks.length === 0) return files
  const pattern = new RegExp(chunks.map((name) => RegExp.escape(name)).join('|'), 'g')
  // Bytes as characters, so that nothing in them changes on the way.
  const texts = Object.entries(files).map(([name, bytes]) => {
    const text = Buffer.from(bytes).toString('latin1')
    return [name, name === entry ? text : sortImports(text)] as const
  })
  const names = new Map(
    texts
      .filter(([name]) => name !== entry)
      .map(([name, text]) => {
        const hash = createHash('sha256').update(text.replaceAll(pattern, 'chunk'), 'latin1').digest('hex')
        return [name, name.replace(/-[0-9a-z]+(?=\.\w+$)/, `-${hash.slice(0, 8)}`)] as const
      }),
  )
  if (new Set(names.values()).size !== names.size) throw new RangeError('two chunks of a bundle are alike')
  return Object.fromEntries(
    texts.map(([name, text]) => [
      names.get(name) ?? name,
      new Uint8Array(
        Buffer.from(
          text.replaceAll(pattern, (old) => names.get(old) ?? old),
          'latin1',
        ),
      ),
    ]),
  )
}
