import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Component } from '../layers/layer.ts'

type Manifest = {
  readonly name?: string
  readonly version?: string
  readonly license?: unknown
  readonly licenses?: unknown
}

const licences = ({ license, licenses }: Manifest): readonly string[] =>
  [license ?? licenses]
    .flat()
    .flatMap((one) => (typeof one === 'string' ? [one] : []))
    .sort()

/** The folder of the npm package that a source file belongs to; undefined for files of our own. */
export const packageFolder = (path: string): string | undefined =>
  /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0]

/** The npm packages that a bundle holds something of, with the versions and licences they declare; sorted. */
export const npmComponents = (root: string, used: readonly string[]): readonly Component[] => {
  const folders = [...new Set(used.flatMap((path) => packageFolder(path) ?? []))].sort()
  return folders.flatMap((folder) => {
    const path = join(root, folder, 'package.json')
    if (!existsSync(path)) return []
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest // npm installs nothing without one
    const { name = '', version = '' } = manifest
    return [{ kind: 'npm', name, version, architecture: 'any', licences: licences(manifest), files: [] } as const]
  })
}
