import { type Stack, stacks } from '#catalog'
import type { Command } from '#common/cli/args'
import { errorMessage } from '#common/process/error'
import { runCommand } from '../cli/run-command.ts'
import { askHostAdminCode, showHostAdminCode } from '../host/admin-code.ts'
import { collectFacts } from '../host/collect.ts'
import { rememberTarget, targetFlags } from '../host/target.ts'
import { readKey } from '../images/layout/signature.ts'
import { refreshBoot } from './boot/refresh.ts'
import { choosePlatform } from './content/checkout.ts'
import type { Bundle, Release } from './content/release.ts'
import { replaceStack } from './content/replace.ts'
import { findLost, inspectDeep, NOTHING_DEEP } from './host/deep-facts.ts'
import { readBundle, readRelease } from './host/observe.ts'
import { preflight } from './host/preflight.ts'
import { type PreflightInput, readPlatform } from './host/preflight-check.ts'
import { type CheckoutRelease, distFolder, makeCheckoutRelease } from './run/checkout-release.ts'
import { finishCommand, type ReleaseCommand, requireReady, withReleaseCommand } from './run/command.ts'
import { isInPlace } from './run/deliver.ts'
import { gateFlags } from './run/gate-flags.ts'
import { listSecrets } from './run/prepare.ts'
import { findTool } from './run/supply.ts'
import { renderPreflight } from './run/tables.ts'

export const command = {
  name: 'deploy:pi',
  about: 'brings what was built to a host, stack by stack, each gated on health, or leaves the host as it was',
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
      about: 'send the layers that the host lacks over the ssh connection, instead of its pulling them from a registry',
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
    'dry-run': { type: 'boolean', about: 'change nothing; show what is wrong, what would change and the steps' },
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

const chooseBundle = async (
  { shell, target, observed: { current } }: ReleaseCommand,
  { bundle, origin }: CheckoutRelease,
  stage: string | undefined,
): Promise<Bundle> => {
  if (stage === undefined) return bundle
  const running = current === undefined ? undefined : await readBundle(shell, target.dir, current)
  return replaceStack(running, bundle, stage as Stack, origin) // one of its choices
}

/** A host that needs nothing is not looked into: that takes containers. */
const inspectHost = async (
  command: ReleaseCommand,
  host: PreflightInput['host'],
  { current, bundle }: { readonly current: Release | undefined; readonly bundle: Bundle },
) => {
  const { shell, target, observed } = command
  const to = bundle.release
  const isUp = host.engine.is === 'up'
  const isThere = isUp && current !== undefined && (await isInPlace(command, { observed, to, bundle }))
  if (!isUp) return NOTHING_DEEP
  // Of a release that is brought there first, the image is not there yet.
  const lost = await findLost(shell, host, {
    dir: target.dir,
    images: [findTool(to), current && findTool(current)],
    current,
    observed,
  })
  const deep = isThere
    ? NOTHING_DEEP
    : await inspectDeep(shell, host, { dir: target.dir, image: findTool(current ?? to) })
  return { ...deep, lost }
}

/** The first deploy: with this code its admin signs in. The release is there whatever becomes of it. */
const offerAdminCode = async (
  { shell, target: { dir, host }, terminal }: ReleaseCommand,
  release: Release,
): Promise<void> => {
  const image = findTool(release)
  if (image === undefined || !release.images.some(({ service }) => service === 'authentication')) return
  try {
    const code = await askHostAdminCode(shell, { dir, image, recover: false })
    if (code !== undefined) terminal.err(showHostAdminCode(code, host))
  } catch (error) {
    terminal.err(`no code for the first admin (bun run recover admin): ${errorMessage(error)}\n`)
  }
}

await runCommand(import.meta.main, command, ({ flags, terminal }) =>
  withReleaseCommand(flags, terminal, async (command) => {
    const { shell, target, home, observed, style, json } = command
    const { dir } = target
    const dist = distFolder(flags.images)
    const current = observed.current === undefined ? undefined : await readRelease(shell, dir, observed.current)
    const host = await collectFacts(shell, dir, 'preflight', { secrets: await listSecrets(current) })
    const checkout = await makeCheckoutRelease({
      dist,
      platform: choosePlatform(dist, { platform: readPlatform(host), machine: host.readiness.machine }),
      dir,
      registry: flags.registry,
      env: flags.env,
      trusted: flags.signer === undefined ? host.readiness.signer : readKey(flags.signer, '--signer'),
    })
    const bundle = await chooseBundle(command, checkout, flags.stage)
    const { release } = bundle
    const checked = preflight({
      host,
      deep: await inspectHost(command, host, { current, bundle }),
      release,
      current,
      signature: checkout.signature,
      placeholders: checkout.placeholders,
      dir,
    })
    if (!json) terminal.err(renderPreflight(checked, style))
    requireReady(command, checked)
    await finishCommand(command, {
      kind: 'deploy',
      what: flags.stage === undefined ? `deploy ${release.id}` : `deploy ${flags.stage} of ${release.id}`,
      bundle,
      to: release,
      current,
      supply: flags['registry-less'] ? { kind: 'ssh', dist } : { kind: 'registry' },
    })
    if (command.dryRun) return
    rememberTarget(home, target)
    for (const line of await refreshBoot(command)) terminal.err(`${line}\n`)
    await offerAdminCode(command, release)
  }),
)
