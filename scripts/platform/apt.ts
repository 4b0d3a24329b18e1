import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SourcesFile } from './apt-sources.ts'

/** The files in which apt is told where to get packages; empty on a machine without apt. */
export const readAptSources = (folder = '/etc/apt'): readonly SourcesFile[] => {
  const parts = join(folder, 'sources.list.d')
  return [
    join(folder, 'sources.list'),
    ...(existsSync(parts) ? readdirSync(parts).toSorted() : []).map((name) => join(parts, name)),
  ]
    .filter((name) => existsSync(name))
    .map((name) => ({ name, text: readFileSync(name, 'utf8') }))
}
