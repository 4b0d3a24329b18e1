import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalog } from '#catalog'
import { duration } from '#common/cli/format'
import { errorMessage } from '#common/process/error'
import { acceptanceTests } from '../acceptance/fault-injection.fixture.ts'
import type { Ran } from '../cli/run.ts'
import { push } from '../images/deliver/deliver.ts'
import { repository } from '../platform/home.ts'
import { MONGO_IMAGE } from '../testing/peers/mongo-image/image.ts'
import { MONGO_IMAGE_TITLE } from '../testing/peers/mongo-image/title.ts'
import { openBrokenImages, type Way, ways } from '../testing/peers/pi/broken-images.ts'
import { openOperator, operate } from '../testing/peers/pi/operator.ts'
import { startPlatformPi } from '../testing/peers/pi/platform-pi.ts'
import { startRegistry } from '../testing/peers/registry/registry.ts'
import { listMembers } from './content/release.ts'
import { releaseImages } from './images/release-images.ts'

/**
 * The whole of a deploy as it is typed, with the real images, on an emulated Pi: a real sshd, a real engine, the real
 * Compose; this machine's architecture and speed, and DocumentDB in the place of mongo:7.
 */

// Only a hang is ended by it.
setDefaultTimeout(1_800_000)

const platform = process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64'
const full = process.env['LUCID_FULL'] === '1'
const services = Object.keys(catalog)
/** Patience with a machine that is busy with other tests; a Pi has 60 s. */
const PATIENT = ['--timeout', '300'] as const
/** Bytes of a change that are no layers: keys, scripts, the release's own files. */
const TALK = 64_000

const folder = mkdtempSync(join(tmpdir(), 'lucid-platform-'))
const tell = (text: string) => console.log(`platform on the emulated Pi (${MONGO_IMAGE_TITLE}): ${text}`)

/** The images; `absent` when their packages cannot be had. */
const built = async () => {
  const builder = openBrokenImages(folder)
  try {
    return { builder, images: await builder.whole(platform) }
  } catch (error) {
    const message = errorMessage(error)
    // Anything else is a fault of the builder, and no reason to leave this out.
    if (/cannot be fetched|LUCID_DEBIAN_MIRROR/.test(message)) return { absent: message }
    throw error
  }
}
const [started, made] = await Promise.all([
  startPlatformPi({ folder: join(folder, 'pi'), diskBytes: 2 * 2 ** 30 }),
  built(),
])
const reason = 'absent' in started ? started.absent : 'absent' in made ? made.absent : undefined
if (reason !== undefined) console.log(`NOT RUN: ${reason} (the platform on the emulated Pi)`)

