import type { Stack } from '#catalog'
import type { Services } from './compose.ts'
import { IMAGE } from './compose-model.ts'

/** What the lock of the images says of a service: its tag and the digest of its index. */
export type LockedImages = Readonly<Record<string, { readonly reference: string; readonly digest: string }>>

/** A Compose override of one stack, or the services of it that the lock does not name. */
export type ImagePins = { readonly text: string } | { readonly missing: readonly string[] }

/**
 * The override that pins each image of a stack to the digest that was built. It is laid over the committed file with a
 * second `--file`; the repository stays a variable, since a digest is the same in every registry. A stack is pinned
 * whole or not at all: half a pin looks like one. Undefined for a stack without services of ours.
 */
export const makeImagePins = (stack: Stack, services: Services, images: LockedImages): ImagePins | undefined => {
  const members = Object.keys(services).filter((name) => services[name]?.stack === stack)
  if (members.length === 0) return undefined
  const missing = members.filter((name) => images[name] === undefined)
  if (missing.length > 0) return { missing }
  const pinned = members.map((name) => {
    const { reference = name, digest = '' } = images[name] ?? {}
    return [name, { image: `${IMAGE}:${reference}@${digest}` }] as const
  })
  return {
    text: [
      '# Written by `bun run build-distroless` from images.lock.json: lay it over the file of its stack.',
      `# docker compose --file compose/docker-compose.${stack}.yaml --file dist/images/compose.${stack}.yaml up -d`,
      '',
      Bun.YAML.stringify({ services: Object.fromEntries(pinned) }, null, 2),
      '',
    ].join('\n'),
  }
}
