import { join } from 'node:path'
import { stacks } from '#catalog'
import { CliError } from '../../cli/fail.ts'
import { live, type Ran } from '../../cli/run.ts'
import { quote } from '../../host/quote.ts'
import type { Platform } from '../../images/format/platform.ts'
import { composeFile, type Release } from '../../release/content/release.ts'
import { releaseImages } from '../../release/images/release-images.ts'
import { MONGO_IMAGE_TITLE } from '../peers/mongo-image/title.ts'
import { openBrokenImages } from '../peers/pi/broken-images.ts'
import { type Operator, openOperator } from '../peers/pi/operator.ts'
import type { Pi } from '../peers/pi/pi.ts'
import { type PlatformPi, startPlatformPi } from '../peers/pi/platform-pi.ts'
import { inFolder, type Setting } from './folder.ts'

/** What a deploy to an emulated Pi takes. Times are ms of the whole command, a value for each run. */
export type DeployResult = {
  /** What the host was, and what it has in the place of mongo:7. */
  readonly host: string
  readonly containers: number
  /** The first deploy of all, with the images over the line and their bytes. */
  readonly first: { readonly ms: number; readonly bytes: number }
  /** Everything started on empty volumes, images there: by deploy:pi, and by plain `docker compose up --wait` of the same files. */
  readonly staged: readonly number[]
  readonly plain: readonly number[]
  readonly nothing: readonly number[]
  /** Containers that were started by the runs that had nothing to do. */
  readonly started: number
  readonly update: {
    readonly service: string
    readonly ms: number
    /** Bytes to the host, and of the layers that changed. */
    readonly bytes: number
    readonly layers: number
  }
  readonly rollback: readonly number[]
}

const CHANGED = 'merkle-builder'
/** Patience of the gate with a busy machine, s. */
const PATIENT = ['--timeout', '300'] as const

const requireOk = (what: string, ran: Ran): Ran => {
  if (ran.code !== 0)
    throw new CliError(`${what}: exit code ${ran.code}`, { details: ran.err.trim().split('\n').slice(-12) })
  return ran
}

const onHost = async (pi: Pi, what: string, script: string): Promise<Ran> =>
  requireOk(what, await live(['ssh', '-F', pi.sshConfig, pi.host, script]))

const composeCommand = (pi: Pi, release: Release, stack: (typeof stacks)[number]): string =>
  `docker compose --file ${quote(`${pi.dir}/releases/${release.id}/${composeFile(stack)}`)}`

/** Takes containers and volumes away; images, secrets and the release's files stay. */
const clear = (pi: Pi, release: Release): Promise<Ran> =>
  onHost(
    pi,
    'docker compose down',
    stacks
      .toReversed()
      .map((stack) => `${composeCommand(pi, release, stack)} down --volumes`)
      .join(' && '),
  )

/**
 * What one would type without us. `--wait` counts a container that has done its work and ended as a failure, so what is
 * run once is started before it and not waited for.
 */
const plainScript = (pi: Pi, release: Release): string =>
  release.stacks
    .flatMap(({ stack, members }) => {
      const up = `${composeCommand(pi, release, stack)} up --detach`
      const waited = members.filter(({ proof }) => proof.kind === 'healthy').map(({ service }) => service)
      return [...(waited.length < members.length ? [up] : []), `${up} --wait --wait-timeout 300 ${waited.join(' ')}`]
    })
    .join(' && ')

const newLayers = (before: string, after: string, platform: Platform): number => {
  const listLayers = (dist: string) => releaseImages(dist, platform, 'x').flatMap(({ layers }) => layers)
  const digests = new Set(listLayers(before).map(({ digest }) => digest))
  return listLayers(after)
    .filter(({ digest }) => !digests.has(digest))
    .reduce((sum, { size }) => sum + size, 0)
}

const listStarts = async (operator: Operator): Promise<ReadonlySet<string>> =>
  new Set(Object.entries(await operator.containers()).map(([name, { startedAt }]) => `${name} ${startedAt}`))

type Options = Setting & { readonly runs: number }

