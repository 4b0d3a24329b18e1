import { join, resolve } from 'node:path'
import { catalog } from '#catalog'
import type { Command } from '#common/cli/args'
import { detectStyle } from '#common/cli/style'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { collectFacts } from '../host/collect.ts'
import { openHost, whoami } from '../host/open.ts'
import { targetFlags } from '../host/target.ts'
import { repository } from '../platform/home.ts'
import { readOrigin } from './content/checkout.ts'
import { compareReleases } from './content/diff.ts'
import { replaceImage } from './content/replace.ts'
import { checkSignature } from './content/signature.ts'
import { inspectDeep } from './host/deep-facts.ts'
import { observeHost, readBundle } from './host/observe.ts'
import { listFaults, preflight } from './host/preflight.ts'
import { releaseImages } from './images/release-images.ts'
import { deliverRelease } from './run/deliver.ts'
import { gateFlags, parseTiming } from './run/gate-flags.ts'
import { findTool } from './run/supply.ts'
import { renderChanges, renderPreflight } from './run/tables.ts'

export const command = {
  name: 'update',
  about: 'replaces the image of one service on a host, gated on health; the one before comes back by itself',
  positionals: [{ name: 'SERVICE', about: 'which service', required: true, choices: Object.keys(catalog) }],
  flags: {
    ...targetFlags,
    'registry-less': {
      type: 'boolean',
      about: 'send the layers that the host lacks over the ssh connection',
    },
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

await runCommand(import.meta.main, command, async ({ flags, positionals, terminal }) => {
  const service = positionals[0] ?? ''
  const dist = resolve(flags.images ?? join(repository, 'dist', 'images'))
  const opened = openHost(flags, process.env)
  const { shell, target } = opened
  const style = detectStyle(process.stderr, process.env)
  try {
    const observed = await observeHost(shell, target.dir)
    if (observed.current === undefined)
      throw new CliError(`${shell.name} runs no release yet: bun run deploy:pi`)
    const current = await readBundle(shell, target.dir, observed.current)
    const { platform, images } = current.release
    const before = images.find((one) => one.service === service)
    if (before === undefined)
      throw new CliError(
        `${observed.current} has no service ${service}: bun run deploy:pi brings a whole release`,
      )
    const where = flags.registry ?? before.pull.replace(/@.*$/, '')
    const image = releaseImages(dist, platform, where).find((one) => one.service === service)
    if (image === undefined)
      throw new CliError(`no image of ${service} in ${dist}: bun run build-distroless --only ${service}`)
    const host = await collectFacts(shell, target.dir, 'preflight', { secrets: current.release.secrets })
    const signed = checkSignature(dist, host.readiness.signer)
    const bundle = replaceImage(current, image, {
      ...readOrigin(repository),
      madeBy: whoami(),
      madeAt: Date.now(),
      signer: signed.signer,
    })
    const checked = preflight({
      host,
      deep: await inspectDeep(shell, host, { dir: target.dir, image: findTool(current.release) }),
      release: bundle.release,
      current: current.release,
      now: Date.now(),
      signature: signed.fault,
      placeholders: [],
      dir: target.dir,
    })
    const faults = listFaults(checked)
    if (faults.length > 0) {
      if (!flags.json) terminal.err(renderPreflight(checked, style))
      throw new CliError(`${shell.name} is not ready, and nothing was changed`, {
        details: faults,
      })
    }
    if (flags['dry-run']) {
      const changes = compareReleases(current.release, bundle.release)
      terminal.out(
        flags.json
          ? `${JSON.stringify({ from: observed.current, to: bundle.release.id, changes }, null, 2)}\n`
          : `${renderChanges(current.release, bundle.release, changes, style)}\n`,
      )
      return 0
    }
    await deliverRelease(opened, {
      kind: 'update',
      what: `update ${service}`,
      bundle,
      to: bundle.release,
      observed,
      current: current.release,
      supply: flags['registry-less'] ? { kind: 'ssh', dist } : { kind: 'registry' },
      timing: parseTiming(flags),
      terminal,
      style,
      json: flags.json,
    })
    return 0
  } finally {
    await shell.close()
  }
})
