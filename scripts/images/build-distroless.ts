import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Command, Flags } from '#common/cli/args'
import { detectStyle } from '#common/cli/style'
import { jsonText, type Text, text } from '#common/cli/text'
import packageJson from '../../package.json' with { type: 'json' }
import { CliError } from '../cli/fail.ts'
import { progress } from '../cli/progress.ts'
import { runCommand } from '../cli/run-command.ts'
import { type BuildOptions, type Built, buildImages } from './build/build.ts'
import { PhaseError } from './build/phases.ts'
import { trackProgress } from './build/progress.ts'
import { dryReport, report } from './build/report.ts'
import { selectNames } from './build/selection.ts'
import { type Delivered, type Delivery, deliveryText, load, push, writePins } from './deliver/deliver.ts'
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
    platform: { type: 'string', value: 'P', about: 'only this platform', choices: platformNames, multiple: true },
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

const parseJobs = (given: string | undefined): number => {
  const jobs = given === undefined ? availableParallelism() : Number(given)
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

type CommandFlags = Flags<typeof command>

/** What is to be built, from the flags; all that is wrong with them is said before anything is begun. Throws CliError. */
const readOptions = (flags: CommandFlags): Omit<BuildOptions, 'onStep'> => {
  const all = products()
  const chosen = selectNames(all, { only: flags.only, phase: flags.phase })
  if ('fault' in chosen) throw new CliError(chosen.fault)
  if (flags.tag !== undefined && !/^[\w][\w.-]{0,100}$/.test(flags.tag))
    throw new CliError(`--tag takes letters, digits, dots, dashes and underscores, not '${flags.tag}'`)
  for (const repository of flags.push) parseRepository(repository, process.env['LUCID_REGISTRY'])
  return {
    root,
    dist: join(root, 'dist', 'images'),
    cache: cacheFolder(process.env),
    lock: requireLock(root),
    products: all,
    selected: chosen.names,
    platforms: flags.platform.length === 0 ? platformNames : (flags.platform as readonly Platform[]), // its choices
    version: packageJson.version,
    tag: flags.tag,
    jobs: parseJobs(flags.jobs),
    rebuild: flags.rebuild,
  }
}

const deliver = async (
  flags: CommandFlags,
  { dist, selected }: Pick<BuildOptions, 'dist' | 'selected'>,
  { images: all }: Built,
  show: Delivery['show'],
): Promise<Delivered> => {
  writePins({ dist, images: all })
  const images = Object.fromEntries(Object.entries(all).filter(([name]) => selected.includes(name)))
  const delivery = { dist, images, env: process.env, show }
  return { pushed: await push(flags.push, delivery), loaded: flags.load ? await load(delivery) : undefined }
}

const resultJson = (built: Built, ms: number, { pushed, loaded }: Delivered): Text => {
  const delivered = { ...(pushed.length > 0 && { pushed }), ...(loaded !== undefined && { loaded }) }
  return jsonText({ ok: true, ...built, ms: Math.round(ms), ...delivered })
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  requirePinnedBun()
  const options = readOptions(flags)
  if (flags['dry-run']) {
    terminal.out(dryReport(options, flags.json))
    return 0
  }
  const began = performance.now()
  const screen = progress(terminal.err, detectStyle(process.stderr, process.env))
  const steps = trackProgress(options.products.filter(({ name }) => options.selected.includes(name)))
  try {
    const built = await buildImages({
      ...options,
      onStep: (service, step) => {
        const { text: picture, line } = steps.note(service, step, performance.now() - began)
        screen.show(picture, line)
      },
    })
    const ms = performance.now() - began
    const delivered = await deliver(flags, options, built, screen.show)
    screen.done()
    terminal.out(
      flags.json
        ? resultJson(built, ms, delivered)
        : text([...report(built, ms, detectStyle(process.stdout, process.env)), ...deliveryText(delivered)]),
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
