import type { Lease } from '../../host/lease.ts'
import { commandLine, quote } from '../../host/quote.ts'
import type { ReleaseImage } from '../content/release.ts'
import { ask, type Patience } from './ask.ts'
import { BLOBS, listScript, parseStored, stripAlgorithm } from './blobs.ts'
import { hostFault } from './faults.ts'

/** What was removed. `inUse` are images that a container still has: they go with a later release. */
export type Pruned = {
  readonly images: readonly string[]
  readonly inUse: readonly string[]
  readonly blobs: number
  readonly bytes: number
}

const IMAGE = 'lucid-image'
const END = 'lucid-end'

const repositoryOf = (name: string): string => name.slice(0, name.lastIndexOf(':'))

/** Images that say themselves that they are of a service of ours, in these repositories. */
const listImages = (repositories: readonly string[]): string =>
  [
    ...repositories.map(
      (repository) =>
        `docker image ls --filter label=org.lucid.service --format '${IMAGE} {{.Repository}}:{{.Tag}}' ${quote(repository)} || exit 1`,
    ),
    `echo ${END}`,
  ].join('\n')

/** The names in a list that are names of contents and of no image that is kept. */
export const prunable = (out: string, keep: readonly ReleaseImage[]): readonly string[] => {
  const required = new Set(keep.map(({ name }) => name))
  const ours = new Set([...required].map(repositoryOf))
  return [
    ...new Set(
      out
        .split('\n')
        .map((one) => /^lucid-image (\S+:[a-z0-9-]+-[0-9a-f]{12})\r?$/.exec(one)?.[1])
        .filter((name) => name !== undefined),
    ),
  ].filter((name) => ours.has(repositoryOf(name)) && !required.has(name))
}

/**
 * Removes the images of ours, by their names of contents, and the blobs that none of the kept images has. `keep` are
 * all images of all releases that stay; nothing in another repository, without our label or under another kind of name
 * is touched, and an image that a container has stays. Throws CliError, LeaseLost.
 */
export const pruneImages = async (
  lease: Lease,
  keep: readonly ReleaseImage[],
  patience: Patience = {},
): Promise<Pruned> => {
  const host = lease.shell.name
  const repositories = [...new Set(keep.map(({ name }) => repositoryOf(name)))]
  const listed = await ask(lease, listImages(repositories), patience)
  if (listed.code !== 0 || !listed.out.split('\n').includes(END))
    throw hostFault(host, 'the list of images', listed, { dir: lease.dir })
  const images: string[] = []
  const inUse: string[] = []
  for (const name of prunable(listed.out, keep)) {
    const removed = await ask(lease, commandLine('docker', 'image', 'rm', name), patience)
    if (removed.code === 0 || /no such image/i.test(removed.err)) images.push(name)
    else if (/is using|is being used|conflict/i.test(removed.err)) inUse.push(name)
    else throw hostFault(host, `docker image rm ${name}`, removed, { dir: lease.dir })
  }

  const answer = await ask(lease, listScript(lease.dir), patience)
  const stored = answer.code === 0 ? parseStored(answer.out) : undefined
  if (stored === undefined) throw hostFault(host, 'the list of blobs', answer, { dir: lease.dir })
  const required = new Set(keep.flatMap(({ layers }) => layers.map(({ digest }) => stripAlgorithm(digest))))
  const old = [...stored.whole, ...[...stored.parts].map(([hex, size]) => [`${hex}.part`, size] as const)].filter(
    ([file]) => !required.has(file.slice(0, 64)),
  )
  if (old.length > 0) {
    const removed = await ask(
      lease,
      `cd ${BLOBS} && ${commandLine('rm', '-f', ...old.map(([file]) => file))}`,
      patience,
    )
    if (removed.code !== 0) throw hostFault(host, 'removing blobs', removed, { dir: lease.dir })
  }
  return { images, inUse, blobs: old.length, bytes: old.reduce((sum, [, size]) => sum + size, 0) }
}