afterAll(async () => {
  if (!('absent' in started)) await started.pi.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** The one-time code of an admin, and those that were printed. */
const CODE = /(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}/
const codes: string[] = []

/** What a command said, for an assertion that shows all of it when it fails. */
const outcome = ({ code, out, err }: Ran) => ({ code, said: code === 0 ? '' : `${out}${err}` })
const WELL = { code: 0, said: '' }

describe.skipIf(reason !== undefined)(`the platform on the emulated Pi (${MONGO_IMAGE_TITLE})`, () => {
  if ('absent' in started || 'absent' in made) {
    test.skip(reason ?? 'no emulated Pi', () => {})
    return
  }
  const { pi, envFolder } = started
  const { builder, images } = made
  const operator = openOperator(started, folder)
  const lineFrom = (dist: string) => ['--registry-less', '--images', dist] as const
  const sign = async (dist: string): Promise<string> => {
    expect(outcome(await operator.type('sign:images', '--images', dist))).toEqual(WELL)
    return dist
  }
  const variant = async (how: Way | 'one more line', of: readonly string[]) =>
    sign(await builder.changed(how, of, { from: images, platform }))
  const jsonOf = ({ out }: Ran) => JSON.parse(out) // a command's own --json

  /** Names of those that were started since, or are not what they were. */
  const touched = async (before: Awaited<ReturnType<typeof operator.containers>>): Promise<readonly string[]> =>
    Object.entries(await operator.containers())
      .filter(([name, { startedAt: at }]) => before[name]?.startedAt !== at)
      .map(([name]) => name)
      // The set-up of the database ends by itself, and each up runs it.
      .filter((name) => name !== 'lucid_mongo_init')
      .toSorted()

  /** The release that runs, whole: every container is of it, and well. */
  const expectWhole = async (id: string): Promise<void> => {
    expect(operator.current()).toBe(id)
    const release = operator.release(id)
    const there = await operator.containers()
    expect(Object.keys(there).toSorted()).toEqual(
      listMembers(release)
        .map(({ container }) => container)
        .toSorted(),
    )
    for (const { service, container, image } of listMembers(release)) {
      const config = release.images.find((one) => one.service === service)?.config
      expect({ container, ...there[container] }).toMatchObject({
        container,
        image,
        ...(config !== undefined && { imageId: config }),
      })
    }
  }

  test('everything that is wrong is said at once, and nothing is changed', async () => {
    const file = join(envFolder, '.env.core')
    const text = await Bun.file(file).text()
    writeFileSync(file, text.replace(/^CLUSTER_ID=.*$/m, 'CLUSTER_ID=changeme'))
    const server = ['busybox', 'httpd', '-f', '-p', '127.0.0.1:8093', '-h', envFolder] as const
    const other = Bun.spawn([...pi.engine.inside(server)], { stdio: ['ignore', 'ignore', 'ignore'] })
    await pi.disk?.fill(2 ** 20)
    try {
      while (!(await listens(8093))) await Bun.sleep(50)
      const { code, err } = await operator.type('deploy:pi', ...lineFrom(images))
      expect(code).toBe(1)
      for (const said of [
        'nothing was changed',
        'CLUSTER_ID still holds a placeholder',
        'port 8093 of session-orchestrator is taken',
        'the images are not signed',
        'twice the release is',
      ])
        expect(err).toContain(said)
    } finally {
      await pi.disk?.free()
      other.kill()
      await other.exited
      writeFileSync(file, text)
    }
    expect(await operator.containers()).toEqual({})
    expect(operator.current()).toBeUndefined()
    await sign(images)
  })

  test('plan and --dry-run show what would be, and change nothing', async () => {
    const plan = await operator.type('plan', '--images', images, '--json')
    expect(plan.code).toBe(2)
    const fresh = jsonOf(plan)
      .changes.filter(({ what }: { readonly what: string }) => what === 'service')
      .map(({ subject }: { readonly subject: string }) => subject)
    expect(fresh.toSorted()).toEqual([...services, 'mongo', 'mongo-init'].toSorted())
    const dry = await operator.type('deploy:pi', ...lineFrom(images), '--dry-run')
    expect(dry.code).toBe(0)
    expect(dry.out).toContain(
      'steps: files, images, prepare, up:core, health:core, up:sessions, health:sessions, up:blockchain, health:blockchain, up:integration, health:integration, settle, commit',
    )
    expect(await operator.containers()).toEqual({})
  })

  test('the first deploy brings all services up without a registry, with secrets that only they can read', async () => {
    const ran = await operator.type('deploy:pi', ...lineFrom(images), ...PATIENT, '--json')
    expect(outcome(ran)).toEqual(WELL)
    const { release, ms } = jsonOf(ran)
    tell(`first deploy of ${services.length} services in ${duration(ms)}`)
    await expectWhole(release)
    expect(ran.err).toMatch(CODE)
    codes.push(CODE.exec(ran.err)?.[0] ?? '')
    const { secrets, images: released } = operator.release(release)
    expect(released.map(({ service, digest }) => [service, digest])).toEqual(
      releaseImages(images, platform, 'x').map(({ service, digest }) => [service, digest]),
    )
    for (const name of secrets) {
      const { uid, mode } = statSync(pi.outside(`${pi.dir}/secrets/${name}`))
      expect({ name, uid, mode: mode & 0o777 }).toEqual({
        name,
        uid: name === 'mongo/KEYFILE' ? 999 : 65532,
        mode: 0o400,
      })
    }
    expect((await operator.containers())['lucid_mongo']?.image).toBe(MONGO_IMAGE)
  })

  test('recover admin prints another code for the first admin; neither is in a log or a file of the host', async () => {
    const recovered = await operator.type('recover', 'admin')
    expect(outcome(recovered)).toEqual(WELL)
    codes.push(CODE.exec(recovered.out)?.[0] ?? '')
    expect(new Set(codes).size).toBe(2)
    const { out, err } = await pi.engine.run(['logs', 'authentication'])
    expect(out + err).toContain('authentication')
    for (const one of codes) {
      expect(out + err).not.toContain(one)
      const found = Bun.spawnSync(['grep', '-rlF', one, pi.outside(pi.dir)])
      expect(found.stdout.toString()).toBe('')
    }
  })

  test('a recording goes through it, and its evidence is verified against the chain’s key', async () => {
    const end = operate(started, folder)
    try {
      const input = join(repository, 'scripts', 'demo', 'recording.mp4')
      const recorded = await operator.typeInside('record', '--input', input, '--wait', '600', '--json')
      expect(outcome(recorded)).toEqual(WELL)
      const { session_id: session, state } = jsonOf(recorded)
      expect(state).toBe('anchored')
      const bundle = join(folder, 'session.lucid.tar')
      expect(outcome(await operator.typeInside('export', session, '--out', bundle))).toEqual(WELL)
      const trust = (await operator.typeInside('trust')).out.trim()
      expect(outcome(await operator.type('verify', bundle, '--trust', trust))).toEqual(WELL)
    } finally {
      end()
    }
  })

  acceptanceTests({ operator, pi, tell, full })

  test('with nothing changed nothing is started, and that is said', async () => {
    const before = await operator.containers()
    const ran = await operator.type('deploy:pi', ...lineFrom(images), '--json')
    expect(outcome(ran)).toEqual(WELL)
    expect(jsonOf(ran)).toMatchObject({ outcome: 'nothing to do', release: operator.current() })
    expect(await touched(before)).toEqual([])
    tell(`nothing changed: 0 containers started, ${duration(ran.ms)} with the start of bun`)
    expect((await operator.type('plan', '--images', images)).code).toBe(0)
  })

  test('a secret that is gone is not made anew over data that needs it', async () => {
    const path = pi.outside(`${pi.dir}/secrets/session-encryptor/MASTER_KEY`)
    renameSync(path, `${path}.away`)
    try {
      const { code, err } = await operator.type('deploy:pi', ...lineFrom(images))
      expect(code).toBe(1)
      expect(err).toContain('secret session-encryptor/MASTER_KEY is gone')
    } finally {
      renameSync(`${path}.away`, path)
    }
  })

  test('a data volume that is gone, or was made anew, is not replaced until somebody says that it is given up', async () => {
    const [name, service] = ['lucid_contract_data', 'on-system-chain-client'] as const
    const [user = service] = listMembers(operator.release(operator.current() ?? ''))
      .filter(({ volumes }) => volumes.includes(name))
      .map(({ container }) => container)
    const there = async () => (await pi.engine.run(['volume', 'inspect', name])).code === 0
    expect((await pi.engine.run(['rm', '--force', user])).code).toBe(0)
    expect((await pi.engine.run(['volume', 'rm', name])).code).toBe(0)
    for (const [command, ...words] of [
      ['deploy:pi', ...lineFrom(images)],
      ['update', 'merkle-builder', ...lineFrom(images)],
      ['recover', 'service', user],
    ] as const) {
      const { code, err } = await operator.type(command, ...words)
      expect([command, code]).toEqual([command, 1])
      expect(err).toContain(`bun run recover volume ${name} brings it back`)
    }
    const plan = await operator.type('plan', '--images', images, '--json')
    expect([plan.code, await there()]).toEqual([2, false])
    expect(jsonOf(plan).drift).toContainEqual(expect.objectContaining({ subject: `volume:${name}` }))
    expect((await pi.engine.run(['volume', 'create', name])).code).toBe(0)
    const { code, err } = await operator.type('deploy:pi', ...lineFrom(images))
    expect([code, err.includes(`${name} is empty and has lost its mark`)]).toEqual([1, true])
    expect(outcome(await operator.type('recover', 'volume', name, '--empty'))).toEqual(WELL)
    expect(outcome(await operator.type('deploy:pi', ...lineFrom(images), ...PATIENT))).toEqual(WELL)
  })

  test('a changed password of the database comes to rest: who sets it up and who uses it are made anew, nobody else', async () => {
    const path = pi.outside(`${pi.dir}/secrets/merkle-builder/MONGO_PASSWORD`)
    const before = await operator.containers()
    writeFileSync(path, `${crypto.getRandomValues(new Uint8Array(32)).toHex()}\n`)
    expect(outcome(await operator.type('deploy:pi', ...lineFrom(images), ...PATIENT))).toEqual(WELL)
    expect(await touched(before)).toEqual(['merkle-builder'])
    await expectWhole(operator.current() ?? '')
  })

  test('a network that was deleted is made anew, with everybody who was on it', async () => {
    const net = 'lucid_chain_net'
    const all = Object.keys(await operator.containers())
    for (const name of all) await pi.engine.run(['network', 'disconnect', '--force', net, name])
    expect((await pi.engine.run(['network', 'rm', net])).code).toBe(0)
    const plan = await operator.type('plan', '--images', images)
    expect(plan.code).toBe(2)
    expect(plan.out).toContain(`network:${net}`)
    expect(outcome(await operator.type('deploy:pi', ...lineFrom(images), ...PATIENT))).toEqual(WELL)
    await expectWhole(operator.current() ?? '')
    expect((await operator.type('plan', '--images', images)).code).toBe(0)
  })

  test('an update sends the layer that changed and starts that one service', async () => {
    const dist = await variant('one more line', ['merkle-builder'])
    const known = new Set(
      releaseImages(images, platform, 'x').flatMap(({ layers }) => layers.map(({ digest }) => digest)),
    )
    const changed = releaseImages(dist, platform, 'x')
      .flatMap(({ layers }) => layers)
      .filter(({ digest }) => !known.has(digest))
      .reduce((sum, { size }) => sum + size, 0)
    expect(changed).toBeGreaterThan(0)
    const before = await operator.containers()
    const sent = pi.link.sent()
    const ran = await operator.type('update', 'merkle-builder', ...lineFrom(dist), ...PATIENT, '--json')
    expect(outcome(ran)).toEqual(WELL)
    const bytes = pi.link.sent() - sent
    tell(`update of one service: ${bytes} bytes on the connection, changed layers ${changed}; ${duration(ran.ms)}`)
    expect(bytes).toBeLessThanOrEqual(1.05 * changed + TALK)
    expect(await touched(before)).toEqual(['merkle-builder'])
    await expectWhole(jsonOf(ran).release)
    const log = await pi.engine.run(['logs', 'merkle-builder'])
    expect(log.out).toContain('one more line')
  })

  test('rollback needs no argument and no image, and puts the release before back', async () => {
    const newer = operator.current()
    const ran = await operator.type('rollback', ...PATIENT, '--json')
    expect(outcome(ran)).toEqual(WELL)
    tell(`rollback in ${duration(jsonOf(ran).ms)}, ${duration(ran.ms)} with the start of bun`)
    expect(jsonOf(ran)).toMatchObject({ before: newer })
    await expectWhole(jsonOf(ran).release)
    const { current, runs } = jsonOf(await operator.type('releases', '--json'))
    expect(current).toBe(jsonOf(ran).release)
    // Behind the deploys of the tests before.
    expect(runs.slice(-2)).toMatchObject([
      { outcome: 'done', what: 'update merkle-builder', changed: '1 image' },
      { outcome: 'done', what: `rollback to ${current}` },
    ])
  })

  test.skipIf(!full)('--stage brings one stack of a release and leaves the others as they run', async () => {
    const before = await operator.containers()
    const dist = await variant('one more line', ['session-chunker', 'openapi-gateway'])
    const ran = await operator.type('deploy:pi', ...lineFrom(dist), ...['--stage', 'sessions'], ...PATIENT, '--json')
    expect(outcome(ran)).toEqual(WELL)
    expect(await touched(before)).toEqual(['session-chunker'])
    await expectWhole(jsonOf(ran).release)
    expect(outcome(await operator.type('rollback', ...PATIENT))).toEqual(WELL)
  })

  /** The engine too finds it well; on a busy machine one of its checks may come too late. */
  const expectWell = async (service: string): Promise<void> => {
    const until = performance.now() + 120_000
    const health = async () => (await operator.containers())[service]?.health
    while ((await health()) === 'unhealthy' && performance.now() < until) await Bun.sleep(500)
    expect(await health()).not.toBe('unhealthy')
  }

  /** Breaks a service by an update; answers how long it took from what was seen to the old one being back. */
  const broken = async (way: Way, service: string, dist: string): Promise<number> => {
    const id = operator.current() ?? ''
    const before = await operator.containers()
    // One that is never healthy must be waited for.
    const patience = way === 'never healthy' ? ['--timeout', '15'] : PATIENT
    const { code, err } = await operator.type('update', service, ...lineFrom(dist), ...patience)
    expect({ way, service, code, err: code === 2 ? '' : err }).toEqual({ way, service, code: 2, err: '' })
    expect(err).toContain(`broken on purpose: ${way}`)
    expect(err).toContain(`${id} is back`)
    expect((await touched(before)).filter((name) => name !== service)).toEqual([])
    await expectWhole(id)
    await expectWell(service)
    return operator.backAfter()
  }

  if (!full)
    console.log(
      'NOT RUN: only with --full (--stage, a registry, another architecture, each service broken in each of four ways)',
    )
  /** Ways that take long to see. */
  const slow: readonly Way[] = ['never healthy', 'eats memory']
  const few: Readonly<Record<Way, string>> = {
    exits: 'merkle-builder',
    'never healthy': 'openapi-gateway',
    'crashes when healthy': 'blockchain-api',
    'eats memory': 'session-chunker',
  }
  for (const way of ways)
    test.skipIf(!full && slow.includes(way))(
      `an update of ${few[way]} that ${way === 'never healthy' ? 'is ' : ''}${way} is undone, with its last words`,
      async () => {
        const ms = await broken(way, few[way], await variant(way, [few[way]]))
        tell(`${few[way]} ${way}: the release before is back ${duration(ms)} after that was seen`)
      },
    )

  test.skipIf(!full)('images of another architecture are refused before anything changes', async () => {
    const other = platform === 'linux/arm64' ? 'linux/amd64' : 'linux/arm64'
    const dist = await sign(await builder.whole(other, 'images of another'))
    const { code, err } = await operator.type('deploy:pi', ...lineFrom(dist))
    expect(code).toBe(1)
    expect(err).toContain(`architecture: the host is ${platform}, the release is for ${other}`)
  })

  test.skipIf(!full)('with a registry all images are pulled by their digests', async () => {
    const data = join(folder, 'registry')
    const outside = await startRegistry({ folder: data })
    if ('absent' in outside) {
      console.log(`NOT RUN: ${outside.absent} (a deploy from a registry)`)
      return
    }
    const path = 'pickme/lucid'
    const { services: locked } = await Bun.file(join(images, 'images.lock.json')).json()
    const env = { DOCKER_CONFIG: join(folder, 'nobody') }
    await push([`${outside.host}/${path}`], { dist: images, images: locked, env, show: () => {} })
    await outside.stop()
    const inside = await startRegistry({ folder: data, inside: pi.engine.inside, port: 5000 })
    if ('absent' in inside) throw new Error(inside.absent)
    try {
      const where = `${inside.host}/${path}`
      const sent = pi.link.sent()
      const ran = await operator.type('deploy:pi', '--registry', where, '--images', images, ...PATIENT, '--json')
      expect(outcome(ran)).toEqual(WELL)
      await expectWhole(jsonOf(ran).release)
      const { digest } = locked['session-chunker']
      const pulled = await pi.engine.run(['image', 'inspect', '--format', '{{.Id}}', `${where}@${digest}`])
      expect(pulled.out.trim()).toBe((await operator.containers())['session-chunker']?.imageId ?? '')
      tell(`deploy from a registry in ${duration(ran.ms)}, ${pi.link.sent() - sent} bytes on the connection`)
    } finally {
      await inside.stop()
    }
    // Without it: what the host holds is enough.
    expect(outcome(await operator.type('rollback', ...PATIENT))).toEqual(WELL)
  })

  test.skipIf(!full)('each service broken in each way is undone', async () => {
    const times: number[] = []
    for (const way of ways) {
      const dist = await variant(way, services)
      for (const service of services) {
        const ms = await broken(way, service, dist)
        times.push(ms)
        tell(`${service} ${way}: back after ${duration(ms)}`)
      }
    }
    const sorted = times.toSorted((a, b) => a - b)
    tell(
      `${times.length} of ${services.length * ways.length} broken updates undone, the release before back after ${duration(sorted[sorted.length >> 1] ?? 0)} (median), ${duration(sorted.at(-1) ?? 0)} (longest)`,
    )
  })

  const listens = async (port: number): Promise<boolean> => {
    const ask = [process.execPath, '-e', `await fetch('http://127.0.0.1:${port}/')`] as const
    const child = Bun.spawn([...pi.engine.inside(ask)], { stdio: ['ignore', 'ignore', 'ignore'] })
    return (await child.exited) === 0
  }
})
