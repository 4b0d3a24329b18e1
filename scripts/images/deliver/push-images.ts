import { join } from 'node:path'
import { openLayout } from '../layout/layout.ts'
import { credentialsFor } from './docker-config.ts'
import { type PushEvent, type Pushed, pushLayout } from './push.ts'
import { checkTag, parseRepository } from './reference.ts'
import { type Line, openRegistry } from './registry.ts'

/** What is pushed: the layout folder of a service and the tag it gets. */
export type Pushable = { readonly folder: string; readonly tag: string }

/**
 * Pushes images to one or more repositories. Of several on one registry the later ones take the blobs over from the
 * first, so that nothing goes out twice. Throws what `parseRepository` and `pushLayout` throw.
 */
export const pushImages = async (
  images: readonly Pushable[],
  repositories: readonly string[],
  {
    env,
    line,
    onEvent = () => {},
  }: {
    readonly env: Readonly<Record<string, string | undefined>>
    readonly line: Line
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
    const registry = openRegistry(target, { credentials, mountFrom, line })
    const present = new Set<string>()
    for (const { layout, tag } of layouts)
      pushed.push(
        await pushLayout(registry, layout, {
          tag,
          mountFrom,
          line,
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
