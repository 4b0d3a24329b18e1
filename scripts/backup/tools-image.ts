import { CliError } from '../cli/fail.ts'
import { quote } from '../host/quote.ts'
import type { Shell } from '../host/shell.ts'
import { parseRelease } from '../release/content/release-json.ts'

const requireImage = async (shell: Shell, image: string): Promise<string> => {
  const { code } = await shell.run(`docker image inspect ${quote(image)} >/dev/null 2>&1`)
  if (code !== 0) throw new CliError(`${shell.name} has no image ${image}: bun run deploy:pi brings it`)
  return image
}

/**
 * The image that does the work on the host: the one that is named, or server-tools of the release that is current there.
 * Throws CliError when the host has it not.
 */
export const toolsImage = async (shell: Shell, dir: string, named: string | undefined): Promise<string> => {
  if (named !== undefined) return requireImage(shell, named)
  const { code, out } = await shell.run(
    `cd ${quote(dir)} && current=$(cat deploy/current) && cat "releases/$current/release.json"`,
  )
  if (code !== 0)
    throw new CliError(
      `${shell.name} has no release in ${dir}: deploy one first (bun run deploy:pi), or name an image of server-tools that is there with --image`,
    )
  const image = parseRelease(out, `${shell.name}: the current release`).images.find(
    ({ service }) => service === 'server-tools',
  )
  if (image === undefined)
    throw new CliError(`the current release of ${shell.name} has no server-tools: name one with --image`)
  return requireImage(shell, image.name)
}
