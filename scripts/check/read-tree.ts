import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ParsedFile, parseFile } from './imports.ts'

/** All TypeScript of the house, parsed; paths are from the root, with forward slashes. */
export const readTree = (root: string): readonly ParsedFile[] =>
  [...new Bun.Glob('{services,scripts,health}/**/*.ts').scanSync({ cwd: root })]
    .map((path) => path.replaceAll('\\', '/'))
    .map((path) => parseFile({ path, source: readFileSync(join(root, path), 'utf8') }))
