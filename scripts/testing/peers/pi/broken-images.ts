import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import packageJson from '../../../../package.json' with { type: 'json' }
import { buildImages } from '../../../images/build/build.ts'
import type { Platform } from '../../../images/format/platform.ts'
import { products } from '../../../images/layers/products.ts'
import { requireLock } from '../../../images/lock/lock-file.ts'
import { cacheFolder } from '../../../images/packages/cache.ts'
import { repository } from '../../../platform/home.ts'
import { copyCheckout, linkTree } from '../../checkout-copy.ts'

/** The ways in which a service is broken on purpose. */
export const ways = ['exits', 'never healthy', 'crashes when healthy', 'eats memory'] as const
export type Way = (typeof ways)[number]

const say = (what: string) => `console.error(${JSON.stringify(`broken on purpose: ${what}`)})\n`

/** Each way as a change to the text of a service's main.ts. */
const breaks: Readonly<Record<Way | 'one more line', (main: string) => string>> = {
  'one more line': (main) => `${main}\nconsole.info('one more line')\n`,
  exits: () => `${say('exits')}process.exit(1)\n`,
  'never healthy': () => `${say('never healthy')}setInterval(() => {}, 1_000)\n`,
  'crashes when healthy': (main) =>
    `${main}\nsetTimeout(() => {\n${say('crashes when healthy')}process.exit(1)\n}, 4_000)\n`,
  'eats memory': (main) =>
    `${main}\nconst held: Uint8Array[] = []\n${say('eats memory')}setInterval(() => held.push(new Uint8Array(4 * 2 ** 20).fill(1)), 20)\n`,
}

/**
 * A copy of this checkout in a folder, that images are built from, so that their sources may be changed. Packages that cannot be had show as CliError
 * when something is built.
 */
export const openBrokenImages = (folder: string) => {
  const root = copyCheckout(repository, join(folder, 'checkout'))
  const lock = requireLock(root)
  const build = async (dist: string, selected: readonly string[], platform: Platform): Promise<string> => {
    await buildImages({
      root,
      dist,
      cache: cacheFolder(process.env),
      lock,
      products: products(),
      selected,
      platforms: [platform],
      version: packageJson.version,
      tag: undefined,
      jobs: availableParallelism(),
      rebuild: false,
      onStep: () => {},
    })
    return dist
  }
  return {
    /** Builds all images of the platform. Answers their folder. */
    whole: (platform: Platform, name = 'images') =>
      build(
        join(folder, name),
        products().map(({ name }) => name),
        platform,
      ),
    /** Builds these services changed; all other images are those of `from`. Answers the folder. */
    changed: async (
      how: keyof typeof breaks,
      services: readonly string[],
      { from, platform }: { readonly from: string; readonly platform: Platform },
    ) => {
      const dist = join(folder, `images ${how}`)
      try {
        linkTree(from, dist)
      } catch {
        rmSync(dist, { recursive: true, force: true })
        cpSync(from, dist, { recursive: true })
      }
      // One file under two names would be one lock.
      rmSync(join(dist, '.lock'), { force: true })
      const texts = services.map((service) => {
        const path = join(root, 'services', service, 'main.ts')
        return [path, readFileSync(path, 'utf8')] as const
      })
      try {
        for (const [path, text] of texts) writeFileSync(path, breaks[how](text))
        return await build(dist, services, platform)
      } finally {
        for (const [path, text] of texts) writeFileSync(path, text)
      }
    },
  }
}
