import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../../../platform/home.ts'
import { importMongoImage, MONGO_IMAGE } from '../mongo-image/image.ts'
import { openFiles } from '../mongo-image/open-files.ts'
import type { Absent } from '../processes.ts'
import { envWith } from './env-folder.ts'
import { type Pi, type PiOptions, startPi } from './pi.ts'

/** An emulated Pi that the whole platform can be deployed to. */
export type PlatformPi = {
  readonly pi: Pi
  /** Env files for `deploy:pi --env`: they name DocumentDB as the image for mongo:7, and keep tor off. */
  readonly envFolder: string
  /** What the commands of a deploy are told by the environment. */
  readonly env: Readonly<Record<'LUCID_HOST' | 'LUCID_SSH_CONFIG' | 'LUCID_ENV_FOLDER', string>>
}

const ENV_FILE = '.env.core'

/** Starts an emulated Pi with DocumentDB in the place of mongo:7. `absent` says why this machine cannot. */
export const startPlatformPi = async (options: PiOptions): Promise<PlatformPi | Absent> => {
  mkdirSync(options.folder, { recursive: true })
  const pi = await startPi(options)
  if ('absent' in pi) return pi
  try {
    // A folder that was used before has it.
    const there = (await pi.engine.run(['image', 'inspect', MONGO_IMAGE])).code === 0
    const absent = there ? undefined : await importMongoImage(pi.engine, options.folder)
    if (absent) {
      await pi.stop()
      return absent
    }
    const envFolder = join(options.folder, 'env')
    mkdirSync(envFolder, { recursive: true })
    const example = readFileSync(join(repository, 'env', `${ENV_FILE}.example`), 'utf8')
    const values = { LUCID_MONGO_IMAGE: MONGO_IMAGE, TOR_NETWORK: 'off', ...openFiles() }
    writeFileSync(join(envFolder, ENV_FILE), envWith(example, values))
    return { pi, envFolder, env: { LUCID_HOST: pi.host, LUCID_SSH_CONFIG: pi.sshConfig, LUCID_ENV_FOLDER: envFolder } }
  } catch (error) {
    await pi.stop()
    throw error
  }
}
