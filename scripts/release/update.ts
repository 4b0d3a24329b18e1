import { catalog } from '#catalog'
import type { Command } from '#common/cli/args'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { collectFacts } from '../host/collect.ts'
import { targetFlags } from '../host/target.ts'
import type { Release, ReleaseImage } from './content/release.ts'
import { replaceImage } from './content/replace.ts'
import { checkSignature } from './content/signature.ts'
import { findLost, inspectDeep } from './host/deep-facts.ts'
import { readBundle } from './host/observe.ts'
import { listFaults, preflight } from './host/preflight.ts'
import { releaseImages } from './images/release-images.ts'
import { distFolder, makeOrigin } from './run/checkout-release.ts'
import { finishCommand, requireReady, withReleaseCommand } from './run/command.ts'
import { gateFlags } from './run/gate-flags.ts'
import { findTool } from './run/supply.ts'
import { renderPreflight } from './run/tables.ts'

export const command = {
  name: 'update',
  about: 'replaces the image of one service on a host, gated on health; the one before comes back by itself',
  positionals: [{ name: 'SERVICE', about: 'which service', required: true, choices: Object.keys(catalog) }],
  flags: {
    ...targetFlags,
    'registry-less': { type: 'boolean', about: 'send the layers that the host lacks over the ssh connection' },
    registry: {
      type: 'string',
      value: 'REPO',
      about: 'where the registry has the images, HOST/PATH (as the release has it)',
    },
    images: { type: 'string', value: 'FOLDER', about: 'where the images are (dist/images)' },
    ...gateFlags,
    'dry-run': { type: 'boolean', about: 'change nothing; show what would change' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: ['bun run update session-chunker --registry-less'],
  exits: {
    1: 'it was refused before anything changed; the lines on stderr say why and what to do',
    2: 'the new image did not make it; the one before is back',
    3: 'the connection or the engine broke; the next command finishes or undoes it',
  },
} as const satisfies Command

const findImage = (
  { id, platform, images }: Release,
  service: string,
  { dist, registry }: { readonly dist: string; readonly registry: string | undefined },
): ReleaseImage => {
  const before = images.find((one) => one.service === service)
  if (before === undefined)
    throw new CliError(`${id} has no service ${service}: bun run deploy:pi brings a whole release`)
  const where = registry ?? before.pull.replace(/@.*$/, '')
  const image = releaseImages(dist, platform, where).find((one) => one.service === service)
  if (image === undefined)
    throw new CliError(`no image of ${service} in ${dist}: bun run build-distroless --only ${service}`)
  return image
}

await runCommand(import.meta.main, command, ({ flags, positionals: [service = ''], terminal }) =>
  withReleaseCommand(flags, terminal, async (command) => {
    const { shell, target, observed, style, json } = command
    const { dir } = target
    const dist = distFolder(flags.images)
    if (observed.current === undefined) throw new CliError(`${shell.name} runs no release yet: bun run deploy:pi`)
    const running = await readBundle(shell, dir, observed.current)
    const current = running.release
    const image = findImage(current, service, { dist, registry: flags.registry })
    const host = await collectFacts(shell, dir, 'preflight', { secrets: current.secrets })
    const signed = checkSignature(dist, host.readiness.signer)
    const bundle = replaceImage(running, image, makeOrigin(signed))
    const checked = preflight({
      host,
      deep: {
        ...(await inspectDeep(shell, host, { dir, image: findTool(current) })),
        lost: await findLost(shell, host, { dir, images: [findTool(current)], current, observed }),
      },
      release: bundle.release,
      current,
      signature: signed.fault,
      placeholders: [],
      dir,
    })
    if (!json && listFaults(checked).length > 0) terminal.err(renderPreflight(checked, style))
    requireReady(command, checked)
    await finishCommand(command, {
      kind: 'update',
      what: `update ${service}`,
      bundle,
      to: bundle.release,
      current,
      supply: flags['registry-less'] ? { kind: 'ssh', dist } : { kind: 'registry' },
    })
  }),
)
