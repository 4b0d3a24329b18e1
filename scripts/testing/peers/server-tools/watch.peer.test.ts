import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalog, stock } from '#catalog'
import { parseFacts } from '#common/host/facts/host-facts'
import type { WatchReport } from '#common/host/watch/report'
import { live } from '../../../cli/run.ts'
import { bundle } from '../../../images/build/bundle.ts'
import { importBunImage } from '../docker/bun-image.ts'
import { startDocker } from '../docker/engine.ts'

/**
 * health/watch.sh as cron runs it, on a real engine: facts.sh in sh, the check in a container without a shell, the
 * engine's socket or any right. What it watches are programs of the test that carry the names of our services.
 */

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const root = join(import.meta.dir, '..', '..', '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'lucid-watch-'))
const docker = await startDocker({ folder: join(folder, 'engine') })
if ('absent' in docker) console.log(`NOT RUN: ${docker.absent} (the watch on an engine)`)

afterAll(async () => {
  if (!('absent' in docker)) await docker.stop()
  rmSync(folder, { recursive: true, force: true })
})

const IMAGE = 'lucid/for-tests:watch'
const bun = (script: string) => ['/usr/local/bin/bun', '-e', script]

const fakeService = (name: keyof typeof catalog) => {
  const health = JSON.stringify({ status: 'healthy', service: name, version: 'test', dependencies: {} })
  const { port, hostPort } = catalog[name]
  return {
    entrypoint: bun(`Bun.serve({ port: ${port}, fetch: () => new Response('${health}') })`),
    ports: [`127.0.0.1:${hostPort}:${port}`],
  }
}
const checked = (script: string) => ({ healthcheck: { test: ['CMD', ...bun(script)], interval: '1s', retries: 1 } })
const MEMORY = 64

/** Those of the catalogue, which a container must be on. */
const networksOf = (name: string): readonly string[] =>
  name === 'mongo' ? stock.mongo.networks : (catalog[name as keyof typeof catalog]?.networks ?? [])
const networks = Object.fromEntries(
  [...new Set([...Object.keys(catalog), 'mongo'].flatMap(networksOf))].map((name) => [name, { name }]),
)

const project = (stage: string, services: Readonly<Record<string, object>>) => ({
  name: `lucid-${stage}`,
  networks,
  services: Object.fromEntries(
    Object.entries(services).map(([name, service]) => [
      name,
      {
        image: IMAGE,
        labels: { 'org.lucid.stage': stage },
        mem_limit: `${MEMORY}m`,
        memswap_limit: `${MEMORY}m`,
        ...(networksOf(name).length > 0 && { networks: networksOf(name) }),
        ...service,
      },
    ]),
  ),
})

const projects = {
  core: project('core', {
    mongo: { container_name: 'lucid_mongo', entrypoint: bun('setInterval(() => {}, 1000)'), ...checked('0') },
    'mongo-init': { container_name: 'lucid_mongo_init', entrypoint: bun('0') },
    'tor-proxy': { container_name: 'tor-proxy', entrypoint: bun('process.exit(3)'), restart: 'unless-stopped' },
  }),
  sessions: project('sessions', {
    'merkle-builder': { container_name: 'merkle-builder', ...fakeService('merkle-builder'), ...checked('0') },
    'session-encryptor': {
      container_name: 'session-encryptor',
      ...fakeService('session-encryptor'),
      ...checked('console.log("no key"); process.exit(1)'),
    },
    'session-chunker': {
      container_name: 'session-chunker',
      entrypoint: bun('const held = []; setInterval(() => held.push(Buffer.alloc(4 << 20, 1)), 10)'),
    },
  }),
}

describe.skipIf('absent' in docker)('the watch on an engine', () => {
  if ('absent' in docker) {
    test.skip(docker.absent, () => {})
    return
  }
  const engine = docker
  const dir = join(folder, 'platform')
  const state = join(dir, 'health')
  // Nothing here is about times: a machine under load must not make the engine look dead.
  const env = { ...engine.env, HOME: folder, FACTS_LIMIT: '60' }
  const watch = (...flags: readonly string[]) =>
    live(engine.inside(['sh', join(root, 'health', 'watch.sh'), dir, IMAGE, ...flags]), { env })
  const states = async () => (await engine.run(['ps', '--all', '--format', '{{.Names}} {{.State}} {{.Status}}'])).out

  test('the image is made, and what is watched started: well, unhealthy, out of memory, restarted again and again', async () => {
    const bundled = await bundle(root, { entry: 'services/server-tools/main.ts', name: 'main', addons: [] })
    for (const [name, bytes] of Object.entries(bundled.files)) await Bun.write(join(folder, 'app', name), bytes)
    const files = Object.fromEntries(
      Object.keys(bundled.files).map((name) => [`/app/${name}`, join(folder, 'app', name)]),
    )
    expect(await importBunImage(engine, IMAGE, { folder, files })).toMatchObject({ code: 0, err: '' })
    // `docker import` can set no entrypoint.
    await engine.run(['create', '--name', 'base', IMAGE, 'x'])
    const entry = 'ENTRYPOINT ["/usr/local/bin/bun", "/app/main.js"]'
    expect((await engine.run(['commit', '--change', entry, 'base', IMAGE])).code).toBe(0)
    await engine.run(['rm', 'base'])
    mkdirSync(join(dir, 'deploy'), { recursive: true })
    writeFileSync(join(dir, 'deploy', 'current'), 'r-0123456789ab\n')
    for (const [stage, text] of Object.entries(projects)) {
      const file = join(folder, `${stage}.json`)
      writeFileSync(file, JSON.stringify(text))
      const up = await engine.compose([file], ['up', '--detach'])
      expect({ code: up.code, err: up.code === 0 ? '' : up.err }).toEqual({ code: 0, err: '' })
    }
    const expected = [
      /^lucid_mongo running .*\(healthy\)/m,
      /^merkle-builder running .*\(healthy\)/m,
      /^session-encryptor running .*\(unhealthy\)/m,
      /^session-chunker exited /m,
      /^lucid_mongo_init exited /m,
    ]
    for (let now = ''; !expected.every((one) => one.test(now)); now = await states()) await Bun.sleep(100)
    // The engine waits twice as long before each start: after six it has 6.4 s in which it is seen waiting.
    const format = ['inspect', '--format', '{{.RestartCount}}', 'tor-proxy']
    while (Number((await engine.run(format)).out) < 6) await Bun.sleep(100)
  })

  test('finds each of them by its name, over HTTP and by the engine', async () => {
    const check = async () => {
      const { code, out } = await watch('--json')
      const report: WatchReport = JSON.parse(out)
      const of = (subject: string) => report.findings.find((finding) => finding.subject === subject)
      const merkle = report.services.find(({ name }) => name === 'merkle-builder')
      return { code, report, of, merkle }
    }
    const restarting = /^it is restarted again and again, \d+ times so far: exit code 3$/
    const until = performance.now() + 90_000
    let last = await check()
    // Only between two starts it is seen waiting, and on a busy machine a service may miss one check.
    const isSettled = () => restarting.test(last.of('tor-proxy')?.evidence ?? '') && last.merkle?.state === 'healthy'
    while (!isSettled() && performance.now() < until) last = await check()
    const { code, report, of, merkle } = last
    expect(code).toBe(1)
    expect(report.facts.asked).toBe(true)
    expect(merkle).toMatchObject({ state: 'healthy', version: 'test' })
    const well = ['merkle-builder', 'mongo', 'mongo-init', 'engine:docker', 'deploy:run', 'facts:host']
    expect(well.map((subject) => `${subject} ${of(subject)?.state}`)).toEqual(well.map((one) => `${one} ok`))
    expect(of('session-encryptor')).toEqual({
      subject: 'session-encryptor',
      state: 'bad',
      evidence: "it answers here, but the engine's health check fails: no key",
      remedy: 'docker logs --tail 50 session-encryptor',
    })
    // The engine does not always notice who killed it.
    expect(of('session-chunker')?.evidence).toMatch(
      /^it does not run: killed,? for want of memory \(its limit is 64 MiB\)/,
    )
    expect(of('tor-proxy')?.evidence).toMatch(restarting)
    expect(of('blockchain-vm')).toMatchObject({
      evidence: 'there is no container of it',
      remedy: `docker compose -f ${dir}/releases/r-0123456789ab/compose.blockchain.yaml up -d blockchain-vm`,
    })
    expect(of('memory:merkle-builder')).toMatchObject({
      state: 'ok',
      evidence: expect.stringMatching(/^\d+ % of 64 MiB$/),
    })
  })

  test('leaves a log and metrics that belong to the user of our images, and nothing in the engine', async () => {
    expect(statSync(join(state, 'health.log')).uid).toBe(65532)
    expect(readFileSync(join(state, 'metrics', 'lucid.prom'), 'utf8')).toContain(
      'lucid_service_up{service="merkle-builder",stack="sessions"} 1',
    )
    expect((await states()).trim().split('\n')).toHaveLength(6)
  })

  test('for cron it prints a line a problem with its remedy, and a change is logged once', async () => {
    const before = readFileSync(join(state, 'health.log'), 'utf8')
    expect((await engine.run(['rm', '--force', 'session-chunker'])).code).toBe(0)
    const { code, out, err } = await watch()
    expect({ code, err }).toEqual({ code: 1, err: '' })
    expect(out).toContain(
      `BAD      session-chunker: there is no container of it  ->  docker compose -f ${dir}/releases/`,
    )
    expect(
      out
        .trim()
        .split('\n')
        .filter((line) => !/^(?:BAD|WARN|UNKNOWN) +\S+: .+ {2}-> {2}.+/.test(line)),
    ).toEqual([])
    const after = readFileSync(join(state, 'health.log'), 'utf8').slice(before.length)
    expect(after).not.toContain('"subject":"session-chunker"')
  })

  test('memory is read from the files of the kernel, not asked of the engine', async () => {
    const { out } = await live(engine.inside(['sh', join(root, 'health', 'facts.sh'), dir]), { env })
    expect(/^== stats$\n\n/m.test(out)).toBe(true)
    const used = parseFacts(out)?.containers.find(({ service }) => service === 'merkle-builder')?.memoryUsed ?? 0
    const { out: stats } = await engine.run(['stats', '--no-stream', '--format', '{{.MemUsage}}', 'merkle-builder'])
    const mib = Number(/^([\d.]+)MiB/.exec(stats)?.[1])
    // They are not read at the same time, and the engine counts some file pages too.
    expect(used / 2 ** 20 / mib).toBeGreaterThan(0.25)
    expect(used / 2 ** 20 / mib).toBeLessThan(2)
  })

  test('an engine that is gone is said in one line, with code 69', async () => {
    await engine.kill()
    const { code, out } = await live(['sh', join(root, 'health', 'watch.sh'), dir, IMAGE], { env })
    expect(code).toBe(69)
    expect(out).toBe(
      'BAD      health: the check itself could not run (docker ended with 125)  ->  docker image ls; systemctl status docker\n',
    )
  })
})
