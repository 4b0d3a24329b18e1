import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { live } from '../../../cli/run.ts'
import { peersFolder, workFolder } from '../folder.ts'

const VERSION = '2.12.0'

export type Mongosh = {
  /** The folder it is installed in; `node_modules/mongosh/bin/mongosh.js` is below. */
  readonly folder: string
  /** Starts it under this Bun. */
  readonly argv: readonly [string, ...string[]]
}

/** Below an installation of mongosh. */
export const MONGOSH_SCRIPT = 'node_modules/mongosh/bin/mongosh.js'

/**
 * MongoDB's shell from the package registry, kept beside the other peers and no dependency of the project. No
 * script of a package is run. Of several processes that install at once one wins whole.
 */
export const mongosh = async (): Promise<Mongosh | { readonly absent: string }> => {
  const peers = peersFolder(process.env)
  const kept = join(peers, `mongosh-${VERSION}`)
  const found: Mongosh = { folder: kept, argv: [process.execPath, '--bun', join(kept, MONGOSH_SCRIPT)] }
  if (existsSync(join(kept, MONGOSH_SCRIPT))) return found
  const work = workFolder(peers, 'mongosh')
  if ('absent' in work) return work
  const { folder } = work
  try {
    writeFileSync(join(folder, 'package.json'), '{}')
    const added = await live([process.execPath, 'add', '--ignore-scripts', `mongosh@${VERSION}`], {
      cwd: folder,
    })
    if (added.code !== 0)
      return { absent: `mongosh ${VERSION} cannot be installed: ${added.err.trim().split('\n').at(-1)}` }
    try {
      renameSync(folder, kept)
    } catch (error) {
      if (!existsSync(join(kept, MONGOSH_SCRIPT))) throw error
    }
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
