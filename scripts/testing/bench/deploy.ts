import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { stacks } from '#catalog'
import { CliError } from '../../cli/fail.ts'
import { live, type Ran } from '../../cli/run.ts'
import { quote } from '../../host/quote.ts'
import type { Platform } from '../../images/format/platform.ts'
import { composeFile, type Release } from '../../release/content/release.ts'
import { releaseImages } from '../../release/images/release-images.ts'
import { MONGO_IMAGE_TITLE } from '../peers/mongo-image/title.ts'
import { type Desk, openDesk } from '../peers/pi/desk.ts'
import type { Pi } from '../peers/pi/pi.ts'
import { startPlatformPi } from '../peers/pi/platform-pi.ts'
import { openWorkshop } from '../peers/pi/workshop.ts'

/** What a deploy to the stand-in takes. Times are ms of the whole command, a value for each run. */
export type DeployResult = {
  /** What the host was: a stand-in, with what in the place of mongo:7. */
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

const demand = (what: string, ran: Ran): Ran => {
  if (ran.code !== 0)
    throw new CliError(`${what}: exit code ${ran.code}`, { details: ran.err.trim().split('\n').slice(-12) })
  return ran
}

const onHost = async (pi: Pi, what: string, script: string): Promise<Ran> =>
  demand(what, await live(['ssh', '-F', pi.sshConfig, pi.host, script]))

const composeOf = (pi: Pi, release: Release, stack: (typeof stacks)[number]): string =>
  `docker compose --file ${quote(`${pi.dir}/releases/${release.id}/${composeFile(stack)}`)}`

/** Takes containers and volumes away; images, secrets and the release's files stay. */
const clear = (pi: Pi, release: Release): Promise<Ran> =>
  onHost(
    pi,
    'docker compose down',
    stacks
      .toReversed()
      .map((stack) => `${composeOf(pi, release, stack)} down --volumes`)
      .join(' && '),
  )

/**
 * What one would type without us. `--wait` counts a container that has done its work and ended as a failure, so what is
 * run once is started before it and not waited for.
 */
const plainScript = (pi: Pi, release: Release): string =>
  release.stacks
    .flatMap(({ stack, members }) => {
      const up = `${composeOf(pi, release, stack)} up --detach`
      const waited = members.filter(({ proof }) => proof.kind === 'healthy').map(({ service }) => service)
      return [
        ...(waited.length < members.length ? [up] : []),
        `${up} --wait --wait-timeout 300 ${waited.join(' ')}`,
      ]
    })
    .join(' && ')

const newLayers = (before: string, after: string, platform: Platform): number => {
  const layersOf = (dist: string) => releaseImages(dist, platform, 'x').flatMap(({ layers }) => layers)
  const known = new Set(layersOf(before).map(({ digest }) => digest))
  return layersOf(after)
    .filter(({ digest }) => !known.has(digest))
    .reduce((sum, { size }) => sum + size, 0)
}

const startsOf = async (desk: Desk): Promise<ReadonlySet<string>> =>
  new Set(Object.entries(await desk.containers()).map(([name, { startedAt }]) => `${name} ${startedAt}`))

/** Measures the commands themselves on a stand-in of a Pi. Throws CliError when the machine cannot have one, or one fails. */
export const benchDeploy = async ({
  folder: parent,
  runs,
  say,
}: {
  readonly folder: string
  readonly runs: number
  readonly say: (line: string) => void
}): Promise<DeployResult> => {
  const folder = mkdtempSync(join(parent, 'lucid-bd-'))
  const platform = process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64'
  try {
    say(`starting a stand-in of a Pi, with a ${MONGO_IMAGE_TITLE}`)
    const started = await startPlatformPi({ folder: join(folder, 'pi') })
    if ('absent' in started) throw new CliError(`no stand-in on this machine: ${started.absent}`)
    const { pi } = started
    try {
      say('building the images')
      const workshop = openWorkshop(folder)
      const images = await workshop.whole(platform)
      const changed = await workshop.changed('one more line', [CHANGED], { from: images, platform })
      const desk = openDesk(started, folder)
      for (const dist of [images, changed])
        demand('sign:images', await desk.type('sign:images', '--images', dist))
      const deploy = async () =>
        demand(
          'deploy:pi',
          await desk.type('deploy:pi', '--registry-less', '--images', images, ...PATIENT, '--json'),
        ).ms
      const bytesOf = async (work: () => Promise<number>) => {
        const sent = pi.link.sent()
        return { ms: await work(), bytes: pi.link.sent() - sent }
      }

      say('first deploy')
      const first = await bytesOf(deploy)
      const release = desk.release(desk.current() ?? '')
      const staged: number[] = []
      const plain: number[] = []
      for (let run = 1; run <= runs; run++) {
        say(`everything anew, run ${run} of ${runs}: by deploy:pi`)
        await clear(pi, release)
        staged.push(await deploy())
        say(`everything anew, run ${run} of ${runs}: by docker compose up --wait`)
        await clear(pi, release)
        plain.push((await onHost(pi, 'docker compose up', plainScript(pi, release))).ms)
      }

      say('nothing changed')
      const before = await startsOf(desk)
      const nothing: number[] = []
      for (let run = 0; run < runs; run++) nothing.push(await deploy())
      const after = await startsOf(desk)

      say('one service changed, and back')
      const update = async () =>
        demand(
          'update',
          await desk.type('update', CHANGED, '--registry-less', '--images', changed, ...PATIENT, '--json'),
        ).ms
      const one = await bytesOf(update)
      const rollback: number[] = []
      for (let run = 0; run < runs; run++) {
        if (run > 0) await update()
        rollback.push(demand('rollback', await desk.type('rollback', ...PATIENT, '--json')).ms)
      }
      return {
        host: `a Pi stand-in (${platform}, this machine's speed), ${MONGO_IMAGE_TITLE}`,
        containers: after.size,
        first,
        staged,
        plain,
        nothing,
        started: [...after].filter((one) => !before.has(one)).length,
        update: { service: CHANGED, ...one, layers: newLayers(images, changed, platform) },
        rollback,
      }
    } finally {
      await pi.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
