import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalog, type Entry, type Stack, stacks } from '#catalog'
import { errorMessage } from '#common/process/error'
import { isFull } from '#common/testing/extent'
import packageJson from '../../package.json' with { type: 'json' }
import { live } from '../cli/run.ts'
import { HEALTH_COMMAND } from '../derive/compose.ts'
import type { LockedImages } from '../derive/compose-images.ts'
import { derivedSecrets } from '../derive/derived-secrets.ts'
import { networkStack, networks } from '../derive/network.ts'
import { homeAt, repository } from '../platform/home.ts'
import { prepareUnits } from '../platform/prepare.ts'
import { lucid } from '../platform/source.ts'
import { type DockerEngine, startDocker } from '../testing/peers/docker/engine.ts'
import { ensureArm64 } from '../testing/peers/emulation/arm64.ts'
import { requireSuccess } from '../testing/peers/processes.ts'
import { startRegistry } from '../testing/peers/registry/registry.ts'
import { buildImages } from './build/build.ts'
import { push, writePins } from './deliver/deliver.ts'
import { loadImages } from './deliver/load.ts'
import { platformNames } from './format/platform.ts'
import { products } from './layers/products.ts'
import { openLayout } from './layout/layout.ts'
import { requireLock } from './lock/lock-file.ts'
import { cacheFolder } from './packages/cache.ts'

/**
 * The whole way of an image: built, pushed to a registry, pulled by digest and started by Compose from the committed
 * files, with everything of SPEC section 2 in force. mongo:7 is not to be had without a registry of the
 * world, so services keep their documents in their embedded store here, which is said.
 */

