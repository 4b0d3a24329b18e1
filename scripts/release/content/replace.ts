import { stacks as order, type Stack } from '#catalog'
import type { ReleaseImage } from './release.ts'
import { type Bundle, composeFile, type Origin, type Release, sortUnique } from './release.ts'
import { hashTexts, makeRelease, releaseContent } from './release-json.ts'

/** The release that runs with the image of one service replaced. Throws RangeError when it has no such service. */
export const replaceImage = ({ release, files, support }: Bundle, image: ReleaseImage, origin: Origin): Bundle => {
  const before = release.images.find(({ service }) => service === image.service)
  if (before === undefined) throw new RangeError(`${release.id} has no service ${image.service}`)
  const content = releaseContent(release)
  // A name is the end of its content's digest: nothing else in a rendered file can be that text.
  const changed = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, text.replaceAll(before.name, image.name)]),
  )
  return {
    release: makeRelease(
      {
        ...content,
        images: content.images.map((one) => (one.service === image.service ? image : one)),
        stacks: content.stacks.map((one) => ({
          ...one,
          members: one.members.map((member) =>
            member.service === image.service ? { ...member, image: image.name } : member,
          ),
        })),
        files: hashTexts(changed),
      },
      origin,
    ),
    files: changed,
    support,
  }
}

type ByService = { readonly service: string }

const serviceNames = (stacks: Release['stacks']): ReadonlySet<string> =>
  new Set(stacks.flatMap(({ members }) => members.map(({ service }) => service)))

const mergeFiles = (current: Bundle | undefined, fresh: Bundle, stack: Stack) => {
  const file = composeFile(stack)
  const others = Object.entries(current?.files ?? {}).filter(([name]) => name !== file)
  return { ...Object.fromEntries(others), ...(fresh.files[file] !== undefined && { [file]: fresh.files[file] }) }
}

/** One stack of a fresh release, all others as they run: what `--stage` deploys. `current` is undefined for none. */
export const replaceStack = (current: Bundle | undefined, fresh: Bundle, stack: Stack, origin: Origin): Bundle => {
  const isReplaced = (one: { readonly stack: Stack }) => one.stack === stack
  const old = current?.release
  const others = old?.stacks.filter((one) => !isReplaced(one)) ?? []
  const replaced = fresh.release.stacks.filter(isReplaced)
  const stacks = [...others, ...replaced].toSorted((a, b) => order.indexOf(a.stack) - order.indexOf(b.stack))
  const running = serviceNames(others)
  const renewed = serviceNames(replaced)
  // What is in no stack is run by hand: it comes with the fresh release.
  const merge = <T extends ByService>(before: readonly T[] = [], after: readonly T[] = []) => [
    ...before.filter(({ service }) => running.has(service) && !renewed.has(service)),
    ...after.filter(({ service }) => renewed.has(service) || !running.has(service)),
  ]
  const content = releaseContent(fresh.release)
  const files = mergeFiles(current, fresh, stack)
  const support = { ...current?.support, ...fresh.support }
  return {
    release: makeRelease(
      {
        ...content,
        images: merge(old?.images, content.images),
        stock: merge(old?.stock, content.stock).filter(({ service }) => running.has(service) || renewed.has(service)),
        stacks,
        files: hashTexts(files),
        support: hashTexts(support),
        secrets: sortUnique([...(old?.secrets ?? []), ...content.secrets]),
        networks: sortUnique([...(old?.networks ?? []), ...content.networks]),
        volumes: sortUnique(stacks.flatMap(({ members }) => members.flatMap(({ volumes }) => volumes))),
        migrations: Object.fromEntries([
          ...Object.entries(old?.migrations ?? {}).filter(([service]) => !renewed.has(service)),
          ...Object.entries(content.migrations).filter(([service]) => renewed.has(service)),
        ]),
      },
      origin,
    ),
    files,
    support,
  }
}
