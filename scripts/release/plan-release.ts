import type { Command } from '#common/cli/args'
import { detectStyle } from '#common/cli/style'
import { jsonText, text } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { collectFacts } from '../host/collect.ts'
import { withHost } from '../host/open.ts'
import { targetFlags } from '../host/target.ts'
import { compareReleases } from './content/diff.ts'
import { inspectDrift, observeHost, readRelease } from './host/observe.ts'
import { readVolumes } from './host/volume-marks.ts'
import { distFolder, makeCheckoutRelease } from './run/checkout-release.ts'
import { findTool } from './run/supply.ts'
import { renderChanges, renderDrift } from './run/tables.ts'

export const command = {
  name: 'plan',
  about:
    'shows what a deploy would change on a host: images, environment keys, ports, volumes, migrations, and what was changed there by hand',
  flags: {
    ...targetFlags,
    registry: { type: 'string', value: 'REPO', about: 'where the registry has the images, HOST/PATH' },
    images: { type: 'string', value: 'FOLDER', about: 'where the images are (dist/images)' },
    env: { type: 'string', value: 'FOLDER', about: 'where the env files are (env, or LUCID_ENV_FOLDER)' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: ['bun run plan'],
  exits: {
    0: 'nothing would change',
    1: 'it failed; the last line on stderr says why',
    2: 'something would change, or was changed there by hand',
  },
} as const satisfies Command

await runCommand(import.meta.main, command, ({ flags, terminal }) =>
  withHost(flags, process.env, async ({ shell, target: { dir } }) => {
    const { engine, readiness } = await collectFacts(shell, dir, 'preflight')
    if (engine.is !== 'up')
      throw new CliError(
        `${shell.name}: no Docker engine answers: ${engine.is === 'down' ? engine.why : 'docker is not installed'}`,
      )
    const { bundle } = await makeCheckoutRelease({
      dist: distFolder(flags.images),
      platform: engine.platform,
      dir,
      registry: flags.registry,
      env: flags.env,
      trusted: readiness.signer,
    })
    const { release } = bundle
    const { current: id } = await observeHost(shell, dir)
    const current = id === undefined ? undefined : await readRelease(shell, dir, id)
    const changes = compareReleases(current, release)
    const { faults: lost } = await readVolumes(shell, dir, [findTool(release)])
    const drift = [...lost, ...(await inspectDrift(shell, dir, { current, bundle }))]
    const isSame = changes.length === 0 && drift.length === 0
    const style = detectStyle(process.stdout, process.env)
    terminal.out(
      flags.json
        ? jsonText({ from: id ?? null, to: release.id, changes, drift })
        : isSame
          ? `${release.id} is what ${shell.name} has: nothing would change\n`
          : text([renderChanges(current, release, changes, style), renderDrift(drift, style)]),
    )
    return isSame ? 0 : 2
  }),
)
