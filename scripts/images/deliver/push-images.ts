import { join } from 'node:path'
import { openLayout } from '../layout/layout.ts'
import { credentialsFor } from './docker-config.ts'
import type { Network } from './network.ts'
import { type PushEvent, type Pushed, pushLayout } from './push.ts'
import { checkTag, parseRepository } from './reference.ts'
import { openRegistry } from './registry.ts'

/** What is pushed: the layout folder of a service and the tag it gets. */
export type Pushable = { readonly folder: string; readonly tag: string }

/** Pushes images to one or more repositories, of one registry once. Throws as `parseRepository` and `pushLayout`. */
export const pushImages = async (
  images: readonly Pushable[],
  repositories: readonly string[],
  {
    env,
    network,
    onEvent = () => {},
  }: {
    readonly env: Readonly<Record<string, string | undefined>>
    readonly network: Network
    readonly onEvent?: (reference: string, event: PushEvent) => void
  },
): Promise<readonly Pushed[]> => {
  const targets = repositories.map((one) => parseRepository(one, env['LUCID_REGISTRY']))
  for (const { tag } of images) checkTag(tag)
  const layouts = images.map(({ folder, tag }) => ({ layout: openLayout(folder), tag }))
  const pushed: Pushed[] = []
  for (const [at, target] of targets.entries()) {
    const mountFrom = targets
      .slice(0, at)
      .filter(({ origin, name }) => origin === target.origin && name !== target.name)
      .map(({ name }) => name)
    const credentials = await credentialsFor(target.host, { env })
    const registry = openRegistry(target, { credentials, mountFrom, network })
    const present = new Set<string>()
    for (const { layout, tag } of layouts)
      pushed.push(
        await pushLayout(registry, layout, {
          tag,
          mountFrom,
          network,
          present,
          onEvent: (event) => onEvent(`${target.host}/${target.name}:${tag}`, event),
        }),
      )
  }
  return pushed
}

/** Folders and tags of built images: `reference` is the tag that the lock gives them. */
export const pushables = (
  dist: string,
  images: Readonly<Record<string, { readonly reference: string }>>,
): readonly Pushable[] =>
  Object.entries(images).map(([name, { reference }]) => ({ folder: join(dist, name), tag: reference }))
