import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defaults } from '#catalog'
import { CliError } from '../cli/fail.ts'
import type { Lease } from '../host/lease.ts'
import { requireSuccess } from '../host/shell.ts'
import { LOCK_FILE } from '../images/layout/digests-lock.ts'
import { releaseImages } from '../release/images/release-images.ts'
import { sendImages } from '../release/images/send-images.ts'

const TOOL = 'server-tools'

/**
 * Sends server-tools of this machine's images to a host that has no release: a new one, onto which a backup is to come.
 * Answers its name there. Throws CliError when the images were not built, or the engine takes none.
 */
export const bringTools = async (lease: Lease, dist: string): Promise<string> => {
  const { name } = lease.shell
  if (!existsSync(join(dist, LOCK_FILE)))
    throw new CliError(
      `${name} has no release, and there are no images here to restore with: bun run build-distroless --only ${TOOL}`,
    )
  const platform = await requireSuccess(
    `${name}: no Docker engine answers`,
    lease.shell.run("docker version --format '{{.Server.Os}}/{{.Server.Arch}}'"),
  )
  const image = releaseImages(dist, platform.trim(), defaults.LUCID_IMAGE_REPO).find(({ service }) => service === TOOL)
  if (image === undefined) throw new CliError(`no image of ${TOOL} in ${dist}: bun run build-distroless --only ${TOOL}`)
  await sendImages(lease, [image], { dist })
  return image.name
}
