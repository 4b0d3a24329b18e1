import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { RECORDING } from '../../platform/source.ts'
import type { Ambient } from '../../platform/store-env.ts'

/** Where a bench works, and to whom it tells how far it is. */
export type Setting = { readonly folder: string; readonly say: (line: string) => void }

/** Works in a folder of its own below `parent`, which is removed whatever becomes of the work. */
export const inFolder = async <R>(parent: string, prefix: string, work: (folder: string) => Promise<R>): Promise<R> => {
  const folder = await mkdtemp(join(parent, prefix))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Works with the real services as processes of their own, in a throw-away state folder. `upMs`: until all were healthy. */
export const withPlatform = <R>(
  parent: string,
  ambient: Ambient,
  work: (platform: Prepared, upMs: number) => Promise<R>,
): Promise<R> =>
  inFolder(parent, 'home-', async (home) => {
    const began = performance.now()
    const platform = await bringUp({ home, stacks: RECORDING, ports: 'free', ambient })
    return await work(platform, performance.now() - began).finally(platform.stop)
  })
