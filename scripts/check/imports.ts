import { posix } from 'node:path'

/** One import of one file. `to` is a path from the root of the repository, or the name of a package. */
export type Import = {
  readonly from: string
  readonly to: string
  /** `type` imports are gone at run time; they still couple two files. */
  readonly kind: 'run' | 'type'
  /** What a `type` import names; empty for run-time imports. */
  readonly names: readonly string[]
}

export type SourceFile = { readonly path: string; readonly source: string }

/** package.json#imports: prefix to folder. */
const roots: readonly (readonly [prefix: string, folder: string])[] = [
  ['#common/', 'services/common/'],
  ['#services/', 'services/'],
  ['#scripts/', 'scripts/'],
  ['#health/', 'health/'],
]

/** A specifier as a path from the root; packages and built-in modules stay as they are. */
export const resolve = (from: string, specifier: string): string => {
  if (specifier === '#catalog') return 'services/catalog.ts'
  for (const [prefix, folder] of roots)
    if (specifier.startsWith(prefix)) return `${folder}${specifier.slice(prefix.length)}.ts`
  return specifier.startsWith('.') ? posix.join(from, '..', specifier) : specifier
}

const transpiler = new Bun.Transpiler({ loader: 'ts' })
/** A statement begins its line, as Biome writes it: what stands within a string is no import. */
const typeImport = /^(?:import|export)\s+type\s+(\{[^}]*\}|\*\s+as\s+\w+|\w+)\s+from\s+['"]([^'"]+)['"]/gm
const inlineTypes = /^import\s+\{([^}]*\btype\b[^}]*)\}\s+from\s+['"]([^'"]+)['"]/gm
const typeOf = /\bimport\(\s*['"]([^'"]+)['"]\s*\)\s*\.\s*(\w+)/g

const namesIn = (clause: string): readonly string[] =>
  clause
    .replaceAll(/[{}]/g, '')
    .split(',')
    .map((name) => name.trim().split(/\s+as\s+/)[0] ?? '')
    .filter((name) => name !== '')

/** All imports of a file: what Bun would load, and what only the compiler sees. */
export const importsOf = ({ path, source }: SourceFile): readonly Import[] => {
  const at = (specifier: string, kind: Import['kind'], names: readonly string[]): Import => ({
    from: path,
    to: resolve(path, specifier),
    kind,
    names,
  })
  const inline = [...source.matchAll(inlineTypes)].map(([, clause = '', specifier = '']) =>
    at(
      specifier,
      'type',
      namesIn(clause).flatMap((name) => (name.startsWith('type ') ? [name.slice(5).trim()] : [])),
    ),
  )
  return [
    ...transpiler.scanImports(source).map(({ path: specifier }) => at(specifier, 'run', [])),
    ...[...source.matchAll(typeImport)].map(([, clause = '', specifier = '']) =>
      at(specifier, 'type', namesIn(clause)),
    ),
    ...inline,
    ...[...source.matchAll(typeOf)].map(([, specifier = '', name = '']) => at(specifier, 'type', [name])),
  ]
}

/** What the rules look at: the imports, and the code as it runs, without comments and types. */
export type ParsedFile = { readonly path: string; readonly imports: readonly Import[]; readonly code: string }

export const parseFile = (file: SourceFile): ParsedFile => ({
  path: file.path,
  imports: importsOf(file),
  code: transpiler.transformSync(file.source).replaceAll(/^\s*\/\/.*$/gm, ''),
})