// Only a hang is ended by it.
setDefaultTimeout(900_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-stacks-'))
const dist = join(folder, 'images')
const PORT = 5000
const REPOSITORY = `127.0.0.1:${PORT}/pickme/lucid`
const services: Readonly<Record<string, Entry>> = catalog
/** Longest wait for a service that missed a check, ms. */
const HEALTHY_MS = 300_000

type Ready = { readonly images: LockedImages; readonly registry: string }

/** Builds and pushes everything; `absent` when packages or the registry cannot be had. */
const made = async (): Promise<Ready | { readonly absent: string }> => {
  let images: LockedImages
  try {
    const built = await buildImages({
      root: repository,
      dist,
      cache: cacheFolder(process.env),
      lock: requireLock(repository),
      products: products(),
      selected: products().map(({ name }) => name),
      platforms: platformNames,
      version: packageJson.version,
      tag: undefined,
      jobs: availableParallelism(),
      rebuild: false,
      onStep: () => {},
    })
    images = built.images
  } catch (error) {
    const message = errorMessage(error)
    // Anything else is a fault of the builder, and no reason to leave this out.
    if (/cannot be fetched|LUCID_DEBIAN_MIRROR/.test(message)) return { absent: message }
    throw error
  }
  writePins({ dist, images })
  const registry = join(folder, 'registry')
  const outside = await startRegistry({ folder: registry })
  if ('absent' in outside) return outside
  try {
    const env = { DOCKER_CONFIG: join(folder, 'nobody') }
    await push([`${outside.host}/pickme/lucid`], { dist, images, env, show: () => {} })
  } finally {
    await outside.stop()
  }
  return { images, registry }
}

const engine = await startDocker({ folder: join(folder, 'amd64') })
const ready = 'absent' in engine ? engine : await made()
const reason = 'absent' in ready ? ready.absent : undefined
if (reason !== undefined) console.log(`NOT RUN: ${reason} (all stacks by Compose)`)
const emulated = reason === undefined ? await ensureArm64() : { absent: reason }
if (reason === undefined && emulated !== undefined) console.log(`NOT RUN: ${emulated.absent} (arm64 images)`)
if (reason === undefined)
  console.log('NOT RUN: mongo:7 cannot be pulled here (stacks run on the embedded store of the services instead)')

afterAll(async () => {
  if (!('absent' in engine)) await engine.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A host as the Compose files expect it: files, env files, state folder. Answers the paths and what is given to Compose. */
const prepareHost = async () => {
  const host = join(folder, 'host')
  const home = homeAt(join(host, 'state'))
  for (const name of ['compose', 'env']) cpSync(join(repository, name), join(host, name), { recursive: true })
  const ports = Object.fromEntries(Object.entries(services).map(([name, { port }]) => [name, port]))
  const units = await prepareUnits(lucid, { home, services: Object.keys(services), ports, env: {}, ambient: {} })
  for (const [name, row] of Object.entries(derivedSecrets))
    for (const key of Object.keys(row))
      writeFileSync(home.secret(name, key), `${units.get(name)?.env[key]}\n`, { mode: 0o600 })
  for (const owner of readdirSync(home.secrets))
    for (const key of readdirSync(join(home.secrets, owner))) chownSync(home.secret(owner, key), 65532, 65532)
  chownSync(home.identities, 65532, 65532)
  for (const { stack } of stackMembers)
    cpSync(join(host, 'env', `.env.${stack}.example`), join(host, 'env', `.env.${stack}`))
  return { host, env: { LUCID_MOUNT_PATH: home.root, LUCID_IMAGE_REPO: REPOSITORY } }
}

const isEmulated = (architecture: string): boolean => architecture !== process.arch.replace('x64', 'amd64')

/** qemu keeps the translated code of each process beside the process: with the limits of a Pi the kernel ends them. */
const memoryOf = (name: string, architecture: string): number =>
  (services[name]?.memoryMiB ?? 0) * (isEmulated(architecture) ? 4 : 1)

/** An emulated health check takes longer than a Pi's; what it asks and how often it may fail stay. */
const patient = (name: string, architecture: string): readonly string[] => [
  `    mem_limit: ${memoryOf(name, architecture)}m`,
  ...['    healthcheck:', '      interval: 10s', '      timeout: 60s', '      start_period: 120s'],
]

/**
 * What this test changes of the committed files. No database: without an address, a service keeps its documents in its
 * own volume. No Tor network: there is none here, and tor-proxy would wait for it. Under emulation health checks get more time, and limits of memory are four times as high.
 */
const changesTo = (stack: Stack, members: readonly string[], architecture: string): string => {
  const path = join(folder, `changes.${stack}.${architecture}.yaml`)
  const unset = ['MONGO_URL', 'MONGO_USER', 'MONGO_PASSWORD_FILE'].map((key) => `      ${key}: !reset null`)
  const lines = members.flatMap((name) => {
    const changes = [
      ...(services[name]?.store === true ? ['    environment:', ...unset] : []),
      ...(name === 'tor-proxy' ? ['    environment:', "      TOR_NETWORK: 'off'"] : []),
      ...(isEmulated(architecture) ? patient(name, architecture) : []),
    ]
    return changes.length === 0 ? [] : [`  ${name}:`, ...changes]
  })
  writeFileSync(path, lines.length === 0 ? 'services: {}\n' : `services:\n${lines.join('\n')}\n`)
  return path
}

const stackMembers = stacks
  .map((stack) => ({ stack, members: Object.keys(services).filter((name) => services[name]?.stack === stack) }))
  .filter(({ members }) => members.length > 0)

/** What is emulated is slow: of each stack one service of each kind of image. `--full` starts all of them. */
const emulatedMembers = isFull
  ? stackMembers
  : stackMembers.map(({ stack, members }) => ({
      stack,
      members: members.filter(
        (name, at) => members.findIndex((one) => Bun.deepEquals(services[one]?.image, services[name]?.image)) === at,
      ),
    }))
if (emulated === undefined && !isFull)
  console.log('NOT RUN: only with --full (arm64: every service; here one of each kind of image in each stack)')

type Inspected = {
  readonly Image: string
  readonly Config: {
    readonly User: string
    readonly StopTimeout: number
    readonly Healthcheck: { readonly Test: unknown }
    readonly Labels: Record<string, string>
  }
  readonly State: { readonly Health: { readonly Status: string }; readonly OOMKilled: boolean }
  readonly RestartCount: number
  readonly HostConfig: Readonly<Record<string, unknown>> & {
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>>
  }
}

/** What a container finds out about itself. */
const PROBE = `
const status = require('fs').readFileSync('/proc/self/status', 'utf8')
const field = (name) => new RegExp('^' + name + ':\\\\s+(\\\\S+)', 'm').exec(status)?.[1]
const can = (path) => { try { require('fs').writeFileSync(path, 'x'); return true } catch { return false } }
console.log(JSON.stringify({ arch: process.arch, uid: process.getuid(), bounding: field('CapBnd'), effective: field('CapEff'),
  noNewPrivileges: field('NoNewPrivs'), seccomp: field('Seccomp'), root: can('/x'), app: can('/app/x'), tmp: can('/tmp/x'),
  shell: ['/bin/sh', '/bin/bash', '/busybox'].some((path) => require('fs').existsSync(path)) }))`

/** Starts everything of a platform on an engine and checks each container; the engine is empty before and after. */
const runStacks = (
  docker: () => DockerEngine,
  architecture: 'amd64' | 'arm64',
  { images, registry, started }: Ready & { readonly started: typeof stackMembers },
) => {
  const names = started.flatMap(({ members }) => members)
  const platform = `linux/${architecture}`
  const more = { DOCKER_DEFAULT_PLATFORM: platform }
  let peer: Awaited<ReturnType<typeof startRegistry>> | undefined
  afterAll(async () => {
    if (peer !== undefined && !('absent' in peer)) await peer.stop()
  })
  let host: Awaited<ReturnType<typeof prepareHost>>
  const compose = (stack: Stack, members: readonly string[], ...args: readonly string[]) =>
    docker().compose(
      [
        join(host.host, 'compose', `docker-compose.${stack}.yaml`),
        join(dist, `compose.${stack}.yaml`),
        changesTo(stack, members, architecture),
      ],
      args,
      { env: { ...host.env, ...more } },
    )
  const inspect = async (name: string): Promise<Inspected> =>
    JSON.parse(await requireSuccess(name, docker().run(['inspect', name])))[0]

  /** One missed check on a busy machine is no sick service: health is waited for, and a restart is not. */
  const inspectHealthy = async (name: string): Promise<Inspected> => {
    const until = performance.now() + HEALTHY_MS
    for (;;) {
      const found = await inspect(name)
      if (found.State.Health.Status === 'healthy' || performance.now() > until) return found
      await Bun.sleep(500)
    }
  }

  test('networks and a registry are there', async () => {
    peer = await startRegistry({ folder: registry, inside: docker().inside, port: PORT })
    if ('absent' in peer) throw new Error(peer.absent)
    host = await prepareHost()
    // Compose makes the networks that a service of the core file uses; the others are the deployer's to make.
    const used = new Set<string>(
      Object.values(services).flatMap((one) => (one.stack === networkStack ? one.networks : [])),
    )
    for (const [name, { subnet, internal }] of Object.entries(networks))
      if (!used.has(name))
        await requireSuccess(
          name,
          docker().run(['network', 'create', '--subnet', subnet, ...(internal ? ['--internal'] : []), name]),
        )
  })

  for (const { stack, members } of started)
    test(`${stack}: Compose pulls by digest, starts ${members.length} services, and all become healthy`, async () => {
      await requireSuccess('pull', compose(stack, members, 'pull', '--quiet', ...members))
      const up = await compose(
        stack,
        members,
        'up',
        '--detach',
        '--no-build',
        '--wait',
        '--wait-timeout',
        '600',
        ...members,
      )
      if (up.code !== 0) {
        const logs = await compose(stack, members, 'logs', '--no-color', '--tail', '20')
        throw new Error(`${up.err.slice(-2000)}\n${logs.out.slice(-6000)}`)
      }
      console.log(`${platform} ${stack}: ${members.length} services healthy after ${(up.ms / 1000).toFixed(1)} s`)
    })

  for (const name of names)
    test(`${name} is the image that was built, and is confined as SPEC section 2 says`, async () => {
      const entry = services[name]
      const { Config, HostConfig, State, RestartCount, Image } = await inspectHealthy(name)
      expect({ health: State.Health.Status, killed: State.OOMKilled, restarts: RestartCount }).toEqual({
        health: 'healthy',
        killed: false,
        restarts: 0,
      })
      const [image] = JSON.parse(await requireSuccess('image', docker().run(['image', 'inspect', Image])))
      expect(image.Architecture).toBe(architecture)
      expect(image.RepoDigests).toContain(`${REPOSITORY}@${images[name]?.digest}`)
      expect(Config.User).toBe('65532:65532')
      expect(Config.Healthcheck.Test).toEqual([...HEALTH_COMMAND])
      expect(Config.StopTimeout).toBe(30)
      expect(Config.Labels).toMatchObject({ 'org.lucid.service': name, 'org.lucid.plane': entry?.plane ?? '' })
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        CapAdd: null,
        Privileged: false,
        SecurityOpt: ['no-new-privileges:true'],
        Memory: memoryOf(name, architecture) * 2 ** 20,
        NanoCpus: (entry?.cpus ?? 0) * 1e9,
        PidsLimit: 128,
        RestartPolicy: { Name: 'unless-stopped' },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      })
      expect(HostConfig['Tmpfs']).toEqual({ '/tmp': 'rw,noexec,nosuid,size=16m' })
      for (const binding of Object.values(HostConfig.PortBindings).flat()) expect(binding.HostIp).toBe('127.0.0.1')
      const probed = await requireSuccess('probe', docker().run(['exec', name, '/usr/local/bin/bun', '-e', PROBE]))
      expect(JSON.parse(probed)).toEqual({
        arch: architecture === 'amd64' ? 'x64' : 'arm64',
        uid: 65532,
        bounding: '0000000000000000',
        effective: '0000000000000000',
        noNewPrivileges: '1',
        // Under emulation it is the status of the emulator that is read.
        seccomp: '2',
        root: false,
        app: false,
        tmp: true,
        shell: false,
      })
    })

  test('every service answers on its loopback port of the host', async () => {
    for (const name of names) {
      const hostPort = services[name]?.hostPort
      const ask = `const r = await fetch('http://127.0.0.1:${hostPort}/health'); console.log(r.status, (await r.json()).service)`
      const answer = async () => (await live(docker().inside([process.execPath, '-e', ask]))).out.trim()
      // What is emulated on a busy machine may miss the time that a check is given, now and then.
      const until = performance.now() + HEALTHY_MS
      let said = await answer()
      while (!said.startsWith('200 ') && performance.now() < until) {
        await Bun.sleep(1_000)
        said = await answer()
      }
      expect(said).toBe(`200 ${name}`)
    }
  })

  test('down takes everything away again', async () => {
    for (const { stack, members } of started.toReversed())
      await requireSuccess('down', compose(stack, members, '--profile', '*', 'down', '--volumes'))
    expect((await docker().run(['ps', '--all', '--quiet'])).out).toBe('')
  })
}

describe.skipIf(reason !== undefined)('all stacks on amd64, from the registry, by the committed Compose files', () => {
  if ('absent' in ready || 'absent' in engine) {
    test.skip(reason ?? 'no engine', () => {})
    return
  }
  runStacks(() => engine, 'amd64', { ...ready, started: stackMembers })

  test('an image that is loaded from the folder runs without a registry; one that is there is not loaded again', async () => {
    const images = ['session-chunker', 'merkle-builder'].map((name) => ({
      layout: openLayout(join(dist, name)),
      reference: `local/lucid:${name}`,
    }))
    for (const image of (await engine.run(['image', 'ls', '--quiet'])).out.trim().split('\n'))
      await engine.run(['image', 'rm', '--force', image])
    const loaded = await loadImages(images, { env: engine.env })
    expect(loaded).toMatchObject({
      platform: 'linux/amd64',
      loaded: images.map(({ reference }) => reference),
      there: [],
    })
    const version = ['run', '--rm', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']
    const ran = await engine.run([
      ...version,
      '--entrypoint',
      '/usr/local/bin/bun',
      'local/lucid:merkle-builder',
      '--version',
    ])
    expect(ran).toMatchObject({ code: 0, out: `${Bun.version}\n` })
    expect(await loadImages(images, { env: engine.env })).toMatchObject({ loaded: [], bytes: 0 })
  })
})

describe.skipIf(emulated !== undefined)('all stacks on arm64 under emulation', () => {
  if ('absent' in ready || 'absent' in engine) {
    test.skip(reason ?? 'no engine', () => {})
    return
  }
  mkdirSync(join(folder, 'arm64'), { recursive: true })
  // A second architecture of the same references wants an engine that knows none of them.
  const lazy: { docker?: DockerEngine } = {}
  test('an engine is there', async () => {
    await engine.stop()
    const second = await startDocker({ folder: join(folder, 'arm64') })
    if ('absent' in second) throw new Error(second.absent)
    lazy.docker = second
  })
  const docker = (): DockerEngine => {
    if (lazy.docker === undefined) throw new Error('the engine did not start')
    return lazy.docker
  }
  runStacks(docker, 'arm64', { ...ready, started: emulatedMembers })
  afterAll(async () => lazy.docker?.stop())
})