/** What is measured: a host, the commands as typed, the images, and those with one service changed. */
type Bench = Options & {
  readonly pi: Pi
  readonly operator: Operator
  readonly images: string
  readonly changed: string
}

/** Types a command that must succeed; its milliseconds. */
const type = async ({ operator }: Bench, name: string, ...words: readonly string[]): Promise<number> =>
  requireOk(name, await operator.type(name, ...words, ...PATIENT, '--json')).ms

const deploy = (bench: Bench) => type(bench, 'deploy:pi', '--registry-less', '--images', bench.images)
const update = (bench: Bench) => type(bench, 'update', CHANGED, '--registry-less', '--images', bench.changed)

const withBytes = async ({ pi }: Bench, work: () => Promise<number>) => {
  const before = pi.link.sent()
  return { ms: await work(), bytes: pi.link.sent() - before }
}

/** Everything started on empty volumes, by deploy:pi and by plain Compose in turn. */
const measureAnew = async (setting: Bench) => {
  const { pi, operator, runs, say } = setting
  const release = operator.release(operator.current() ?? '')
  const [staged, plain]: [number[], number[]] = [[], []]
  for (let run = 1; run <= runs; run++) {
    say(`everything anew, run ${run} of ${runs}: by deploy:pi`)
    await clear(pi, release)
    staged.push(await deploy(setting))
    say(`everything anew, run ${run} of ${runs}: by docker compose up --wait`)
    await clear(pi, release)
    plain.push((await onHost(pi, 'docker compose up', plainScript(pi, release))).ms)
  }
  return { staged, plain }
}

const measureNothing = async (setting: Bench) => {
  setting.say('nothing changed')
  const before = await listStarts(setting.operator)
  const nothing: number[] = []
  for (let run = 0; run < setting.runs; run++) nothing.push(await deploy(setting))
  const after = await listStarts(setting.operator)
  return { nothing, containers: after.size, started: [...after].filter((one) => !before.has(one)).length }
}

const measureUpdate = async (setting: Bench) => {
  const { runs, say } = setting
  say('one service changed, and back')
  const first = await withBytes(setting, () => update(setting))
  const rollback: number[] = []
  for (let run = 0; run < runs; run++) {
    if (run > 0) await update(setting)
    rollback.push(await type(setting, 'rollback'))
  }
  return { first, rollback }
}

/** Builds and signs the images, and those with one service changed. */
const buildBoth = async (operator: Operator, folder: string, platform: Platform) => {
  const builder = openBrokenImages(folder)
  const images = await builder.whole(platform)
  const changed = await builder.changed('one more line', [CHANGED], { from: images, platform })
  for (const dist of [images, changed]) requireOk('sign:images', await operator.type('sign:images', '--images', dist))
  return { images, changed }
}

const measure = async (started: PlatformPi, options: Options, platform: Platform): Promise<DeployResult> => {
  const { say, folder } = options
  const { pi } = started
  const operator = openOperator(started, folder)
  say('building the images')
  const { images, changed } = await buildBoth(operator, folder, platform)
  const setting = { ...options, pi, operator, images, changed }
  say('first deploy')
  const first = await withBytes(setting, () => deploy(setting))
  const anew = await measureAnew(setting)
  const again = await measureNothing(setting)
  const { first: one, rollback } = await measureUpdate(setting)
  return {
    host: `an emulated Pi (${platform}, this machine's speed), ${MONGO_IMAGE_TITLE}`,
    first,
    ...anew,
    ...again,
    update: { service: CHANGED, ...one, layers: newLayers(images, changed, platform) },
    rollback,
  }
}

/** Measures the commands themselves on an emulated Pi. Throws CliError when the machine cannot have one, or one fails. */
export const benchDeploy = (options: Options): Promise<DeployResult> =>
  inFolder(options.folder, 'lucid-bd-', async (folder) => {
    const platform = process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64'
    options.say(`starting an emulated Pi, with ${MONGO_IMAGE_TITLE}`)
    const started = await startPlatformPi({ folder: join(folder, 'pi') })
    if ('absent' in started) throw new CliError(`no emulated Pi on this machine: ${started.absent}`)
    return await measure(started, { ...options, folder }, platform).finally(started.pi.stop)
  })
