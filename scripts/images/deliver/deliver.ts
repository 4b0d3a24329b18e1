import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog, defaults, stacks } from '#catalog'
import { bytes, plural } from '#common/cli/format'
import { type LockedImages, makeImagePins } from '../../derive/compose-images.ts'
import { openLayout } from '../layout/layout.ts'
import { type Loaded, loadImages } from './load.ts'
import type { Network } from './network.ts'
import type { Pushed } from './push.ts'
import { pushables, pushImages } from './push-images.ts'

/** Where built images go: registries, a local engine, and the Compose overrides that name their digests. */

export type Delivery = {
  readonly dist: string
  readonly images: LockedImages
  readonly env: Readonly<Record<string, string | undefined>>
  /** Shows a picture of where things are; in a pipe only `line`. */
  readonly show: (picture: string, line?: string) => void
}

const network: Network = { fetch, pause: Bun.sleep, random: Math.random }

/** Pushes to all repositories and says of each image what it took. */
export const push = async (
  repositories: readonly string[],
  { dist, images, env, show }: Delivery,
): Promise<readonly Pushed[]> => {
  let sent = 0
  return pushImages(pushables(dist, images), repositories, {
    env,
    network,
    onEvent: (reference, event) => {
      if (event.kind === 'sent') sent += event.bytes
      show(`pushing ${reference}  ${bytes(sent)} sent`)
    },
  })
}

/** Loads into the engine that the Docker client talks to. */
export const load = ({ dist, images, env, show }: Delivery): Promise<Loaded> =>
  loadImages(
    Object.entries(images).map(([name, { reference }]) => ({
      layout: openLayout(join(dist, name)),
      reference: `${env['LUCID_IMAGE_REPO'] || defaults.LUCID_IMAGE_REPO}:${reference}`,
    })),
    { env, onProgress: (sent, total) => show(`loading ${bytes(sent)} of ${bytes(total)}`) },
  )

/** Writes the override of each stack that is built whole, and removes one that would pin half a stack. */
export const writePins = ({ dist, images }: Pick<Delivery, 'dist' | 'images'>): readonly string[] =>
  stacks.flatMap((stack) => {
    const path = join(dist, `compose.${stack}.yaml`)
    const pins = makeImagePins(stack, catalog, images)
    if (pins === undefined || !('text' in pins)) {
      rmSync(path, { force: true })
      return []
    }
    if (!existsSync(path) || readFileSync(path, 'utf8') !== pins.text) writeFileSync(path, pins.text)
    return [path]
  })

export type Delivered = { readonly pushed: readonly Pushed[]; readonly loaded: Loaded | undefined }

/** What was pushed and loaded, one line each; ends with a newline when there is anything to say. */
export const deliveryText = ({ pushed, loaded }: Delivered): readonly string[] => [
  ...pushed.map(({ reference, digest, changed, uploaded, mounted, there, bytes: sent }) =>
    changed
      ? `pushed ${reference}@${digest}: ${plural(uploaded, 'blob')} (${bytes(sent)}) sent, ${mounted} mounted, ${there} there`
      : `pushed ${reference}@${digest}: it was there`,
  ),
  ...(loaded === undefined
    ? []
    : [
        `loaded ${plural(loaded.loaded.length, 'image')} for ${loaded.platform} (${bytes(loaded.bytes)}), ${loaded.there.length} were there`,
      ]),
]
