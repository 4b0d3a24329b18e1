import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { live } from '../../../cli/run.ts'
import { makeOnce } from '../cache.ts'
import { type Absent, lastLine } from '../processes.ts'

const VERSION = '2.12.0'

export type Mongosh = {
  /** The folder it is installed in; `node_modules/mongosh/bin/mongosh.js` is below. */
  readonly folder: string
  /** Starts it under this Bun. */
  readonly argv: readonly [string, ...string[]]
}

/** Below an installation of mongosh. */
export const MONGOSH_SCRIPT = 'node_modules/mongosh/bin/mongosh.js'

/** MongoDB's shell from the package registry, no dependency of the project. No script of a package is run. */
export const installMongosh = async (): Promise<Mongosh | Absent> => {
  const found = await makeOnce(`mongosh-${VERSION}`, async (folder) => {
    writeFileSync(join(folder, 'package.json'), '{}')
    const argv = [process.execPath, 'add', '--ignore-scripts', `mongosh@${VERSION}`] as const
    const { code, err } = await live(argv, { cwd: folder })
    return code === 0 ? undefined : { absent: `mongosh ${VERSION} cannot be installed: ${lastLine(err)}` }
  })
  if ('absent' in found) return found
  return { ...found, argv: [process.execPath, '--bun', join(found.folder, MONGOSH_SCRIPT)] }
}
