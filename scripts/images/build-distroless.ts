import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import type { Command } from '../cli/args.ts'
import { CliError } from '../cli/fail.ts'
import { lookOf } from '../cli/look.ts'
import { progress } from '../cli/progress.ts'
import { runCommand } from '../cli/run-command.ts'
import { buildImages } from './build/build.ts'
import { PhaseError } from './build/phases.ts'
import { trackProgress } from './build/progress.ts'
import { dryReport, report } from './build/report.ts'
import { selectNames } from './build/selection.ts'
import { deliveryText, load, push, writePins } from './deliver/deliver.ts'
import { parseRepository } from './deliver/reference.ts'
import { type Platform, platformNames } from './format/platform.ts'
import { products } from './layers/products.ts'
import { requireLock } from './lock/lock-file.ts'
import { cacheFolder } from './packages/cache.ts'

export const command = {
  name: 'build-distroless',
  about: 'builds the image of every service for both platforms into dist/images, without a container engine',
  flags: {
    only: { type: 'string', value: 'A,B', about: 'only these services' },
    phase: { type: 'string', value: 'N', about: 'only this phase', choices: ['1', '2', '3', '4', '5'] },
    platform: {
      type: 'string',
      value: 'P',
      about: 'only this platform',
      choices: platformNames,
      multiple: true,
    },
    tag: { type: 'string', value: 'T', about: 'name the images SERVICE-T instead of SERVICE' },
    push: {
      type: 'string',
      value: 'REPO',
      about:
        'push the images to this repository, HOST[:PORT]/PATH, or PATH on the registry LUCID_REGISTRY; credentials are those of docker login',
      multiple: true,
    },
    load: { type: 'boolean', about: 'load the images of its platform into the local Docker engine' },
    jobs: { type: 'string', value: 'N', about: 'services and layers at once (default: one a processor)' },
    rebuild: { type: 'boolean', about: 'build also what is unchanged' },
    'dry-run': { type: 'boolean', about: 'build nothing; print what each image would be made of' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: [
    'bun run build-distroless',
    'bun run build-distroless --only session-chunker,merkle-builder',
    'bun run build-distroless --phase 3 --platform linux/arm64',
    'bun run build-distroless --push registry.example/pickme/lucid --load',
  ],
} as const satisfies Command

const root = join(import.meta.dir, '..', '..')

const jobsOf = (text: string | undefined): number => {
  const jobs = text === undefined ? availableParallelism() : Number(text)
  if (!Number.isInteger(jobs) || jobs < 1) throw new CliError('--jobs takes a whole number from 1')
  return jobs
}

/** The bundler's output and the runtime in the image are those of one version, or a build says nothing about another. */
const requirePinnedBun = (): void => {
  const pinned = packageJson.packageManager.replace(/^bun@/, '')
  if (Bun.version !== pinned)
    throw new CliError(
      `images are built with Bun ${pinned}, this is ${Bun.version}: npm install --global bun@${pinned}`,
    )
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  requirePinnedBun()
  const all = products()
  const chosen = selectNames(all, { only: flags.only, phase: flags.phase })
  if ('fault' in chosen) throw new CliError(chosen.fault)
  if (flags.tag !== undefined && !/^[\w][\w.-]{0,100}$/.test(flags.tag))
    throw new CliError(`--tag takes letters, digits, dots, dashes and underscores, not '${flags.tag}'`)
  for (const repository of flags.push) parseRepository(repository, process.env['LUCID_REGISTRY'])
  const platforms = flags.platform.length === 0 ? platformNames : (flags.platform as readonly Platform[]) // its choices
  const options = {
    root,
    dist: join(root, 'dist', 'images'),
    cache: cacheFolder(process.env),
    lock: requireLock(root),
    products: all,
    selected: chosen.names,
    platforms,
    version: packageJson.version,
    tag: flags.tag,
    jobs: jobsOf(flags.jobs),
    rebuild: flags.rebuild,
  }
  if (flags['dry-run']) {
    terminal.out(dryReport(options, flags.json))
    return 0
  }
  const began = performance.now()
  const screen = progress(terminal.err, lookOf(process.stderr, process.env))
  const progressView = trackProgress(all.filter(({ name }) => chosen.names.includes(name)))
  try {
    const built = await buildImages({
      ...options,
      onStep: (service, step) => {
        const { text, line } = progressView.note(service, step, performance.now() - began)
        screen.show(text, line)
      },
    })
    const ms = performance.now() - began
    const { dist } = options
    writePins({ dist, images: built.images })
    const images = Object.fromEntries(
      Object.entries(built.images).filter(([name]) => chosen.names.includes(name)),
    )
    const delivery = { dist, images, env: process.env, show: screen.show }
    const pushed = await push(flags.push, delivery)
    const loaded = flags.load ? await load(delivery) : undefined
    screen.done()
    const delivered = { ...(flags.push.length > 0 && { pushed }), ...(loaded !== undefined && { loaded }) }
    terminal.out(
      flags.json
        ? `${JSON.stringify({ ok: true, ...built, ms: Math.round(ms), ...delivered }, null, 2)}\n`
        : `${report(built, ms, lookOf(process.stdout, process.env))}${deliveryText(pushed, loaded)}`,
    )
    return 0
  } catch (error) {
    screen.done()
    if (!(error instanceof PhaseError)) throw error
    const { service, phase, cause, message } = error
    if (flags.json) terminal.out(`${JSON.stringify({ ok: false, service, phase, error: message })}\n`)
    if (cause instanceof CliError) throw new CliError(message, { details: cause.details, cause })
    throw error
  }
})
