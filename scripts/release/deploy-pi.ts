import { join, resolve } from 'node:path'
import { type Stack, stacks } from '#catalog'
import type { Command } from '#common/cli/args'
import { detectStyle } from '#common/cli/style'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { collectFacts } from '../host/collect.ts'
import { openHost, whoami } from '../host/open.ts'
import { rememberTarget, targetFlags } from '../host/target.ts'
import { readKey } from '../images/layout/signature.ts'
import { repository } from '../platform/home.ts'
import { refreshBoot } from './boot/refresh.ts'
import { assemble } from './content/assemble.ts'
import { choosePlatform, readCheckout, readOrigin, resolveEnvFolder } from './content/checkout.ts'
import { compareReleases } from './content/diff.ts'
import { replaceStack } from './content/replace.ts'
import { checkSignature } from './content/signature.ts'
import { inspectDeep, NOTHING_DEEP } from './host/deep-facts.ts'
import { observeHost, readBundle, readRelease } from './host/observe.ts'
import { listFaults, preflight } from './host/preflight.ts'
import { readPlatform } from './host/preflight-check.ts'
import { deliverRelease, isInPlace } from './run/deliver.ts'
import { gateFlags, parseTiming } from './run/gate-flags.ts'
import { formatStep, planForward } from './run/plan.ts'
import { listSecrets } from './run/prepare.ts'
import { findTool } from './run/supply.ts'
import { renderChanges, renderPreflight } from './run/tables.ts'

export const command = {
  name: 'deploy:pi',
  about:
    'brings what was built to a host, stack by stack, each gated on health, or leaves the host as it was',
  flags: {
    ...targetFlags,
    stage: {
      type: 'string',
      value: 'S',
      about: 'this stack of the new release, all others as they run',
      choices: stacks,
    },
    'registry-less': {
      type: 'boolean',
      about:
        'send the layers that the host lacks over the ssh connection, instead of its pulling them from a registry',
    },
    registry: {
      type: 'string',
      value: 'REPO',
      about: 'where the registry has the images, HOST/PATH (LUCID_IMAGE_REPO of env/.env.core)',
    },
    images: { type: 'string', value: 'FOLDER', about: 'where the images are (dist/images)' },
    env: { type: 'string', value: 'FOLDER', about: 'where the env files are (env, or LUCID_ENV_FOLDER)' },
    signer: {
      type: 'string',
      value: 'HEX',
      about: 'public key that must have signed the images, from now on (the one that signed the first)',
    },
    ...gateFlags,
    'dry-run': {
      type: 'boolean',
      about: 'change nothing; show what is wrong, what would change and the steps',
    },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: [
    'bun run deploy:pi --host pi@raspberrypi.local --registry-less',
    'bun run deploy:pi --dry-run',
    'bun run deploy:pi --stage sessions',
  ],
  exits: {
    1: 'it was refused before anything changed; the lines on stderr say why and what to do',
    2: 'the new release did not make it; the one before is back',
    3: 'the connection or the engine broke; the next command finishes or undoes it',
  },
} as const satisfies Command

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const dist = resolve(flags.images ?? join(repository, 'dist', 'images'))
  const opened = openHost(flags, process.env)
  const { shell, target, home } = opened
  const style = detectStyle(process.stderr, process.env)
  try {
    const observed = await observeHost(shell, target.dir)
    const current =
      observed.current === undefined ? undefined : await readRelease(shell, target.dir, observed.current)
    const host = await collectFacts(shell, target.dir, 'preflight', { secrets: await listSecrets(current) })
    const { parts, placeholders } = await readCheckout({
      root: repository,
      dist,
      platform: choosePlatform(dist, { platform: readPlatform(host), machine: host.readiness.machine }),
      dir: target.dir,
      repository: flags.registry,
      env: resolveEnvFolder(flags.env, process.env),
    })
    const trusted = flags.signer === undefined ? host.readiness.signer : readKey(flags.signer, '--signer')
    const signed = checkSignature(dist, trusted)
    const origin = { ...readOrigin(repository), madeBy: whoami(), madeAt: Date.now(), signer: signed.signer }
    const whole = assemble(parts, origin)
    const bundle =
      flags.stage === undefined
        ? whole
        : replaceStack(
            observed.current === undefined
              ? undefined
              : await readBundle(shell, target.dir, observed.current),
            whole,
            flags.stage as Stack, // one of its choices
            origin,
          )
    const isUp = host.engine.is === 'up'
    // A host that needs nothing is not looked into: that takes containers.
    const isThere =
      isUp && current !== undefined && (await isInPlace(opened, { observed, to: bundle.release }))
    const checked = preflight({
      host,
      deep:
        isThere || !isUp
          ? NOTHING_DEEP
          : await inspectDeep(shell, host, { dir: target.dir, image: findTool(current ?? bundle.release) }),
      release: bundle.release,
      current,
      now: Date.now(),
      signature: signed.fault,
      placeholders,
      dir: target.dir,
    })
    const faults = listFaults(checked)
    if (!flags.json) terminal.err(renderPreflight(checked, style))
    if (faults.length > 0)
      throw new CliError(`${shell.name} is not ready, and nothing was changed`, {
        details: faults,
      })
    const changes = compareReleases(current, bundle.release)
    if (flags['dry-run']) {
      const steps = planForward(current, bundle.release).map(formatStep)
      terminal.out(
        flags.json
          ? `${JSON.stringify({ from: current?.id ?? null, to: bundle.release.id, changes, steps }, null, 2)}\n`
          : `${renderChanges(current, bundle.release, changes, style)}\nsteps: ${steps.join(', ')}\n`,
      )
      return 0
    }
    await deliverRelease(opened, {
      kind: 'deploy',
      what:
        flags.stage === undefined
          ? `deploy ${bundle.release.id}`
          : `deploy ${flags.stage} of ${bundle.release.id}`,
      bundle,
      to: bundle.release,
      observed,
      current,
      supply: flags['registry-less'] ? { kind: 'ssh', dist } : { kind: 'registry' },
      timing: parseTiming(flags),
      terminal,
      style,
      json: flags.json,
    })
    rememberTarget(home, target)
    for (const line of await refreshBoot(opened)) terminal.err(`${line}\n`)
    return 0
  } finally {
    await shell.close()
  }
})
