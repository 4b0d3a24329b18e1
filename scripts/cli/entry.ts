import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dir, '..', '..')

const scripts: Readonly<Record<string, string>> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts

/** The file behind `bun run NAME`, absolute: package.json is the one list of commands. Throws RangeError for a name that is not in it. */
export const entryFile = (name: string): string => {
  const [, path] = /^bun (\S+\.ts)$/.exec(scripts[name] ?? '') ?? []
  if (path === undefined) throw new RangeError(`package.json has no command '${name}' that is a file of ours`)
  return join(root, path)
}
